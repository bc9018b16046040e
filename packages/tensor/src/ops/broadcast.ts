import { broadcastShapes, checkShape, sameShape, ShapeError, showShape, sizeOf, type Shape } from "@convlens/backend";
import type { Operation } from "../operation.ts";
import { operand, record, type Operand } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { checkReduce } from "./options.ts";
import { checkAxes, type ReduceAxes } from "./axes.ts";

// Reshaping, stretching and summing are each other's gradients: stretched forward is summed backward.

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
 * The same numbers in another shape. One axis may be −1: as long as the others leave.
 *
 * @throws `ShapeError` where the sizes differ.
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
    throw new ShapeError(
      `reshape: ${showShape(from.shape)} holds ${from.size} values, which do not fill ${showShape(shape)}`,
      {
        operation: "reshape",
        expected: from.size,
        got: shape,
      },
    );
  checkShape("reshape", wanted);
  return sameShape(wanted, from.shape) ? from : record(reshapeOperation, [from], { shape: [...wanted] });
}

/** All axes after the first as one: `[n, …] → [n, size / n]`. What stands between maps and a dense layer. */
export function flatten(x: Operand): Tensor {
  const from = operand(x);
  if (from.rank === 0)
    throw new ShapeError("flatten: expected at least a batch axis, got a scalar", {
      operation: "flatten",
      expected: "[batch, …]",
      got: [],
    });
  return reshape(from, [from.shape[0]!, sizeOf(from.shape.slice(1))]);
}

/** Stretched to a larger shape, as NumPy does it: axes of size 1 are repeated, missing ones come in front. */
export function broadcastTo(x: Operand, shape: Shape): Tensor {
  const from = operand(x);
  if (sameShape(from.shape, shape)) return from;
  const reached = broadcastShapes("broadcastTo", from.shape, checkShape("broadcastTo", shape));
  if (!sameShape(reached, shape))
    throw new ShapeError(
      `broadcastTo: ${showShape(from.shape)} cannot be stretched to ${showShape(shape)}: its axes must be equal or 1`,
      {
        operation: "broadcastTo",
        expected: shape,
        got: from.shape,
      },
    );
  return record(broadcastOperation, [from], { shape: [...shape] });
}

/** What a reduction does with the axes that it folds. */
export interface ReduceOptions {
  /** Whether they stay, with size 1. Default: false. */
  readonly keepAxes?: boolean;
}

/** Drops axes of size 1 that a reduction has folded. */
export const withoutAxes = (y: Tensor, axes: readonly number[]): Tensor =>
  reshape(
    y,
    y.shape.filter((_, axis) => !axes.includes(axis)),
  );

/**
 * The sum over some axes (negative ones count from the end), or over all. Of nothing it is 0.
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

/** The adjoint of broadcasting: sums over the axes that were stretched to give back a tensor of the smaller shape. */
export function sumTo(y: Tensor, shape: Shape): Tensor {
  if (sameShape(y.shape, shape)) return y;
  const lead = y.rank - shape.length;
  const stretched = y.shape.flatMap((size, axis) =>
    axis < lead || (shape[axis - lead] === 1 && size !== 1) ? [axis] : [],
  );
  return reshape(sum(y, stretched, { keepAxes: true }), shape);
}
