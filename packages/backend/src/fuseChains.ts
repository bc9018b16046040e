import { traitsOf, type Axes, type ChainStep } from "./operations.ts";
import { firstInstruction, shapesOf, type Instruction, type Program } from "./program.ts";
import { anyOption, checkOptions } from "./options.ts";
import { rewrite } from "./rewrite.ts";
import { sizeOf, type Shape } from "./shape.ts";

/** A kernel has so many registers. */
const [MOST_STEPS, MOST_INPUTS] = [16, 8];

const isLink = ({ operation }: Instruction): boolean =>
  traitsOf(operation).elementwise === true && operation !== "copy";

/** What a backend has kernels for. */
export interface ChainKernels {
  /** Inputs of one chain, at most. */
  readonly mostInputs?: number | undefined;
  /** Whether a chain may end in a sum. */
  readonly canSum: boolean;
}

/**
 * Joins elementwise instructions, and a sum at their end, to chains that are computed in one pass over memory. What stands
 * between is read by nobody else, or is so cheap that every reader can compute it anew from what it would have to read in any
 * case.
 */
export function fuseChains(p: Program, kernels: ChainKernels): Program {
  checkOptions("fuseChains", kernels, { mostInputs: anyOption, canSum: anyOption });
  // What is written for one reader need not be computed anew by another: then all is done once more without that.
  const written = new Set<number>();
  for (;;) {
    const chains = new Chains(p, written, kernels);
    const kept = keptOf(p, chains);
    const before = written.size;
    for (const value of chains.copies) if (kept.has(value)) written.add(value);
    if (written.size === before) return rewrite(p, (_, value) => kept.get(value));
  }
}

/** The instructions that somebody reads, from the last to the first, each with all that it takes in. */
function keptOf(p: Program, chains: Chains): Map<number, Instruction> {
  const read = new Set([...p.outputs, ...p.updates.map(({ value }) => value)]);
  const kept = new Map<number, Instruction>();
  for (let i = p.instructions.length - 1; i >= 0; i--) {
    const value = chains.first + i;
    if (!read.has(value)) continue;
    const step = chains.endingIn(value);
    for (const input of step.inputs) read.add(input);
    kept.set(value, step);
  }
  return kept;
}

class Chains {
  /** The number of the first instruction's value. */
  readonly first: number;
  /** Values that more than one chain computes. */
  readonly copies: Set<number> = new Set<number>();
  readonly #written: ReadonlySet<number>;
  readonly #program: Program;
  readonly #shapes: readonly Shape[];
  readonly #kernels: ChainKernels;
  readonly #sizes: readonly number[];
  /** The values that are made from each; `NaN` for those who read it from outside. */
  readonly #readers: readonly number[][];

  /** @param written - Values that are not to be computed more than once. */
  constructor(p: Program, written: ReadonlySet<number>, kernels: ChainKernels) {
    this.first = firstInstruction(p);
    this.#written = written;
    this.#program = p;
    this.#kernels = kernels;
    this.#shapes = shapesOf(p);
    this.#sizes = this.#shapes.map(sizeOf);
    this.#readers = this.#sizes.map(() => []);
    p.instructions.forEach(({ inputs }, i) => {
      for (const input of inputs) this.#readers[input]!.push(this.first + i);
    });
    for (const value of [...p.outputs, ...p.updates.map((update) => update.value)]) this.#readers[value]!.push(NaN);
  }

  #step(value: number): Instruction | undefined {
    return this.#program.instructions[value - this.first];
  }

  /** The longest chain that ends in an instruction; that itself, if it is all. */
  endingIn(end: number): Instruction {
    const last = this.#step(end)!;
    const isSum = this.#kernels.canSum && last.operation === "sum";
    if (!isSum && !isLink(last)) return last;
    const members = new Set([end]);
    const copied = new Set<number>();
    const refused = new Set<number>();
    for (;;) {
      // The latest first: whoever reads it has been looked at before.
      const candidate = Math.max(...this.#inputsOf(members).filter((input) => !refused.has(input)));
      if (candidate < this.first) break;
      const isOnlyHere = this.#readers[candidate]!.every((reader) => members.has(reader) && !copied.has(reader));
      members.add(candidate);
      if (
        this.#fits(candidate, end) &&
        (isOnlyHere || this.#isForAll(candidate)) &&
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

  /** What instructions read that none of them makes. */
  #inputsOf(values: Iterable<number>): number[] {
    const members = new Set(values);
    const read = [...members].flatMap((member) => this.#step(member)!.inputs);
    return [...new Set(read.filter((input) => !members.has(input)))];
  }

  /** Whether a value can be made on the way to another: as often as that has elements, or once before all. */
  #fits(value: number, end: number): boolean {
    const step = this.#step(value);
    if (step === undefined || !isLink(step)) return false;
    const { operation, inputs } = this.#step(end)!;
    const isSum = operation === "sum";
    const size = this.#sizes[isSum ? inputs[0]! : end]!;
    const isOneOrAll = (each: number): boolean => this.#sizes[each] === 1 || this.#sizes[each] === size;
    // A sum walks through its inputs in one and the same way.
    return isOneOrAll(value) && (!isSum || step.inputs.every(isOneOrAll));
  }

  /** Whether all who read a value may just as well read the one that it is made from. */
  #isForAll(value: number): boolean {
    const { operation, inputs } = this.#step(value)!;
    const { feeds, variables } = this.#program;
    const isConstant = (input: number): boolean => input >= feeds.length + variables.length && input < this.first;
    const large = new Set(inputs.filter((input) => this.#sizes[input] === this.#sizes[value] && !isConstant(input)));
    return (
      !this.#written.has(value) &&
      !traitsOf(operation).costly &&
      large.size <= 1 &&
      this.#readers[value]!.every((reader) => {
        const step = this.#step(reader);
        return step !== undefined && (isLink(step) || step.operation === "sum") && this.#fits(value, reader);
      })
    );
  }

  /** Instructions as one, in the order in which they stand. */
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
