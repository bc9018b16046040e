import { loadOf, loadOne, splat, type Pointer } from "../assembler/expression.ts";
import { FunctionWriter } from "../assembler/function.ts";
import type { Vector } from "../assembler/instructions.ts";

/** An elementwise operation, on four numbers of each input. */
export type Pointwise = (f: FunctionWriter, ...x: Vector[]) => Vector;

/** Returns its input. */
export const copied: Pointwise = (_, x) => x;

/** An operation of a chain. Its operands are numbered: inputs of the chain, then links. */
export interface Link {
  readonly formula: Pointwise;
  readonly operands: readonly number[];
}

/** Elementwise operations computed in one pass. The last link is the result. */
export interface Chain {
  readonly links: readonly Link[];
  /** About how many instructions it takes for four numbers. */
  readonly length: number;
}

/** A chain over a number of inputs. A single operation is a chain of one link. */
export function chainOf(operation: Pointwise | readonly Link[], inputs: number): Chain {
  const f = new FunctionWriter("length", 0);
  const x = Array.from({ length: inputs }, () => f.local("v128"));
  const links = typeof operation === "function" ? [{ formula: operation, operands: x.map((_, i) => i) }] : operation;
  writeLinks(f, links, x);
  // An instruction takes about three bytes.
  return { links, length: Math.ceil(f.size / 3) + inputs };
}

/** Values of inputs and links that have been computed. */
export type Known = readonly (Vector | undefined)[];

/** Writes the links that are not known, but whose operands are; returns all that is known then. */
function writeLinks(f: FunctionWriter, links: readonly Link[], inputs: Known, before: Known = []): Known {
  const known = [...inputs];
  for (const { formula, operands } of links) {
    const x = operands.flatMap((operand) => known[operand] ?? []);
    const isReady = x.length === operands.length;
    known.push(before[known.length] ?? (isReady ? f.keep(formula(f, ...x)) : undefined));
  }
  return known;
}

/** Writes a chain over the addresses of its inputs. */
export class ChainWriter {
  readonly #f: FunctionWriter;
  readonly #links: readonly Link[];
  readonly #from: readonly Pointer[];

  constructor(f: FunctionWriter, { links }: Chain, from: readonly Pointer[]) {
    this.#f = f;
    this.#links = links;
    this.#from = from;
  }

  /** Loads inputs whose address does not change from here on, and computes the links that depend on these only. */
  settle(isFixed: (input: number) => boolean, before: Known = []): Known {
    const inputs = this.#from.map((address, i) => {
      return before[i] ?? (isFixed(i) ? this.#f.keep(splat(address)) : undefined);
    });
    return writeLinks(this.#f, this.#links, inputs, before);
  }

  /** Four or eight results, `offset` numbers after the addresses. */
  vector(known: Known, offset = 0, lanes = 4): Vector {
    return this.#result(known, (address) => loadOf(lanes)(address, offset));
  }

  /** One result, in the first lane. */
  one(known: Known, offset = 0): Vector {
    return this.#result(known, (address) => loadOne(address, offset));
  }

  #result(before: Known, load: (address: Pointer) => Vector): Vector {
    const inputs = this.#from.map((address, i) => before[i] ?? this.#f.keep(load(address)));
    const known = writeLinks(this.#f, this.#links.slice(0, -1), inputs, before);
    const { formula, operands } = this.#links.at(-1)!;
    return before[known.length] ?? formula(this.#f, ...operands.map((operand) => known[operand]!));
  }
}
