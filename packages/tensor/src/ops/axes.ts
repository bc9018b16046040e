import { ShapeError, showShape, type Shape } from "@convlens/backend";

/** Axes of a reduction: one, several, or all if not given. Negative ones count from the end. */
export type ReduceAxes = number | readonly number[] | undefined;

/** Returns an axis as a number from 0. */
export function checkAxis(operation: string, shape: Shape, axis: number): number {
  const at = axis < 0 ? axis + shape.length : axis;
  if (Number.isInteger(at) && at >= 0 && at < shape.length) return at;
  throw new ShapeError({
    operation,
    what: "axis",
    expected:
      shape.length === 0
        ? "left out, since a scalar has no axes"
        : `from 0 to ${shape.length - 1}, or from -${shape.length} to -1, in ${showShape(shape)}`,
    got: axis,
  });
}

/** Returns axes in ascending order, each once. */
export function checkAxes(operation: string, shape: Shape, axes: ReduceAxes): number[] {
  if (axes === undefined) return shape.map((_, axis) => axis);
  const list = (typeof axes === "number" ? [axes] : axes).map((axis) => checkAxis(operation, shape, axis));
  return [...new Set(list)].sort((a, b) => a - b);
}
