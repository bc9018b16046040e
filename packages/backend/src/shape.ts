import { BackendError, ShapeError } from "./errors.ts";

/** Sizes of the axes of a tensor, outermost first: `[batch, height, width, channels]` for images, `[]` for a scalar. */
export type Shape = readonly number[];

/** Number of elements of a tensor of this shape. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const axis of shape) size *= axis;
  return size;
}

/** Whether two shapes are equal. */
export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((size, axis) => size === b[axis]);

/**
 * Shows a shape, with the names of its axes where they are given.
 *
 * @example
 * ```ts
 * showShape([3, 3], ["height", "width"]); // "[height 3, width 3]"
 * ```
 */
export const showShape = (shape: Shape, names: readonly string[] = []): string =>
  `[${shape.map((size, axis) => (names[axis] === undefined ? `${size}` : `${names[axis]} ${size}`)).join(", ")}]`;

/**
 * Checks a shape: every axis must be a whole number of at least 0.
 *
 * @throws {@link ShapeError} where one is not.
 */
export function checkShape(operation: string, shape: Shape): Shape {
  shape.forEach((size, axis) => {
    if (!Number.isInteger(size) || size < 0)
      throw new ShapeError({
        operation,
        what: `shape ${showShape(shape)}`,
        axis,
        expected: "a whole number of at least 0",
        got: size,
      });
  });
  return shape;
}

/**
 * Calls `make` with the size of a shape, to allocate an array.
 *
 * @throws {@link BackendError} where the engine has no room for an array of this size.
 */
export function makeNumbers<T>(what: string, shape: Shape, make: (size: number) => T): T {
  const size = sizeOf(shape);
  try {
    return make(size);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new BackendError({
      operation: what,
      problem: `the ${size} numbers of shape ${showShape(shape)} do not fit into memory`,
      fix: "use a smaller shape",
      cause,
    });
  }
}

/**
 * Returns the shape of an elementwise operation of two tensors. They are aligned at their last axes, and an axis of size 1 is
 * stretched, as in NumPy.
 *
 * @throws {@link ShapeError} naming the axis where the shapes do not fit together.
 */
export function broadcastShapes(operation: string, a: Shape, b: Shape): Shape {
  if (sameShape(a, b)) return a;
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const n = a[axis - rank + a.length] ?? 1;
    const m = b[axis - rank + b.length] ?? 1;
    if (n !== m && n !== 1 && m !== 1)
      throw new ShapeError({
        operation,
        problem: `shapes ${showShape(a)} and ${showShape(b)} do not fit together, aligned at their last axes`,
        axis: axis - rank,
        what: "sizes",
        expected: "equal or 1",
        got: [n, m],
        gotWords: `${n} and ${m}`,
      });
    return n === 1 ? m : n;
  });
}

/** Steps in memory from one element to the next along each axis; the last axis is contiguous. */
export function stepsOf(shape: Shape): number[] {
  const steps: number[] = [];
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    steps[axis] = step;
    step *= shape[axis]!;
  }
  return steps;
}

/** Position along each axis of element `index` of a tensor; the inverse of {@link offsetOf}. */
export const placeOf = (index: number, shape: Shape): number[] =>
  stepsOf(shape).map((step, axis) => Math.floor(index / step) % shape[axis]!);

/** Steps of an `input` that is broadcast to `output`, one for each axis of `output`: 0 where the input is stretched. */
export function broadcastSteps(input: Shape, output: Shape): number[] {
  const steps = output.map(() => 0);
  stepsOf(input).forEach((step, axis) => {
    if (input[axis] !== 1) steps[axis + output.length - input.length] = step;
  });
  return steps;
}

/** Offset in memory of the element at a place, from the step of each axis: Σ place · step. */
export const offsetOf = (place: readonly number[], steps: readonly number[]): number =>
  place.reduce((offset, at, axis) => offset + at * (steps[axis] ?? 0), 0);
