import {
  elementwise,
  firstInstruction,
  shapesOf,
  sizeOf,
  type ChainStep,
  type Instruction,
  type OperationName,
  type Program,
} from "@convlens/backend";
import { rewrite } from "./rewrite.ts";

/** A kernel has so many registers. */
const MOST_STEPS = 16;

/** What takes longer than to read a number from memory is computed once. */
const costly: ReadonlySet<OperationName> = /* @__PURE__ */ new Set<OperationName>([
  ...(["exp", "expm1", "log", "log1p", "sin", "cos", "tanh", "erf", "sigmoid", "power"] as const),
]);
const isLink = ({ operation }: Instruction): boolean => elementwise.has(operation) && operation !== "copy";

/**
 * Joins elementwise instructions to chains, each computed in one pass over memory. What stands between is read by nobody else,
 * or is so cheap that every reader can compute it anew from what it would have to read in any case.
 */
export function fuseChains(p: Program, mostInputs = 8): Program {
  const chains = new Chains(p, mostInputs);
  const read = new Set([...p.outputs, ...p.updates.map(({ value }) => value)]);
  const kept = new Map<number, Instruction>();
  for (let i = p.instructions.length - 1; i >= 0; i--) {
    const value = chains.first + i;
    if (!read.has(value)) continue;
    const step = p.instructions[i]!;
    const joined = isLink(step) ? chains.endingIn(step, value) : step;
    for (const input of joined.inputs) read.add(input);
    kept.set(value, joined);
  }
  return rewrite(p, (_, value) => kept.get(value));
}

class Chains {
  /** The number of the first instruction's value. */
  readonly first: number;
  readonly #program: Program;
  readonly #mostInputs: number;
  readonly #sizes: readonly number[];
  /** The values that are made from each; `NaN` for those who read it from outside. */
  readonly #readers: readonly number[][];

  constructor(p: Program, mostInputs: number) {
    this.first = firstInstruction(p);
    this.#program = p;
    this.#mostInputs = mostInputs;
    this.#sizes = shapesOf(p).map(sizeOf);
    this.#readers = this.#sizes.map(() => []);
    p.instructions.forEach(({ inputs }, i) => {
      for (const input of inputs) this.#readers[input]!.push(this.first + i);
    });
    for (const value of [...p.outputs, ...p.updates.map((update) => update.value)]) this.#readers[value]!.push(NaN);
  }

  #step(value: number): Instruction | undefined {
    return this.#program.instructions[value - this.first];
  }

  /** The longest chain that ends in this instruction; itself, if that is all. */
  endingIn(last: Instruction, value: number): Instruction {
    const members = new Set([value]);
    const copies = new Set<number>();
    const refused = new Set<number>();
    for (;;) {
      // The latest first: whoever reads it has been looked at before.
      const candidate = Math.max(...this.#inputsOf(members).filter((input) => !refused.has(input)));
      if (candidate < this.first) break;
      const isOnlyHere = this.#readers[candidate]!.every((reader) => members.has(reader) && !copies.has(reader));
      members.add(candidate);
      if (
        this.#fits(candidate, value) &&
        (isOnlyHere || this.#isForAll(candidate)) &&
        members.size <= MOST_STEPS &&
        this.#inputsOf(members).length <= this.#mostInputs
      ) {
        if (!isOnlyHere) copies.add(candidate);
      } else {
        members.delete(candidate);
        refused.add(candidate);
      }
    }
    return members.size === 1 ? last : this.#joined(last, members);
  }

  /** What instructions read that none of them makes. */
  #inputsOf(values: Iterable<number>): number[] {
    const members = new Set(values);
    const read = [...members].flatMap((member) => this.#step(member)!.inputs);
    return [...new Set(read.filter((input) => !members.has(input)))];
  }

  /** Whether a value can be made on the way to another: as often as it has elements, or once before all. */
  #fits(value: number, end: number): boolean {
    const step = this.#step(value);
    return step !== undefined && isLink(step) && [1, this.#sizes[end]].includes(this.#sizes[value]);
  }

  /** Whether all who read a value may just as well read the one that it is made from. */
  #isForAll(value: number): boolean {
    const { operation, inputs } = this.#step(value)!;
    const { feeds, variables } = this.#program;
    const isConstant = (input: number): boolean => input >= feeds.length + variables.length && input < this.first;
    const large = new Set(inputs.filter((input) => this.#sizes[input] === this.#sizes[value] && !isConstant(input)));
    return (
      !costly.has(operation) &&
      large.size <= 1 &&
      this.#readers[value]!.every((reader) => {
        const step = this.#step(reader);
        return step !== undefined && isLink(step) && this.#fits(value, reader);
      })
    );
  }

  #joined(last: Instruction, members: ReadonlySet<number>): Instruction {
    const inOrder = [...members].sort((a, b) => a - b);
    const inputs = this.#inputsOf(inOrder);
    const number = new Map([...inputs, ...inOrder].map((value, i) => [value, i]));
    const steps = inOrder.map((member): ChainStep => {
      const { operation, inputs, attributes } = this.#step(member)!;
      return { operation, inputs: inputs.map((input) => number.get(input)!), attributes };
    });
    return { ...last, operation: "pointwise", inputs, attributes: { steps } };
  }
}
