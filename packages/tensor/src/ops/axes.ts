import { ShapeError, showShape, type Shape } from "@convlens/backend";

/** The axes that a reduction folds: one, several, or (if not given) all. Negative ones count from the end. */
export type ReduceAxes = number | readonly number[] | undefined;

/** An axis as a number from 0 up. */
export function checkAxis(operation: string, shape: Shape, axis: number): number {
  const at = axis < 0 ? axis + shape.length : axis;
  if (Number.isInteger(at) && at >= 0 && at < shape.length) return at;
  throw new ShapeError(
    `${operation}: axis ${axis} does not exist in ${showShape(shape)}, which has ` +
      `${shape.length === 0 ? "none" : `axes 0 to ${shape.length - 1}, or −${shape.length} to −1 from the end`}`,
    { operation, axis, expected: `0 to ${shape.length - 1}`, got: axis },
  );
}

/** Axes in rising order, each once. */
export function checkAxes(operation: string, shape: Shape, axes: ReduceAxes): number[] {
  if (axes === undefined) return shape.map((_, axis) => axis);
  const list = (typeof axes === "number" ? [axes] : axes).map((axis) => checkAxis(operation, shape, axis));
  return [...new Set(list)].sort((a, b) => a - b);
}
