import { BackendError } from "./errors.ts";
import { traitsOf } from "./operations.ts";
import { firstInstruction, shapesOf, type Instruction, type Program } from "./program.ts";
import { sameShape, sizeOf, type Shape } from "./shape.ts";

/** Where a value lives while a program runs. */
export type Place =
  | { readonly in: "arena"; readonly offset: number }
  | { readonly in: "variable"; readonly index: number }
  | { readonly in: "constant"; readonly index: number };

/** Where every value of a program lives, and what that takes. Offsets and sizes are in numbers, not bytes. */
export interface MemoryPlan {
  /**
   * By the value's number. A reshape lives where its input does; an elementwise result may live where an input did that is not
   * needed any more, and an update in its variable.
   */
  readonly places: readonly Place[];
  /** The updates that still have to be copied after the last instruction: the others are computed in place. */
  readonly copies: Program["updates"];
  /** The first instruction that writes into a variable: from here on a run cannot be undone. */
  readonly commits: number;
  /** Size of the arena. */
  readonly peak: number;
  /** What it would be if no memory were used twice. */
  readonly sum: number;
}

/** For each value the number of the value whose memory it shares: its own, but for a reshape, which is its input's. */
export function aliases(p: Program): number[] {
  const first = firstInstruction(p);
  const roots = Array.from({ length: first }, (_, value) => value);
  p.instructions.forEach((step, i) => roots.push(step.operation === "reshape" ? roots[step.inputs[0]!]! : first + i));
  return roots;
}

/** For each value that owns its memory the last instruction that reads it; `Infinity` if it must outlive them all. */
export function lastUses(p: Program, roots: readonly number[], kept: readonly number[]): number[] {
  const first = firstInstruction(p);
  const last = roots.map((_, value) => value - first);
  p.instructions.forEach((step, i) => step.inputs.forEach((value) => (last[roots[value]!] = i)));
  for (const value of kept) last[roots[value]!] = Infinity;
  return last;
}

/**
 * The updates that can be computed straight into their variable: nobody reads the old value after the instruction that
 * makes the new one, and that instruction reads it, if at all, element by element.
 */
function inPlaceUpdates(p: Program, roots: readonly number[]): Map<number, number> {
  const first = firstInstruction(p);
  const lastRead = lastUses(p, roots, p.outputs);
  const shapes = shapesOf(p);
  const found = new Map<number, number>();
  for (const { variable, value } of p.updates) {
    const root = roots[value]!;
    const memory = p.feeds.length + variable;
    const step = p.instructions[root - first];
    // Another result is written when the first one is, before its own place in the program.
    if (step === undefined || step.operation === "result" || lastRead[memory]! > root - first) continue;
    const own = step.inputs.filter((input) => roots[input] === memory);
    if (own.length > 0 && !mayOverwrite(step, own, shapes)) continue;
    found.set(root, variable);
  }
  return found;
}

/** Whether an instruction reads each element of these inputs only to write the same element of its result. */
const mayOverwrite = (step: Instruction, inputs: readonly number[], shapes: readonly Shape[]): boolean =>
  traitsOf(step.operation).elementwise === true && inputs.every((input) => sameShape(shapes[input]!, step.shape));

/** Updates happen all at once, so none may read what another one writes. */
function checkUpdates(p: Program, roots: readonly number[]): void {
  const [from, to] = [p.feeds.length, p.feeds.length + p.variables.length];
  for (const { variable, value } of p.updates)
    if (roots[value]! >= from && roots[value]! < to)
      throw new BackendError(
        `a program updates variable ${variable} with the memory of variable ${roots[value]! - from}, which may change before; copy it by an instruction`,
        { expected: "an instruction's value", got: value, fix: "copy it by an instruction" },
      );
}

interface Block {
  readonly value: number;
  readonly from: number;
  to: number;
  readonly size: number;
  offset: number;
}

/** Greedy by size: the largest value chooses first, each at the lowest gap that is free for its whole life. */
function place(blocks: readonly Block[]): number {
  const placed: Block[] = [];
  let peak = 0;
  for (const block of [...blocks].sort((a, b) => b.size - a.size || a.value - b.value)) {
    const rivals = placed.filter((other) => other.from <= block.to && block.from <= other.to);
    rivals.sort((a, b) => a.offset - b.offset);
    for (const other of rivals) {
      if (block.offset + block.size <= other.offset) break;
      block.offset = Math.max(block.offset, other.offset + other.size);
    }
    placed.push(block);
    peak = Math.max(peak, block.offset + block.size);
  }
  return peak;
}

/**
 * Plans the memory of a program: the life of each value, and a place in one arena that it has to itself as long.
 *
 * @param options - `align`: offsets are multiples of this many numbers. `inPlace`: whether elementwise
 * instructions may write where an input lies, and updates in their variable's memory.
 */
export function planMemory(
  p: Program,
  { align = 16, inPlace = true }: { align?: number; inPlace?: boolean } = {},
): MemoryPlan {
  const first = firstInstruction(p);
  const roots = aliases(p);
  checkUpdates(p, roots);
  const shapes = shapesOf(p);
  const updated = inPlace ? inPlaceUpdates(p, roots) : new Map<number, number>();
  const copies = p.updates.filter(({ variable, value }) => updated.get(roots[value]!) !== variable);
  const last = lastUses(p, roots, [...p.outputs, ...copies.map((update) => update.value)]);

  const blocks = new Map<number, Block>();
  let sum = 0;
  /** The block of an input that nobody reads after this instruction, which may write there. */
  const takenOver = (step: Instruction, i: number): Block | undefined => {
    const memory = step.inputs
      .map((input) => roots[input]!)
      .find((root) => {
        const own = step.inputs.filter((input) => roots[input] === root);
        return blocks.has(root) && last[root] === i && mayOverwrite(step, own, shapes);
      });
    return memory === undefined ? undefined : blocks.get(memory);
  };
  roots.forEach((root, value) => {
    const isFeed = value < p.feeds.length;
    if (root !== value || updated.has(value) || (!isFeed && value < first)) return;
    const step = isFeed ? undefined : p.instructions[value - first]!;
    const from = isFeed ? -1 : (step?.operation === "result" ? step.inputs[0]! : value) - first;
    const size = Math.ceil(sizeOf(shapes[value]!) / align) * align;
    sum += size;
    const to = Math.max(from, last[value]!);
    const block = inPlace && step !== undefined ? takenOver(step, from) : undefined;
    if (block !== undefined) block.to = to;
    blocks.set(value, block ?? { value, from, to, size, offset: 0 });
  });
  const peak = place([...new Set(blocks.values())]);

  const constants = p.feeds.length + p.variables.length;
  const placeOf = (root: number): Place => {
    const block = blocks.get(root);
    if (block !== undefined) return { in: "arena", offset: block.offset };
    if (root >= constants && root < first) return { in: "constant", index: root - constants };
    return { in: "variable", index: updated.get(root) ?? root - p.feeds.length };
  };
  return {
    places: roots.map(placeOf),
    copies,
    commits: Math.min(Infinity, ...[...updated.keys()].map((value) => value - first)),
    peak,
    sum,
  };
}
