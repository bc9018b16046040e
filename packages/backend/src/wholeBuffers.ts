import { aliases, lastUses, type MemoryPlan } from "./plan.ts";
import { shapesOf, type Program } from "./program.ts";
import { sizeOf } from "./shape.ts";

/** For each instruction the values between that are needed no more after it. */
export function deaths(p: Program, plan: MemoryPlan): number[][] {
  const roots = aliases(p);
  const dying = p.instructions.map((): number[] => []);
  lastUses(p, roots, [...p.outputs, ...plan.copies.map(({ value }) => value)]).forEach((last, value) => {
    if (roots[value] === value && plan.places[value]!.in === "arena") dying[last]?.push(value);
  });
  return dying;
}

/** Without an arena: a buffer for each value, taken over from a dead value of the same length where there is one. */
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
