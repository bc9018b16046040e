import {
  checkValue,
  numberFrom,
  oneOf,
  sameShape,
  ShapeError,
  showShape,
  ValueError,
  wholeFrom,
} from "@convlens/backend";
import {
  add,
  argmax,
  equal,
  greater,
  matmul,
  max,
  min,
  multiply,
  notEqual,
  oneHot,
  range,
  reshape,
  stack,
  sum,
  where,
  zeros,
  type Tensor,
} from "@convlens/tensor";
import { checkOne, USE_METRIC_OF } from "./checkOne.ts";
import { meanOf, type Metric, type Sums } from "./metric.ts";
import { checkSameShape, defineMetric, type MetricWithOptions } from "./metrics.ts";

/** Option of metrics of classes. */
export interface IgnoreOption {
  /** Label of elements that do not count, such as 255 for pixels without a class. Default: none. */
  readonly ignoreLabel?: number | undefined;
}

const ignoreLabel = /* @__PURE__ */ numberFrom(-Infinity);

/** Whether outputs are one logit for each target: of the same shape, or with a last axis of 1. */
export function isBinary(name: string, outputs: Tensor, targets: Tensor): boolean {
  checkOne(name, outputs, targets, USE_METRIC_OF);
  return sameShape(outputs.shape, targets.shape) || sameShape(outputs.shape, [...targets.shape, 1]);
}

/** @throws `ShapeError` unless outputs are scores of two classes or more, and targets labels. */
function checkScores(name: string, outputs: Tensor, targets: Tensor, fix?: string): void {
  checkOne(name, outputs, targets, USE_METRIC_OF);
  if ((outputs.shape.at(-1) ?? 0) >= 2 && sameShape(outputs.shape.slice(0, -1), targets.shape)) return;
  throw new ShapeError({
    operation: name,
    expected: "scores of two classes or more […, classes] and labels […]",
    got: [outputs.shape, targets.shape],
    gotWords: `outputs ${showShape(outputs.shape)} and targets ${showShape(targets.shape)}`,
    fix,
  });
}

/** 1 where no score of a row `[…, classes]` is NaN. */
function areNumbers(scores: Tensor): Tensor {
  const best = max(scores, -1);
  return equal(best, best);
}

/** Mean over the targets that are not ignored. */
const sharedOver = (
  ignored: number | undefined,
  each: (outputs: Tensor, targets: Tensor) => Tensor,
): Metric<Tensor, Tensor> => {
  if (ignored === undefined) return meanOf(each, "maximize");
  const { value, goal } = meanOf(each, "maximize");
  return {
    record: (outputs, targets) => {
      const counted = notEqual(targets, ignored);
      return { sum: sum(multiply(each(outputs, targets), counted)), count: sum(counted) };
    },
    value,
    goal,
  };
};

/**
 * Share of the labels that were predicted: outputs are scores `[…, classes]`, targets labels `[…]`. For maps of labels it is the
 * pixel accuracy. NaN is never right.
 *
 * @example
 * ```ts
 * fit(model, data, { metrics: { accuracy, known: accuracy({ ignoreLabel: 3 }), top2: topK(2) } });
 * ```
 */
export const accuracy: MetricWithOptions<IgnoreOption> = /* @__PURE__ */ defineMetric<IgnoreOption, number>(
  "accuracy",
  { ignoreLabel },
  (options) =>
    sharedOver(options.ignoreLabel, (outputs, targets) => {
      checkScores("accuracy", outputs, targets, "use binaryAccuracy for one logit for each target");
      return multiply(equal(argmax(outputs), targets), areNumbers(outputs));
    }),
);

/** 1 where a target 0 or 1 has the sign of its logit; 0 where the logit is NaN. */
const hasSign = (logits: Tensor, targets: Tensor): Tensor =>
  multiply(equal(greater(logits, 0), targets), equal(logits, logits));

/** Share of the targets 0 and 1 that have the sign of their logit: for masks, and several labels at once. */
export const binaryAccuracy: MetricWithOptions<IgnoreOption> = /* @__PURE__ */ defineMetric<IgnoreOption, number>(
  "binaryAccuracy",
  { ignoreLabel },
  (options) =>
    sharedOver(options.ignoreLabel, (outputs, targets) => {
      checkSameShape("binaryAccuracy", outputs, targets);
      return hasSign(outputs, targets);
    }),
);

/** Share of the examples `[n, labels]` all of whose labels have the sign of their logits. */
export const exactMatch: Metric = /* @__PURE__ */ meanOf((outputs, targets) => {
  checkSameShape("exactMatch", outputs, targets);
  const n = outputs.shape[0] ?? 1;
  return min(reshape(hasSign(outputs, targets), [n, outputs.size / n]), -1);
}, "maximize");

/**
 * Share of the labels that are among the `k` classes of the highest scores. Of equal scores the first wins, and NaN is higher
 * than any number, but never right.
 *
 * @throws `ValueError` unless `k` is a whole number of at least 1.
 */
export function topK(k: number): Metric {
  checkValue("topK", "k", k, wholeFrom(1));
  return meanOf((outputs, targets) => {
    checkScores("topK", outputs, targets);
    const classes = outputs.shape.at(-1)!;
    const labels = reshape(targets, [...targets.shape, 1]);
    const isLabel = equal(labels, range(classes));
    // Not a product with 0, since 0 · ∞ is NaN.
    const own = sum(where(isLabel, outputs, 0), -1, { keepAxes: true });
    const isFirst = multiply(equal(outputs, own), greater(labels, range(classes)));
    const isBefore = where(equal(outputs, outputs), add(greater(outputs, own), isFirst), 1);
    const isAmong = greater(k, sum(isBefore, -1));
    // A label that is not a class has no score.
    return multiply(
      multiply(isAmong, sum(isLabel, -1)),
      equal(reshape(own, targets.shape), reshape(own, targets.shape)),
    );
  }, "maximize");
}

/** Elements in rows: which class they are of, and which was predicted, `[elements, classes]` of 0 and 1. */
interface Assigned {
  readonly actual: Tensor;
  readonly predicted: Tensor;
}

/** Classes of elements by their scores. An element whose scores are NaN is predicted as no class. */
function byScores(name: string, outputs: Tensor, targets: Tensor, ignored: number | undefined): Assigned {
  checkScores(name, outputs, targets, "give scores of every class, or one logit for each target");
  const classes = outputs.shape.at(-1)!;
  const rows = [targets.size, classes];
  const actual = reshape(equal(reshape(targets, [...targets.shape, 1]), range(classes)), rows);
  const counted =
    ignored === undefined ? areNumbers(outputs) : multiply(areNumbers(outputs), notEqual(targets, ignored));
  const predicted = multiply(reshape(oneHot(argmax(outputs), classes), rows), reshape(counted, [targets.size, 1]));
  // An ignored label is usually none of the classes, but may be one.
  return {
    actual: ignored === undefined ? actual : multiply(actual, reshape(notEqual(targets, ignored), [targets.size, 1])),
    predicted,
  };
}

/** Which of its labels (the last axis) each element has, by the signs of their logits. */
function bySigns(outputs: Tensor, targets: Tensor, ignored: number | undefined): Assigned {
  const labels = targets.rank < 2 || outputs.rank > targets.rank ? 1 : targets.shape.at(-1)!;
  const [x, t] = [outputs, targets].map((each) => reshape(each, [targets.size / labels, labels])) as [Tensor, Tensor];
  const [predicted, actual] = [greater(x, 0), greater(t, 0.5)];
  if (ignored === undefined) return { actual, predicted };
  const counted = notEqual(t, ignored);
  return { actual: multiply(actual, counted), predicted: multiply(predicted, counted) };
}

/** Counts of one class. */
interface ClassCounts {
  /** Elements of the class that were predicted as it. */
  readonly right: number;
  /** Elements that were predicted as it. */
  readonly predicted: number;
  /** Elements of the class. */
  readonly actual: number;
}

const added = (a: ClassCounts, b: ClassCounts): ClassCounts => ({
  right: a.right + b.right,
  predicted: a.predicted + b.predicted,
  actual: a.actual + b.actual,
});

const countsOf = ({ right, predicted, actual }: Sums): ClassCounts[] =>
  Array.from(right ?? [], (count, i) => ({ right: count, predicted: predicted![i]!, actual: actual![i]! }));

/** Options of {@link precision}, {@link recall}, {@link f1}, {@link iou} and {@link dice}. */
export interface AverageOptions extends IgnoreOption {
  /**
   * How the values of the classes become one: `"macro"` is their mean over the classes that occur in labels or predictions,
   * `"micro"` the value of all classes together; `"none"` gives an array with the value of each class. Default: `"macro"`.
   */
  readonly average?: "macro" | "micro" | "none" | undefined;
  /** The one class whose value is meant, in place of an average. */
  readonly label?: number | undefined;
}

/** A metric of classes. */
export interface ClassMetric extends Metric {
  (options: AverageOptions & { readonly average: "none" }): Metric<Tensor, Tensor, readonly number[]>;
  (options: AverageOptions): Metric;
}

/** Mean of a score over the classes that occur in labels or predictions; 0 / 0 of such a class counts as 0. */
function macroOf(counts: readonly ClassCounts[], score: (counts: ClassCounts) => number): number {
  const occurring = counts.filter(({ predicted, actual }) => predicted + actual > 0);
  return occurring.reduce((total, each) => total + (score(each) || 0), 0) / occurring.length;
}

/** A metric of the counts of each class. */
const classMetric = (name: string, score: (counts: ClassCounts) => number): ClassMetric =>
  defineMetric<AverageOptions, number | readonly number[]>(
    name,
    { ignoreLabel, average: oneOf("macro", "micro", "none"), label: wholeFrom(0) },
    ({ ignoreLabel: ignored, average = "macro", label }) => ({
      record: (outputs, targets) => {
        const { actual, predicted } = isBinary(name, outputs, targets)
          ? bySigns(outputs, targets, ignored)
          : byScores(name, outputs, targets, ignored);
        const classes = actual.shape[1]!;
        if (label !== undefined && label >= classes)
          throw new ValueError({
            operation: name,
            what: "label",
            expected: `below ${classes}, the number of classes`,
            got: label,
          });
        return { right: sum(multiply(actual, predicted), 0), predicted: sum(predicted, 0), actual: sum(actual, 0) };
      },
      value: (sums) => {
        const counts = countsOf(sums);
        if (label !== undefined) return score(counts[label]!);
        if (average === "none") return counts.map(score);
        return average === "macro"
          ? macroOf(counts, score)
          : score(counts.reduce(added, { right: 0, predicted: 0, actual: 0 }));
      },
      goal: "maximize",
    }),
  ) as ClassMetric;

export const precisionOf = ({ right, predicted }: ClassCounts): number => right / predicted;
export const recallOf = ({ right, actual }: ClassCounts): number => right / actual;
export const f1Of = ({ right, predicted, actual }: ClassCounts): number => (2 * right) / (predicted + actual);

/**
 * Share of the elements predicted as a class that belong to it. Outputs are scores `[…, classes]` with labels `[…]`, or one logit
 * for each target 0 or 1, where the last axis counts the labels.
 *
 * @example
 * ```ts
 * fit(model, data, { metrics: { accuracy, precision: precision({ label: 1 }), recall: recall({ label: 1 }), f1 } });
 * ```
 */
export const precision: ClassMetric = /* @__PURE__ */ classMetric("precision", precisionOf);

/** Share of the elements of a class that were predicted as it. Outputs and targets as of {@link precision}. */
export const recall: ClassMetric = /* @__PURE__ */ classMetric("recall", recallOf);

/** Harmonic mean of precision and recall. Outputs and targets as of {@link precision}. */
export const f1: ClassMetric = /* @__PURE__ */ classMetric("f1", f1Of);

/**
 * Intersection over union of the elements of a class and those predicted as it (Jaccard index), for masks and maps of labels.
 * Outputs and targets as of {@link precision}.
 */
export const iou: ClassMetric = /* @__PURE__ */ classMetric(
  "iou",
  ({ right, predicted, actual }) => right / (predicted + actual - right),
);

/** Dice coefficient of masks and maps of labels: 2 · intersection / (sum of both areas), which is the F1 of their pixels. */
export const dice: ClassMetric = /* @__PURE__ */ classMetric("dice", f1Of);

/**
 * Number of elements of each class (row) that were predicted as each class (column). Elements whose scores are NaN are left out.
 * Outputs and targets as of {@link precision}; one logit for each target gives two classes.
 */
export const confusionMatrix: MetricWithOptions<IgnoreOption, readonly (readonly number[])[]> =
  /* @__PURE__ */ defineMetric<IgnoreOption, readonly (readonly number[])[]>(
    "confusionMatrix",
    { ignoreLabel },
    ({ ignoreLabel: ignored }) => ({
      record: (outputs, targets) => {
        const scores = isBinary("confusionMatrix", outputs, targets)
          ? stack([zeros(targets.shape), reshape(outputs, targets.shape)], -1)
          : outputs;
        const { actual, predicted } = byScores("confusionMatrix", scores, targets, ignored);
        return { counts: matmul(actual, predicted, { transposeA: true }) };
      },
      value: ({ counts = new Float64Array() }) => {
        const classes = Math.round(Math.sqrt(counts.length));
        return Array.from({ length: classes }, (_, row) =>
          Array.from(counts.subarray(row * classes, (row + 1) * classes)),
        );
      },
    }),
  );
