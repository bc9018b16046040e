import type { Shape } from "@convlens/backend";

/**
 * Visits every row (the elements along the last axis) of a tensor with the offset of its first element, and the offsets of the
 * corresponding elements of up to three other tensors.
 *
 * @param shape - Shape of the tensor, which is visited in memory order.
 * @param steps - For each other tensor, its step along each axis of `shape`.
 * @param visit - Receives the offset of the row, its length, and the offsets in the others.
 */
export function walkRows(
  shape: Shape,
  steps: readonly (readonly number[])[],
  visit: (start: number, length: number, a: number, b: number, c: number) => void,
): void {
  const length = shape.at(-1) ?? 1;
  const leading = shape.slice(0, -1);
  if (length === 0 || leading.includes(0)) return;
  const at = leading.map(() => 0);
  const places = [0, 0, 0];
  for (let start = 0; ; start += length) {
    visit(start, length, places[0]!, places[1]!, places[2]!);
    let axis = leading.length - 1;
    for (; axis >= 0; axis--) {
      at[axis]!++;
      steps.forEach((step, k) => (places[k]! += step[axis]!));
      if (at[axis]! < leading[axis]!) break;
      steps.forEach((step, k) => (places[k]! -= step[axis]! * leading[axis]!));
      at[axis] = 0;
    }
    if (axis < 0) return;
  }
}

/** The step along the last axis; 0 for a scalar. */
export const lastStep = (steps: readonly number[]): number => steps.at(-1) ?? 0;
