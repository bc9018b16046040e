import { sameShape, ShapeError, showShape, ValueError, type Shape } from "@convlens/backend";
import type { Operation } from "../operation.ts";
import { operand, record, type Operand } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { checkAxes, checkAxis } from "./axes.ts";
import { reshape } from "./broadcast.ts";

const transposeOperation: Operation<"transpose"> = {
  name: "transpose",
  shape: ([x], { order }) => order.map((axis) => x[axis]!),
  gradient: (dy, { attributes: { order } }) => [
    transpose(
      dy,
      order.map((_, axis) => order.indexOf(axis)),
    ),
  ],
};

/**
 * Permutes the axes; reverses them if no order is given.
 *
 * @example
 * ```ts
 * transpose(zeros([8, 28, 28, 3]), [0, 3, 1, 2]).shape; // [8, 3, 28, 28]: channels first
 * ```
 */
export function transpose(x: Operand, order?: readonly number[]): Tensor {
  const from = operand(x);
  const wanted =
    order?.map((axis) => checkAxis("transpose", from.shape, axis)) ?? from.shape.map((_, axis) => from.rank - 1 - axis);
  if (wanted.length !== from.rank || new Set(wanted).size !== from.rank)
    throw new ShapeError({
      operation: "transpose",
      what: "the order",
      expected: `a permutation of the axes of ${showShape(from.shape)}`,
      got: order,
    });
  return wanted.every((axis, i) => axis === i) ? from : record(transposeOperation, [from], { order: wanted });
}

// Reading every step-th element, and placing elements at every step-th position among zeros, are the gradients of each other.
const sliceOperation: Operation<"slice"> = {
  name: "slice",
  shape: (_, { shape }) => shape,
  gradient: (dy, { inputs: [x], attributes }) => [record(placeOperation, [dy], { ...attributes, shape: x.shape })],
};
const placeOperation: Operation<"place"> = {
  name: "place",
  shape: (_, { shape }) => shape,
  gradient: (dy, { inputs: [x], attributes }) => [record(sliceOperation, [dy], { ...attributes, shape: x.shape })],
};

/** Zeros of a larger shape, with a tensor laid in them from `begin` on. */
export const placed = (x: Tensor, begin: readonly number[], shape: Shape): Tensor =>
  record(placeOperation, [x], { begin, step: x.shape.map(() => 1), shape });

/**
 * Section of a tensor: along each axis `size` elements from `begin`, every `step`-th one; a negative step goes backwards.
 *
 * @throws `ShapeError` if it reaches beyond the tensor.
 *
 * @example
 * ```ts
 * slice(range(10), [1], [3]); // 1, 2, 3
 * slice(range(10), [9], [3], [-2]); // 9, 7, 5
 * ```
 */
export function slice(
  x: Operand,
  begin: readonly number[],
  size: Shape,
  step: readonly number[] = begin.map(() => 1),
): Tensor {
  const from = operand(x);
  if (begin.length !== from.rank || size.length !== from.rank || step.length !== from.rank)
    throw new ShapeError({
      operation: "slice",
      expected: `one number for each axis of ${showShape(from.shape)} in begin, size and step`,
      got: [begin, size, step],
    });
  from.shape.forEach((length, axis) => {
    const last = begin[axis]! + (size[axis]! - 1) * step[axis]!;
    const inside = (at: number): boolean => Number.isInteger(at) && at >= 0 && at < length;
    if (
      Number.isInteger(step[axis]) &&
      step[axis] !== 0 &&
      size[axis]! >= 0 &&
      (size[axis] === 0 || (inside(begin[axis]!) && inside(last)))
    )
      return;
    throw new ShapeError({
      operation: "slice",
      axis,
      what: "indices",
      expected: `whole numbers from 0 to ${length - 1} in ${showShape(from.shape)}`,
      got: [begin[axis], last],
      gotWords: `${begin[axis]} to ${last} (${size[axis]} elements in steps of ${step[axis]})`,
    });
  });
  if (sameShape(size, from.shape) && step.every((s) => s === 1)) return from;
  return record(sliceOperation, [from], { begin: [...begin], step: [...step], shape: [...size] });
}

/** Reverses some axes, or all. */
export function flip(x: Operand, axes?: number | readonly number[]): Tensor {
  const from = operand(x);
  const turned = checkAxes("flip", from.shape, axes);
  return slice(
    from,
    from.shape.map((size, axis) => (turned.includes(axis) ? Math.max(0, size - 1) : 0)),
    from.shape,
    from.shape.map((_, axis) => (turned.includes(axis) ? -1 : 1)),
  );
}

/** Section of one axis, with the others whole. */
export function part(x: Tensor, axis: number, begin: number, size: number, step = 1): Tensor {
  return slice(
    x,
    x.shape.map((_, a) => (a === axis ? begin : 0)),
    x.shape.with(axis, size),
    x.shape.map((_, a) => (a === axis ? step : 1)),
  );
}

const concatOperation: Operation<"concat"> = {
  name: "concat",
  shape: (inputs, { axis }) =>
    inputs[0].with(
      axis,
      inputs.reduce((total, shape) => total + shape[axis]!, 0),
    ),
  gradient: (dy, { inputs: [first, ...others], attributes: { axis } }) => {
    let at = 0;
    const next = (x: Tensor): Tensor => {
      const own = part(dy, axis, at, x.shape[axis]!);
      at += x.shape[axis]!;
      return own;
    };
    return [next(first), ...others.map(next)];
  },
};

/** Joins tensors along an axis; their other axes must be equal. */
export function concat(tensors: readonly Operand[], axis = 0): Tensor {
  const [first, ...others] = tensors.map(operand);
  if (first === undefined)
    throw new ValueError({ operation: "concat", expected: "at least one tensor", got: 0, gotWords: "none" });
  const along = checkAxis("concat", first.shape, axis);
  others.forEach((x, i) => {
    if (x.rank !== first.rank || !sameShape(x.shape.with(along, 0), first.shape.with(along, 0)))
      throw new ShapeError({
        operation: "concat",
        what: `tensor ${i}`,
        expected: `equal to ${showShape(first.shape)} (tensor 0) in all axes but ${along}`,
        got: x.shape,
      });
  });
  return others.length === 0 ? first : record(concatOperation, [first, ...others], { axis: along });
}

/** Joins tensors of one shape along a new axis. */
export function stack(tensors: readonly Operand[], axis = 0): Tensor {
  const parts = tensors.map(operand);
  const rank = (parts[0]?.rank ?? 0) + 1;
  const along = axis < 0 ? axis + rank : axis;
  return concat(
    parts.map((x) => reshape(x, x.shape.toSpliced(along, 0, 1))),
    along,
  );
}
