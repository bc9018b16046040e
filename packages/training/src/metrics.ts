import { checkOptions, ShapeError, showShape, type OptionChecks } from "@convlens/backend";
import {
  absolute,
  add,
  divide,
  maximum,
  mean,
  minimum,
  multiply,
  reshape,
  slice,
  square,
  subtract,
  sum,
  tensor,
  type Tensor,
} from "@convlens/tensor";
import { checkOne, USE_METRIC_OF } from "./checkOne.ts";
import { meanOf, type Metric, type Sums } from "./metric.ts";

/** A metric with options: `metric` has the default ones, `metric(options)` is another metric. */
export interface MetricWithOptions<Options, Value = number> extends Metric<Tensor, Tensor, Value> {
  (options: Options): Metric<Tensor, Tensor, Value>;
}

/**
 * Makes a metric with options.
 *
 * @param name - For messages.
 * @param checks - Of the options.
 * @param make - Makes the metric. All options may be absent.
 *
 * @example
 * ```ts
 * // Share of the outputs that are closer to their targets than a tolerance.
 * const close = defineMetric<{ readonly tolerance?: number }, number>(
 *   "close",
 *   { tolerance: numberFrom(0) },
 *   ({ tolerance = 0.1 }) => meanOf((x, t) => less(absolute(subtract(x, t)), tolerance), "maximize"),
 * );
 * const metrics = { close, closer: close({ tolerance: 0.01 }) };
 * ```
 */
export function defineMetric<Options extends object, Value>(
  name: string,
  checks: OptionChecks<Options>,
  make: (options: Partial<Options>) => Metric<Tensor, Tensor, Value>,
): MetricWithOptions<Options, Value> {
  const withOptions = (options: Options): Metric<Tensor, Tensor, Value> => {
    checkOptions(name, options, checks);
    return make(options);
  };
  return Object.assign(withOptions, make({}));
}

/** The single number of a sum; NaN if there is none. */
export const numberOf = (sums: Sums, name: string): number => sums[name]?.[0] ?? NaN;

/** @throws `ShapeError` for outputs and targets of different shapes. */
export function checkSameShape(name: string, outputs: Tensor, targets: Tensor): void {
  checkOne(name, outputs, targets, USE_METRIC_OF);
  if (showShape(outputs.shape) !== showShape(targets.shape))
    throw new ShapeError({
      operation: name,
      expected: `targets of the shape of the outputs, ${showShape(outputs.shape)}`,
      got: targets.shape,
    });
}

const differences =
  (name: string, measure: (difference: Tensor) => Tensor) =>
  (outputs: Tensor, targets: Tensor): Tensor => {
    checkSameShape(name, outputs, targets);
    return measure(subtract(outputs, targets));
  };

/** Mean absolute error. */
export const mae: Metric = /* @__PURE__ */ meanOf(/* @__PURE__ */ differences("mae", absolute), "minimize");

/** Mean squared error. */
export const mse: Metric = /* @__PURE__ */ meanOf(/* @__PURE__ */ differences("mse", square), "minimize");

/** Root of the mean squared error. */
export const rmse: Metric = /* @__PURE__ */ rootOf(
  /* @__PURE__ */ meanOf(/* @__PURE__ */ differences("rmse", square), "minimize"),
);

function rootOf(metric: Metric): Metric {
  return { ...metric, value: (sums) => Math.sqrt(metric.value(sums)) };
}

/**
 * R², the share of the variance of the targets that the outputs explain: 1 is perfect, 0 as good as the mean of the targets.
 * Of several columns (the last axis) it is the mean over the columns, as in scikit-learn.
 *
 * Batches are merged by their means and squares about the mean (Chan 1979), which float32 keeps exact where the mean is large.
 */
export const r2: Metric = {
  record: (outputs, targets) => {
    checkSameShape("r2", outputs, targets);
    const columns = targets.rank < 2 ? 1 : targets.shape.at(-1)!;
    const [x, y] = [outputs, targets].map((t) => rows(t, columns)) as [Tensor, Tensor];
    const means = mean(y, 0);
    return {
      count: tensor(y.shape[0]!),
      means,
      squares: sum(square(subtract(y, means)), 0),
      residuals: sum(square(subtract(x, y)), 0),
    };
  },
  merge: (a, b) => {
    const [m, n] = [numberOf(a, "count"), numberOf(b, "count")];
    const each = (name: string, change: (x: number, y: number, i: number) => number): Float64Array =>
      a[name]!.map((x, i) => change(x, b[name]![i]!, i));
    return {
      count: Float64Array.of(m + n),
      means: each("means", (x, y) => x + ((y - x) * n) / (m + n)),
      squares: each("squares", (x, y, i) => x + y + ((b["means"]![i]! - a["means"]![i]!) ** 2 * m * n) / (m + n)),
      residuals: each("residuals", (x, y) => x + y),
    };
  },
  value: ({ squares = new Float64Array(), residuals = new Float64Array() }) =>
    // Targets that are all the same: as in scikit-learn.
    squares.reduce((total, square, i) => {
      const residual = residuals[i]!;
      return total + (square === 0 ? (residual === 0 ? 1 : 0) : 1 - residual / square);
    }, 0) / squares.length,
  goal: "maximize",
};

/** A tensor as rows `[…, columns]`, with all other axes in one. */
const rows = (t: Tensor, columns: number): Tensor => reshape(t, [t.size / columns, columns]);

/**
 * Mean overlap of boxes `[n, 4]` with their targets, the intersection over the union. A box is left, top, right, bottom in any
 * unit. Boxes that are inside out are empty.
 */
export const boxIou: Metric = /* @__PURE__ */ meanOf((outputs, targets) => {
  checkSameShape("boxIou", outputs, targets);
  if (outputs.rank !== 2 || outputs.shape[1] !== 4)
    throw new ShapeError({ operation: "boxIou", expected: "boxes [n, 4]", got: outputs.shape });
  const side = (t: Tensor, i: number): Tensor => slice(t, [0, i], [t.shape[0]!, 1]);
  const area = (sides: readonly Tensor[]): Tensor => {
    const [left, top, right, bottom] = sides as [Tensor, Tensor, Tensor, Tensor];
    return multiply(maximum(subtract(right, left), 0), maximum(subtract(bottom, top), 0));
  };
  const [a, b] = [outputs, targets].map((t) => [0, 1, 2, 3].map((i) => side(t, i))) as [Tensor[], Tensor[]];
  const inner = area(a.map((x, i) => (i < 2 ? maximum(x, b[i]!) : minimum(x, b[i]!))));
  return divide(inner, maximum(subtract(add(area(a), area(b)), inner), 1e-12));
}, "maximize");

/**
 * A metric of one of several outputs, and of the target of the same name.
 *
 * @example
 * ```ts
 * const metrics = { accuracy: metricOf("label", accuracy), overlap: metricOf("box", boxIou) };
 * ```
 */
export const metricOf = <Name extends string, Output, Target, Value>(
  name: Name,
  metric: Metric<Output, Target, Value>,
): Metric<{ readonly [_ in Name]: Output }, { readonly [_ in Name]: Target }, Value> => ({
  ...metric,
  record: (outputs, targets) => metric.record(outputs[name], targets[name]),
});
