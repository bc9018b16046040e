import { aliases, lastUses, type MemoryPlan } from "./plan.ts";
import { shapesOf, type Program } from "./program.ts";
import { sizeOf } from "./shape.ts";

/** For each instruction, the intermediate values that are not read after it. */
export function deadAfter(p: Program, plan: MemoryPlan): number[][] {
  const roots = aliases(p);
  const dead = p.instructions.map((): number[] => []);
  lastUses(p, roots, [...p.outputs, ...plan.copies.map(({ value }) => value)]).forEach((last, value) => {
    if (roots[value] === value && plan.places[value]!.in === "arena") dead[last]?.push(value);
  });
  return dead;
}

/** A buffer for each value, for a backend without an arena. Values of the same length whose lifetimes do not overlap share one. */
export function wholeBuffers<B>(p: Program, plan: MemoryPlan, allocate: (length: number) => B): B[] {
  const shapes = shapesOf(p);
  const byOffset = new Map<string, B>();
  // Values at the same planned offset never live at the same time.
  return plan.places.map((place, value) => {
    if (place.in !== "arena") return undefined as B;
    const length = sizeOf(shapes[value]!);
    const key = `${place.offset}:${length}`;
    const buffer = byOffset.get(key) ?? allocate(length);
    byOffset.set(key, buffer);
    return buffer;
  });
}
