import { booleanOption, checkOptions, numberFrom, ShapeError, showShape } from "@convlens/backend";
import { detach } from "../detach.ts";
import type { Operation } from "../operation.ts";
import { operand, record, type Operand } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { checkAxes, checkAxis, type ReduceAxes } from "./axes.ts";
import { sum, withoutAxes, type ReduceOptions } from "./broadcast.ts";
import { absolute, add, divide, equal, exp, log, multiply, negate, subtract, where } from "./elementwise.ts";
import { moments } from "./moments.ts";
import { checkReduce } from "./options.ts";

const maxOperation: Operation<"max"> = {
  name: "max",
  shape: ([x], { axes }) => x.map((size, axis) => (axes.includes(axis) ? 1 : size)),
  // Equal maxima share the gradient.
  gradient: (dy, y) => {
    const hits = equal(y.inputs[0], y);
    return [where(hits, divide(dy, sum(hits, y.attributes.axes, { keepAxes: true })), 0)];
  },
};

const argmaxOperation: Operation<"argmax"> = {
  name: "argmax",
  shape: ([x], { axis }) => x.with(axis, 1),
  gradient: () => [null],
};

/** Mean over some axes, or over all. The mean of no elements is NaN. */
export function mean(x: Operand, axes?: ReduceAxes, options: ReduceOptions = {}): Tensor {
  checkReduce("mean", options);
  const from = operand(x);
  const total = sum(from, axes, options);
  return divide(total, from.size / total.size || 0);
}

/** Maximum over some axes, or over all; NaN if there is one. The maximum of no elements is −∞. Equal maxima share the gradient. */
export function max(x: Operand, axes?: ReduceAxes, options: ReduceOptions = {}): Tensor {
  checkReduce("max", options);
  const from = operand(x);
  const folded = checkAxes("max", from.shape, axes);
  const y = record(maxOperation, [from], { axes: folded });
  return options.keepAxes ? y : withoutAxes(y, folded);
}

/** Minimum over some axes, or over all. The minimum of no elements is ∞. */
export function min(x: Operand, axes?: ReduceAxes, options: ReduceOptions = {}): Tensor {
  checkReduce("min", options);
  return negate(max(negate(x), axes, options));
}

/**
 * Index of the maximum along an axis, the first of equal ones: for logits, the class. No gradient flows.
 *
 * @example
 * ```ts
 * argmax(tensor([[1, 5, 2], [9, 0, 0]]), 1); // [1, 0]
 * ```
 */
export function argmax(x: Operand, axis = -1, options: ReduceOptions = {}): Tensor {
  checkReduce("argmax", options);
  const from = operand(x);
  const along = checkAxis("argmax", from.shape, axis);
  if (from.shape[along] === 0)
    throw new ShapeError({
      operation: "argmax",
      what: `an axis of ${showShape(from.shape)}`,
      axis: along,
      expected: "at least 1 long",
      got: 0,
    });
  const y = record(argmaxOperation, [from], { axis: along });
  return options.keepAxes ? y : withoutAxes(y, [along]);
}

/** Options of {@link variance}. */
export interface VarianceOptions extends ReduceOptions {
  /** The sum of squares is divided by n − `correction`: 0 for the variance of the elements, 1 for an estimate from a sample. */
  readonly correction?: number;
}

/** Variance over some axes, or over all: the mean squared distance from the mean. */
export function variance(x: Operand, axes?: ReduceAxes, options: VarianceOptions = {}): Tensor {
  checkOptions("variance", options, { keepAxes: booleanOption, correction: numberFrom(0) });
  const { keepAxes = false, correction = 0 } = options;
  const from = operand(x);
  const { variance: own } = moments(from, axes, { keepAxes });
  const count = from.size / own.size;
  return correction === 0 ? own : multiply(own, count / (count - correction));
}

/** ln Σ eˣ over some axes, or over all, without overflow. */
export function logSumExp(x: Operand, axes?: ReduceAxes, options: ReduceOptions = {}): Tensor {
  checkReduce("logSumExp", options);
  const from = operand(x);
  const folded = checkAxes("logSumExp", from.shape, axes);
  const largest = detach(max(from, folded, { keepAxes: true }));
  // Infinities must not be subtracted from each other.
  const shift = where(equal(absolute(largest), Infinity), 0, largest);
  const y = add(log(sum(exp(subtract(from, shift)), folded, { keepAxes: true })), shift);
  return options.keepAxes ? y : withoutAxes(y, folded);
}
