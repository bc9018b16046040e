import { BackendError, ShapeError } from "./errors.ts";

/** Sizes of the axes of a tensor, outermost first: `[batch, height, width, channels]` for images, `[]` for a scalar. */
export type Shape = readonly number[];

/** How many numbers a tensor of this shape holds. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const axis of shape) size *= axis;
  return size;
}

/** Whether two shapes are the same, axis by axis. */
export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((size, axis) => size === b[axis]);

/**
 * A shape as text, with the names of its axes where they are given.
 *
 * @example
 * ```ts
 * showShape([3, 3], ["height", "width"]); // "[height 3, width 3]"
 * ```
 */
export const showShape = (shape: Shape, names: readonly string[] = []): string =>
  `[${shape.map((size, axis) => (names[axis] === undefined ? `${size}` : `${names[axis]} ${size}`)).join(", ")}]`;

/** Refuses what is no shape: every axis must be a whole number of at least 0. */
export function checkShape(operation: string, shape: Shape): Shape {
  shape.forEach((size, axis) => {
    if (!Number.isInteger(size) || size < 0)
      throw new ShapeError(
        `${operation}: axis ${axis} of shape ${showShape(shape)} must be a whole number of at least 0`,
        {
          operation,
          axis,
          expected: "a whole number of at least 0",
          got: size,
        },
      );
  });
  return shape;
}

/**
 * Makes an array of numbers of a shape, or anything as large.
 *
 * @throws `BackendError` where the engine has no room for so large an array.
 */
export function makeNumbers<T>(what: string, shape: Shape, make: (size: number) => T): T {
  const size = sizeOf(shape);
  try {
    return make(size);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new BackendError(`${what}: the ${size} numbers of shape ${showShape(shape)} do not fit into memory`, {
      operation: what,
      got: shape,
      fix: "a smaller shape",
      cause,
    });
  }
}

/**
 * The shape of an elementwise operation of two tensors, aligned at their last axes, as NumPy does it: an axis of size 1
 * is stretched.
 *
 * @throws {@link ShapeError} naming the axis where the two do not fit.
 */
export function broadcastShapes(operation: string, a: Shape, b: Shape): Shape {
  if (sameShape(a, b)) return a;
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const n = a[axis - rank + a.length] ?? 1;
    const m = b[axis - rank + b.length] ?? 1;
    if (n !== m && n !== 1 && m !== 1)
      throw new ShapeError(
        `${operation}: shapes ${showShape(a)} and ${showShape(b)} do not fit together: aligned at their last axes, axis ${axis - rank} ` +
          `is ${n} in one and ${m} in the other; make them equal, or one of them 1`,
        { operation, axis: axis - rank, expected: n, got: m },
      );
    return n === 1 ? m : n;
  });
}

/** How far apart neighbours along each axis lie in memory (the last axis is contiguous). */
export function stepsOf(shape: Shape): number[] {
  const steps = shape.map(() => 1);
  for (let axis = shape.length - 2; axis >= 0; axis--) steps[axis] = steps[axis + 1]! * shape[axis + 1]!;
  return steps;
}

/** The step of each axis of `output` through the memory of an `input` that is broadcast to it: 0 where it is stretched. */
export function broadcastSteps(input: Shape, output: Shape): number[] {
  const steps = output.map(() => 0);
  const own = stepsOf(input);
  input.forEach((size, axis) => {
    if (size !== 1) steps[axis + output.length - input.length] = own[axis]!;
  });
  return steps;
}

/** Offset in memory of the element at a place, from the step of each axis: Σ place · step. */
export const offsetOf = (place: readonly number[], steps: readonly number[]): number =>
  place.reduce((offset, at, axis) => offset + at * (steps[axis] ?? 0), 0);
