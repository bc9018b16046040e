import { load4, loadOne, splat, type Local } from "../assembler/expression.ts";
import type { Expression } from "../assembler/instructions.ts";
import { FunctionWriter } from "../assembler/function.ts";

type Vector = Expression<"v128">;

/** An operation on four numbers of each input at a time. */
export type Pointwise = (f: FunctionWriter, ...x: Vector[]) => Vector;

/** The number itself: what all movement is made of. */
export const copied: Pointwise = (_, x) => x;

/** A part of a chain: an operation on what came before it. Operands are numbered: inputs, then links. */
export interface Link {
  readonly formula: Pointwise;
  readonly operands: readonly number[];
}

/** Operations that follow one another; the last link is the result. */
export interface Chain {
  readonly links: readonly Link[];
  /** About how many instructions it takes for a vector. */
  readonly length: number;
}

/** A chain over so many inputs; a single operation is one of one link. */
export function chainOf(operation: Pointwise | readonly Link[], inputs: number): Chain {
  const f = new FunctionWriter("length", []);
  const x = Array.from({ length: inputs }, () => f.local("v128", "x"));
  const links = typeof operation === "function" ? [{ formula: operation, operands: x.map((_, i) => i) }] : operation;
  writeLinks(f, links, x);
  // An instruction takes some three bytes.
  return { links, length: Math.ceil(f.size / 3) + inputs };
}

/** Inputs and links of a chain, as far as they are known. */
export type Known = readonly (Vector | undefined)[];

/** Writes those links that are not known and whose operands are; gives all that is known then. */
function writeLinks(f: FunctionWriter, links: readonly Link[], inputs: Known, before: Known = []): Known {
  const known = [...inputs];
  for (const { formula, operands } of links) {
    const x = operands.flatMap((operand) => known[operand] ?? []);
    const isReady = x.length === operands.length;
    known.push(before[known.length] ?? (isReady ? f.keep("link", formula(f, ...x)) : undefined));
  }
  return known;
}

/** Writes a chain over the addresses of its inputs. */
export class ChainWriter {
  readonly #f: FunctionWriter;
  readonly #links: readonly Link[];
  readonly #from: readonly Local<"i32">[];

  constructor(f: FunctionWriter, { links }: Chain, from: readonly Local<"i32">[]) {
    this.#f = f;
    this.#links = links;
    this.#from = from;
  }

  /** Reads inputs whose address does not change from here on, and computes what follows from them. */
  settle(isFixed: (input: number) => boolean, before: Known = []): Known {
    const inputs = this.#from.map((address, i) => {
      return before[i] ?? (isFixed(i) ? this.#f.keep("x", splat(address)) : undefined);
    });
    return writeLinks(this.#f, this.#links, inputs, before);
  }

  /** Four results, some bytes after the addresses. */
  vector(known: Known, offset = 0): Vector {
    return this.#result(known, (address) => load4(address, offset));
  }

  /** One result, in the first of four places. */
  one(known: Known, offset = 0): Vector {
    return this.#result(known, (address) => loadOne(address, offset));
  }

  #result(before: Known, load: (address: Local<"i32">) => Vector): Vector {
    const inputs = this.#from.map((address, i) => before[i] ?? this.#f.keep("x", load(address)));
    const known = writeLinks(this.#f, this.#links.slice(0, -1), inputs, before);
    const { formula, operands } = this.#links.at(-1)!;
    return before[known.length] ?? formula(this.#f, ...operands.map((operand) => known[operand]!));
  }
}
