import type { Operation } from "../operation.ts";
import { operand, record, type Operand } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { checkAxes, type ReduceAxes } from "./axes.ts";
import { reshape, sum, withoutAxes, type ReduceOptions } from "./broadcast.ts";
import { add, divide, multiply, square, subtract } from "./elementwise.ts";
import { slice, stack } from "./movement.ts";
import { checkReduce } from "./options.ts";

/** Splits a tensor in two: `[2, …] → […], […]`. */
export function pairOf(both: Tensor): [Tensor, Tensor] {
  const shape = both.shape.slice(1);
  const part = (i: number): Tensor => reshape(slice(both, [i, ...shape.map(() => 0)], [1, ...shape]), shape);
  return [part(0), part(1)];
}

const momentsOperation: Operation<"moments"> = {
  name: "moments",
  shape: ([x], { axes }) => [2, ...x.map((size, axis) => (axes.includes(axis) ? 1 : size))],
  // The derivative of the mean is 1/n, that of the variance 2 (x − mean) / n.
  gradient: (dy, y) => {
    const [x] = y.inputs;
    const [mean] = pairOf(y);
    const [dMean, dVariance] = pairOf(divide(dy, countOf(x, y)));
    return [add(multiply(subtract(x, mean), multiply(dVariance, 2)), dMean)];
  },
  lower: ([x], { axes }) => {
    const meanOf = (each: Tensor): Tensor => {
      const total = sum(each, axes, { keepAxes: true });
      return divide(total, each.size / total.size || 0);
    };
    const mean = meanOf(x);
    return stack([mean, meanOf(square(subtract(x, mean)))]);
  },
};

/** Number of elements that were reduced to each pair of moments. */
const countOf = (x: Tensor, both: Tensor): number => (2 * x.size) / both.size || 0;

/** Mean and variance over some axes, which stay with size 1, as one tensor `[2, …]`. */
export const momentsOf = (x: Tensor, axes: readonly number[]): Tensor => record(momentsOperation, [x], { axes });

/**
 * Mean and variance over some axes, or over all, computed together. Both are NaN for no elements.
 *
 * @example
 * ```ts
 * const { mean, variance } = moments(tensor([1, 3])); // 2, 1
 * ```
 */
export function moments(
  x: Operand,
  axes?: ReduceAxes,
  options: ReduceOptions = {},
): { readonly mean: Tensor; readonly variance: Tensor } {
  checkReduce("moments", options);
  const from = operand(x);
  const folded = checkAxes("moments", from.shape, axes);
  const [mean, variance] = pairOf(momentsOf(from, folded));
  return options.keepAxes
    ? { mean, variance }
    : { mean: withoutAxes(mean, folded), variance: withoutAxes(variance, folded) };
}
