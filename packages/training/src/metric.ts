import type { OptionCheck } from "@convlens/backend";
import { mapTensors, sum, tensor, type Tensor } from "@convlens/tensor";

/** Numbers of the examples seen so far, by name. */
export type Sums = Readonly<Record<string, Float64Array>>;

/**
 * A measure of outputs and targets. Its sums are computed within the compiled step, and merged over batches in float64. Each
 * example counts once: weights of examples are for the loss.
 *
 * @typeParam Value - A number, or a table such as a confusion matrix.
 *
 * @example
 * ```ts
 * const largestError: Metric = {
 *   record: (outputs, targets) => ({ largest: max(absolute(subtract(outputs, targets))) }),
 *   merge: (a, b) => ({ largest: a["largest"]!.map((x, i) => Math.max(x, b["largest"]![i]!)) }),
 *   value: ({ largest }) => largest![0]!,
 *   goal: "minimize",
 * };
 * ```
 */
export interface Metric<Output = Tensor, Target = Tensor, Value = number> {
  /** Records what is enough to know the metric of a batch. */
  readonly record: (outputs: Output, targets: Target) => Readonly<Record<string, Tensor>>;
  /** Merges the sums of two sets of examples. Default: adds them. */
  readonly merge?: ((a: Sums, b: Sums) => Sums) | undefined;
  /** Returns the metric of merged sums. */
  readonly value: (sums: Sums) => Value;
  /** Whether smaller or larger values are better, for early stopping. */
  readonly goal?: "minimize" | "maximize" | undefined;
}

/** Metrics by name. */
export type Metrics<Output = Tensor, Target = Tensor> = Readonly<Record<string, Metric<Output, Target, unknown>>>;

/** Values of metrics: `{ accuracy: Metric }` becomes `{ accuracy: number }`. */
export type MetricValues<M> = {
  readonly [K in keyof M]: M[K] extends Metric<never, never, infer Value> ? Value : never;
};

/** Recorded sums of metrics. */
export type RecordedMetrics = Readonly<Record<string, Readonly<Record<string, Tensor>>>>;
/** Sums of metrics. */
export type MetricSums = Readonly<Record<string, Sums>>;

const isMetric = (x: unknown): boolean => {
  const { record, value } = (x ?? {}) as Partial<Metric>;
  return typeof record === "function" && typeof value === "function";
};

/** Accepts metrics by name. */
export const metricsOption: OptionCheck = (x) =>
  typeof x === "object" && x !== null && Object.values(x).every(isMetric)
    ? undefined
    : "an object of metrics, such as { mae }; each has functions record and value";

/** Records metrics. */
export const recordMetrics = <Output, Target>(
  metrics: Metrics<Output, Target>,
  outputs: Output,
  targets: Target,
): RecordedMetrics =>
  Object.fromEntries(Object.entries(metrics).map(([name, metric]) => [name, metric.record(outputs, targets)]));

/** Computed sums of metrics, in float64. */
export const sumsOf = (recorded: RecordedMetrics): MetricSums =>
  mapTensors(recorded, ({ knownValues }) => Float64Array.from(knownValues)) as MetricSums;

const added = (a: Sums, b: Sums): Sums =>
  Object.fromEntries(
    Object.entries(a).map(([name, values]) => [name, values.map((x, i) => x + (b[name]?.[i] ?? NaN))]),
  );

/** Merges sums of metrics. */
export const mergeSums = (metrics: Metrics<never, never>, a: MetricSums, b: MetricSums): MetricSums =>
  Object.fromEntries(
    Object.entries(a).map(([name, sums]) => [name, (metrics[name]?.merge ?? added)(sums, b[name] ?? {})]),
  );

/** Values of metrics. */
export const valuesOf = (metrics: Metrics<never, never>, sums: MetricSums): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(sums).map(([name, own]) => [name, metrics[name]?.value(own)]));

/**
 * Makes a metric that is a mean over all numbers that `each` returns.
 *
 * @example
 * ```ts
 * const mae = meanOf((outputs, targets) => absolute(subtract(outputs, targets)), "minimize");
 * ```
 */
export const meanOf = <Output = Tensor, Target = Tensor>(
  each: (outputs: Output, targets: Target) => Tensor,
  goal?: "minimize" | "maximize",
): Metric<Output, Target> => ({
  record: (outputs, targets) => {
    const numbers = each(outputs, targets);
    return { sum: sum(numbers), count: tensor(numbers.size) };
  },
  value: ({ sum: total, count }) => (total?.[0] ?? NaN) / (count?.[0] ?? NaN),
  goal,
});
