import { operand, type Operand } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { checkAxis } from "./axes.ts";
import { add } from "./elementwise.ts";
import { part, placed } from "./movement.ts";

/**
 * Cumulative sums along an axis: each element of the result is the sum of the elements up to its position. An infinity or NaN
 * changes only the sums that contain it.
 *
 * @param axis - A negative number counts from the end. Default: the last axis.
 * @returns The shape of `x`.
 * @throws `ShapeError` for an axis that does not exist.
 *
 * @example
 * ```ts
 * cumsum(tensor([1, 2, 3, 4])); // 1, 3, 6, 10
 * ```
 */
export function cumsum(x: Operand, axis = -1): Tensor {
  const from = operand(x);
  const along = checkAxis("cumsum", from.shape, axis);
  const size = from.shape[along]!;
  let sums = from;
  // Before each turn a sum has up to `reach` elements; the sum before it has as many.
  for (let reach = 1; reach < size; reach *= 2) {
    const begin = from.shape.map((_, a) => (a === along ? reach : 0));
    sums = add(sums, placed(part(sums, along, 0, size - reach), begin, from.shape));
  }
  return sums;
}
