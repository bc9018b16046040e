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
  if (shape.includes(0)) return;
  const length = shape.at(-1) ?? 1;
  // The axes that rows are counted along, the innermost first. There may be fewer than three other tensors.
  const axes = shape.slice(0, -1).map((size, axis) => {
    const [a = 0, b = 0, c = 0] = steps.map((each) => each[axis]!);
    return { size, a, b, c, at: 0 };
  });
  axes.reverse();
  const place = { a: 0, b: 0, c: 0 };
  const move = (axis: typeof place, times: number): void => {
    place.a += times * axis.a;
    place.b += times * axis.b;
    place.c += times * axis.c;
  };
  const next = (): boolean =>
    axes.some((axis) => {
      move(axis, 1);
      if (++axis.at < axis.size) return true;
      move(axis, -axis.size);
      axis.at = 0;
      return false;
    });
  let start = 0;
  do {
    visit(start, length, place.a, place.b, place.c);
    start += length;
  } while (next());
}

/** The step along the last axis; 0 for a scalar. */
export const lastStep = (steps: readonly number[]): number => steps.at(-1) ?? 0;
