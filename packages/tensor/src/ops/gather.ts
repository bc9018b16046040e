import { ShapeError, showShape, ValueError } from "@convlens/backend";
import type { Operation } from "../operation.ts";
import { operand, range, record, type Operand } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { checkAxis } from "./axes.ts";
import { broadcastTo, reshape } from "./broadcast.ts";
import { equal, where } from "./elementwise.ts";
import { transpose } from "./movement.ts";
import { max } from "./reduce.ts";

// Reading rows, and adding rows where they were read, are the gradients of each other.
const gatherOperation: Operation<"gather"> = {
  name: "gather",
  shape: ([x, indices]) => [...indices, ...x.slice(1)],
  gradient: (dy, { inputs: [x, indices] }) => [scatter(dy, indices, x.shape[0]!), null],
};
const scatterOperation: Operation<"scatter"> = {
  name: "scatter",
  shape: ([rows, indices], { size }) => [size, ...rows.slice(indices.length)],
  gradient: (dy, { inputs: [rows, indices], attributes: { size } }) => {
    const taken = gather(dy, indices);
    // An ignored row has the gradient 0; gathering ones marks it with NaN.
    const isIndex = equal(gather(broadcastTo(1, [size]), indices), 1);
    const inner = rows.shape.slice(indices.rank).map(() => 1);
    return [where(reshape(isIndex, [...indices.shape, ...inner]), taken, 0), null];
  },
};

/**
 * Takes the elements of an axis at the indices, as `numpy.take`: indices `[…i]` into axis 0 of `[n, …]` give `[…i, …]`.
 * Batches can be gathered from a data set in a variable. An index that is out of range or not a whole number gives NaN.
 *
 * @example
 * ```ts
 * gather(tensor([10, 20, 30]), tensor([2, 0])); // 30, 10
 * ```
 */
export function gather(x: Operand, indices: Operand, axis = 0): Tensor {
  const [from, at] = [operand(x), operand(indices)];
  const along = checkAxis("gather", from.shape, axis);
  const axes = from.shape.map((_, a) => a);
  const front = transpose(from, [along, ...axes.toSpliced(along, 1)]);
  const taken = record(gatherOperation, [front, at], {});
  // The axes of the indices come first; they belong in the position of the axis.
  const order = taken.shape.map((_, a) => a);
  const moved = order.splice(0, at.rank);
  return transpose(taken, order.toSpliced(along, 0, ...moved));
}

/**
 * Adjoint of {@link gather} along axis 0: zeros `[size, …]`, to which each row is added at its index. A row whose index is out
 * of range or not a whole number is ignored, and its gradient is 0.
 */
export function scatter(rows: Operand, indices: Operand, size: number): Tensor {
  const [from, at] = [operand(rows), operand(indices)];
  if (!at.shape.every((length, axis) => length === from.shape[axis]))
    throw new ShapeError({
      operation: "scatter",
      what: "the shape of the rows",
      expected: `that of the indices, ${showShape(at.shape)}, and any further axes`,
      got: from.shape,
    });
  return record(scatterOperation, [from, at], { size });
}

/**
 * One-hot encoding: rows of zeros with a 1 at each label, `[…] → […, depth]`. A label that is out of range or not a whole number
 * gives a row of NaN.
 *
 * @example
 * ```ts
 * oneHot(tensor([2, 0]), 3); // [[0, 0, 1], [1, 0, 0]]
 * ```
 */
export function oneHot(labels: Operand, depth: number): Tensor {
  if (!Number.isInteger(depth) || depth < 1)
    throw new ValueError({
      operation: "oneHot",
      what: "depth (the number of classes)",
      expected: "a whole number of at least 1",
      got: depth,
    });
  const from = operand(labels);
  const hits = equal(reshape(from, [...from.shape, 1]), range(depth));
  return where(max(hits, -1, { keepAxes: true }), hits, NaN);
}
