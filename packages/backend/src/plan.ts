import { BackendError } from "./errors.ts";
import { firstInstruction, shapesOf, type Instruction, type Program } from "./program.ts";
import { runTraitsOf } from "./runTraits.ts";
import { sameShape, sizeOf, type Shape } from "./shape.ts";

/** Location of a value while a program runs. */
export type Place =
  | { readonly in: "arena"; readonly offset: number }
  | { readonly in: "variable"; readonly index: number }
  | { readonly in: "constant"; readonly index: number };

/** Locations of all values of a program, and the memory they need. Offsets and sizes count elements, not bytes. */
export interface MemoryPlan {
  /**
   * Locations by value number. A reshape shares the location of its input. An elementwise result may take over that of an input
   * that is not needed any more, and an update that of its variable.
   */
  readonly places: readonly Place[];
  /** Updates that have to be copied after the last instruction; the others are computed in place. */
  readonly copies: Program["updates"];
  /** Index of the first instruction that writes into a variable; from there on a run cannot be aborted. */
  readonly commits: number;
  /** Size of the arena. */
  readonly peak: number;
  /** Size of the arena if no memory were reused. */
  readonly sum: number;
}

/** For each value, the number of the value whose memory it uses: that of its input for a reshape, else its own. */
export function aliases(p: Program): number[] {
  const first = firstInstruction(p);
  const roots = Array.from({ length: first }, (_, value) => value);
  p.instructions.forEach((step, i) => roots.push(step.operation === "reshape" ? roots[step.inputs[0]!]! : first + i));
  return roots;
}

/** For each value that owns its memory, the last instruction that reads it; `Infinity` if it must outlive the run. */
export function lastUses(p: Program, roots: readonly number[], kept: readonly number[]): number[] {
  const first = firstInstruction(p);
  const last = roots.map((_, value) => value - first);
  p.instructions.forEach((step, i) => step.inputs.forEach((value) => (last[roots[value]!] = i)));
  for (const value of kept) last[roots[value]!] = Infinity;
  return last;
}

/**
 * Finds the updates that can be computed directly in the memory of their variable: no later instruction reads the old value, and
 * the instruction that makes the new value reads the old one, if at all, element by element.
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
    // A further result is written together with the first one, before its own place in the program.
    if (step === undefined || step.operation === "result" || lastRead[memory]! > root - first) continue;
    const own = step.inputs.filter((input) => roots[input] === memory);
    if (own.length > 0 && !mayOverwrite(step, own, shapes)) continue;
    found.set(root, variable);
  }
  return found;
}

/** Whether an instruction reads each element of these inputs only to write the same element of its result. */
const mayOverwrite = (step: Instruction, inputs: readonly number[], shapes: readonly Shape[]): boolean =>
  runTraitsOf(step.operation).elementwise === true && inputs.every((input) => sameShape(shapes[input]!, step.shape));

/** Checks that no update reads the memory that another one writes, since all updates happen at once. */
function checkUpdates(p: Program, roots: readonly number[]): void {
  const [from, to] = [p.feeds.length, p.feeds.length + p.variables.length];
  for (const { variable, value } of p.updates) {
    const root = roots[value]!;
    if (root >= from && root < to)
      throw new BackendError({
        problem: `a program updates variable ${variable} with the memory of variable ${root - from}, which may change earlier`,
        fix: "copy it by an instruction",
      });
  }
}

interface Block {
  readonly value: number;
  readonly from: number;
  to: number;
  readonly size: number;
  offset: number;
}

/** Allocates greedily by size: the largest value first, each in the lowest gap that is free for its whole lifetime. */
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
 * Plans the memory of a program: the lifetime of each value, and a location in one arena that no other value uses meanwhile.
 *
 * @param options - `align`: offsets are multiples of this number of elements. `inPlace`: whether elementwise
 * instructions may overwrite an input, and updates may be computed in the memory of their variable.
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
  /** Finds the block of an input that no later instruction reads, so that this instruction may overwrite it. */
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
    const step = p.instructions[value - first];
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
