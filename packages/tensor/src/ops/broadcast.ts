import {
  broadcastShapes,
  checkShape,
  checkValue,
  sameShape,
  ShapeError,
  showShape,
  sizeOf,
  wholeFrom,
  type Shape,
} from "@convlens/backend";
import type { Operation } from "../operation.ts";
import { operand, record, type Operand } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { checkReduce } from "./options.ts";
import { checkAxes, type ReduceAxes } from "./axes.ts";

// The gradient of stretching is summing, that of summing is stretching, and that of reshaping is reshaping.

const reshapeOperation: Operation<"reshape"> = {
  name: "reshape",
  shape: (_, { shape }) => shape,
  gradient: (dy, { inputs: [x] }) => [reshape(dy, x.shape)],
};

const broadcastOperation: Operation<"broadcast"> = {
  name: "broadcast",
  shape: (_, { shape }) => shape,
  gradient: (dy, { inputs: [x] }) => [sumTo(dy, x.shape)],
};

const sumOperation: Operation<"sum"> = {
  name: "sum",
  shape: ([x], { axes }) => x.map((size, axis) => (axes.includes(axis) ? 1 : size)),
  gradient: (dy, { inputs: [x] }) => [broadcastTo(dy, x.shape)],
};

/**
 * Returns the same elements in another shape. One axis may be −1; its size follows from the others.
 *
 * @throws `ShapeError` if the sizes differ.
 *
 * @example
 * ```ts
 * reshape(range(6), [2, -1]).shape; // [2, 3]
 * ```
 */
export function reshape(x: Operand, shape: Shape): Tensor {
  const from = operand(x);
  const open = shape.indexOf(-1);
  const rest = sizeOf(shape.filter((_, axis) => axis !== open));
  const wanted = open < 0 ? shape : shape.with(open, rest === 0 ? 0 : from.size / rest);
  if (sizeOf(wanted) !== from.size || !wanted.every(Number.isInteger))
    throw new ShapeError({
      operation: "reshape",
      expected: `a shape of ${from.size} values, like ${showShape(from.shape)}`,
      got: shape,
      gotWords: showShape(shape),
    });
  checkShape("reshape", wanted);
  return sameShape(wanted, from.shape) ? from : record(reshapeOperation, [from], { shape: [...wanted] });
}

/** Joins all axes after the first: `[n, …] → [n, size / n]`. It stands between activation maps and a dense layer. */
export function flatten(x: Operand): Tensor {
  const from = operand(x);
  if (from.rank === 0)
    throw new ShapeError({ operation: "flatten", expected: "at least a batch axis", got: [], gotWords: "a scalar" });
  return reshape(from, [from.shape[0]!, sizeOf(from.shape.slice(1))]);
}

/** Stretches a tensor to a larger shape, as in NumPy: axes of size 1 are repeated, missing ones are added in front. */
export function broadcastTo(x: Operand, shape: Shape): Tensor {
  const from = operand(x);
  if (sameShape(from.shape, shape)) return from;
  const reached = broadcastShapes("broadcastTo", from.shape, checkShape("broadcastTo", shape));
  if (!sameShape(reached, shape))
    throw new ShapeError({
      operation: "broadcastTo",
      expected: `a shape that can be stretched to ${showShape(shape)}, each axis equal or 1`,
      got: from.shape,
    });
  return record(broadcastOperation, [from], { shape: [...shape] });
}

/**
 * Repeats a tensor as a whole, along each axis as often as asked.
 *
 * @param repeats - A whole number of at least 1 for each axis.
 * @returns The shape of `x`, each size multiplied by its number of repeats.
 * @throws `ShapeError` for another number of repeats than axes; `ValueError` for a number that is not whole or below 1.
 *
 * @example
 * ```ts
 * tile(tensor([1, 2, 3]), [2]); // 1, 2, 3, 1, 2, 3
 * ```
 */
export function tile(x: Operand, repeats: readonly number[]): Tensor {
  const from = operand(x);
  if (repeats.length !== from.rank)
    throw new ShapeError({
      operation: "tile",
      expected: `a number of repeats for each of the ${from.rank} axes of ${showShape(from.shape)}`,
      got: repeats,
    });
  repeats.forEach((count, axis) => checkValue("tile", `repeats[${axis}]`, count, wholeFrom(1)));
  // A new axis before each old one is stretched, and then joined with it.
  const split = from.shape.flatMap((size) => [1, size]);
  const stretched = from.shape.flatMap((size, axis) => [repeats[axis]!, size]);
  return reshape(
    broadcastTo(reshape(from, split), stretched),
    from.shape.map((size, axis) => size * repeats[axis]!),
  );
}

/** Options of a reduction. */
export interface ReduceOptions {
  /** Whether reduced axes stay, with size 1. Default: false. */
  readonly keepAxes?: boolean;
}

/** Drops reduced axes of size 1. */
export const withoutAxes = (y: Tensor, axes: readonly number[]): Tensor =>
  reshape(
    y,
    y.shape.filter((_, axis) => !axes.includes(axis)),
  );

/**
 * Sum over some axes (negative ones count from the end), or over all. The sum of no elements is 0.
 *
 * @example
 * ```ts
 * sum(tensor([[1, 2], [3, 4]]), 0); // [4, 6]
 * ```
 */
export function sum(x: Operand, axes?: ReduceAxes, options: ReduceOptions = {}): Tensor {
  checkReduce("sum", options);
  const from = operand(x);
  const folded = checkAxes("sum", from.shape, axes);
  const y = folded.length === 0 ? from : record(sumOperation, [from], { axes: folded });
  return options.keepAxes ? y : withoutAxes(y, folded);
}

/** Adjoint of broadcasting: sums over the stretched axes to get a tensor of the smaller shape. */
export function sumTo(y: Tensor, shape: Shape): Tensor {
  if (sameShape(y.shape, shape)) return y;
  const lead = y.rank - shape.length;
  const stretched = y.shape.flatMap((size, axis) =>
    axis < lead || (shape[axis - lead] === 1 && size !== 1) ? [axis] : [],
  );
  return reshape(sum(y, stretched, { keepAxes: true }), shape);
}
