import type { Axes, ChainStep } from "./operations.ts";
import { firstInstruction, readersOf, shapesOf, type Instruction, type Program } from "./program.ts";
import { anyOption, checkOptions } from "./options.ts";
import { rewrite } from "./rewrite.ts";
import { runTraitsOf } from "./runTraits.ts";
import { sizeOf, type Shape } from "./shape.ts";

/** Number of registers of a kernel. */
const [MOST_STEPS, MOST_INPUTS] = [16, 8];

const isLink = ({ operation }: Instruction): boolean =>
  runTraitsOf(operation).elementwise === true && operation !== "copy";

/** Kernels for chains that a backend has. */
export interface ChainKernels {
  /** Maximum number of inputs of a chain. */
  readonly mostInputs?: number | undefined;
  /** Whether a chain may end in a sum. */
  readonly canSum: boolean;
}

/**
 * Joins elementwise instructions, and a sum at their end, into chains that are computed in one pass over memory. An intermediate
 * value of a chain has no other reader, or it is cheap and each reader can recompute it from tensors that it reads anyway.
 */
export function fuseChains(p: Program, kernels: ChainKernels): Program {
  checkOptions("fuseChains", kernels, { mostInputs: anyOption, canSum: anyOption });
  // A value that is written for one reader need not be recomputed by another, so the search is repeated without it.
  const written = new Set<number>();
  for (;;) {
    const chains = new Chains(p, written, kernels);
    const kept = keptOf(p, chains);
    const before = written.size;
    for (const value of chains.copies) if (kept.has(value)) written.add(value);
    if (written.size === before) return rewrite(p, (_, value) => kept.get(value));
  }
}

/** Instructions whose value is read, from the last to the first, each with the instructions that it absorbs. */
function keptOf(p: Program, chains: Chains): Map<number, Instruction> {
  const read = new Set([...p.outputs, ...p.updates.map(({ value }) => value)]);
  const kept = new Map<number, Instruction>();
  const end = chains.first + p.instructions.length - 1;
  p.instructions.toReversed().forEach((last, i) => {
    const value = end - i;
    if (!read.has(value)) return;
    const step = chains.endingIn(value, last);
    for (const input of step.inputs) read.add(input);
    kept.set(value, step);
  });
  return kept;
}

class Chains {
  /** Number of the first instruction's value. */
  readonly first: number;
  /** Values that more than one chain computes. */
  readonly copies: Set<number> = new Set<number>();
  readonly #written: ReadonlySet<number>;
  readonly #program: Program;
  readonly #shapes: readonly Shape[];
  readonly #kernels: ChainKernels;
  readonly #sizes: readonly number[];
  readonly #readersOf: ReturnType<typeof readersOf>;

  /** @param written - Values that must not be computed more than once. */
  constructor(p: Program, written: ReadonlySet<number>, kernels: ChainKernels) {
    this.first = firstInstruction(p);
    this.#written = written;
    this.#program = p;
    this.#kernels = kernels;
    this.#shapes = shapesOf(p);
    this.#sizes = this.#shapes.map(sizeOf);
    this.#readersOf = readersOf(p);
  }

  #step(value: number): Instruction | undefined {
    return this.#program.instructions[value - this.first];
  }

  /** Returns the longest chain that ends in an instruction; the instruction alone if there is none. */
  endingIn(end: number, last: Instruction): Instruction {
    const isSum = this.#kernels.canSum && last.operation === "sum";
    if (!isSum && !isLink(last)) return last;
    const members = new Set([end]);
    const copied = new Set<number>();
    const refused = new Set<number>();
    for (;;) {
      // The latest first, since all its readers have been examined then.
      const candidate = Math.max(...this.#inputsOf(members).filter((input) => !refused.has(input)));
      if (candidate < this.first) break;
      const step = this.#step(candidate);
      const isOnlyHere = this.#readersOf(candidate).every((reader) => members.has(reader) && !copied.has(reader));
      members.add(candidate);
      if (
        this.#fits(candidate, step, end, last) &&
        (isOnlyHere || this.#isForAll(candidate, step)) &&
        members.size <= MOST_STEPS &&
        this.#inputsOf(members).length <= (this.#kernels.mostInputs ?? MOST_INPUTS)
      ) {
        if (!isOnlyHere) {
          copied.add(candidate);
          this.copies.add(candidate);
        }
      } else {
        members.delete(candidate);
        refused.add(candidate);
      }
    }
    if (members.size === 1) return last;
    if (!isSum) return { ...last, operation: "pointwise", ...this.#chainOf(members) };
    const { axes } = last.attributes as Axes;
    const [summed] = last.inputs as [number];
    members.delete(end);
    const { inputs, attributes } = this.#chainOf(members);
    return {
      ...last,
      operation: "pointwiseSum",
      inputs,
      attributes: { ...attributes, axes, shape: this.#shapes[summed]! },
    };
  }

  /** Values that instructions read and that none of them makes. */
  #inputsOf(values: Iterable<number>): number[] {
    const members = new Set(values);
    const read = [...members].flatMap((member) => this.#step(member)?.inputs ?? []);
    return [...new Set(read.filter((input) => !members.has(input)))];
  }

  /** Whether a value can be computed as part of another: once for each of its elements, or once before the loop. */
  #fits(value: number, step: Instruction | undefined, end: number, last: Instruction): step is Instruction {
    if (step === undefined || !isLink(step)) return false;
    const isSum = last.operation === "sum";
    const size = this.#sizes[isSum ? last.inputs[0]! : end];
    const isOneOrAll = (each: number): boolean => this.#sizes[each] === 1 || this.#sizes[each] === size;
    // A sum traverses all its inputs in the same order.
    return isOneOrAll(value) && (!isSum || step.inputs.every(isOneOrAll));
  }

  /** Whether all readers of a value could read the value that it is computed from instead. */
  #isForAll(value: number, step: Instruction): boolean {
    const { operation, inputs } = step;
    const { feeds, variables } = this.#program;
    const isConstant = (input: number): boolean => input >= feeds.length + variables.length && input < this.first;
    const large = new Set(inputs.filter((input) => this.#sizes[input] === this.#sizes[value] && !isConstant(input)));
    return (
      !this.#written.has(value) &&
      !runTraitsOf(operation).costly &&
      large.size <= 1 &&
      this.#readersOf(value).every((reader) => {
        const last = this.#step(reader);
        return last && (isLink(last) || last.operation === "sum") && this.#fits(value, step, reader, last);
      })
    );
  }

  /** Joins instructions into one, in program order. */
  #chainOf(members: ReadonlySet<number>): { inputs: number[]; attributes: { steps: ChainStep[] } } {
    const inOrder = [...members].sort((a, b) => a - b);
    const inputs = this.#inputsOf(inOrder);
    const number = new Map([...inputs, ...inOrder].map((value, i) => [value, i]));
    const steps = inOrder.map((member): ChainStep => {
      const { operation, inputs: operands, attributes } = this.#step(member)!;
      return { operation, inputs: operands.map((operand) => number.get(operand)!), attributes };
    });
    return { inputs, attributes: { steps } };
  }
}
