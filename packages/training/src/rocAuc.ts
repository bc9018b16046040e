import { sameShape, ShapeError, showShape, wholeFrom } from "@convlens/backend";
import {
  absolute,
  add,
  clip,
  divide,
  equal,
  greater,
  matmul,
  multiply,
  range,
  reshape,
  slice,
  subtract,
  sum,
  where,
  type Tensor,
} from "@convlens/tensor";
import { isBinary } from "./classMetrics.ts";
import { defineMetric, numberOf, type MetricWithOptions } from "./metrics.ts";

/** Options of {@link rocAuc}. */
export interface RocAucOptions {
  /** Number of thresholds. Scores between two thresholds count as equal. Default: 512. */
  readonly thresholds?: number | undefined;
}

/**
 * Area under the receiver operating characteristic: probability that a positive example has a higher score than a negative one.
 * Outputs are one logit for each target 0 or 1, or scores of two classes `[…, 2]`. It is computed from the numbers of examples
 * above thresholds, which are evenly spaced in x / (1 + |x|), so that it does not depend on the batches. NaN if a class is absent.
 */
export const rocAuc: MetricWithOptions<RocAucOptions> = /* @__PURE__ */ defineMetric<RocAucOptions, number>(
  "rocAuc",
  { thresholds: /* @__PURE__ */ wholeFrom(2, 1 << 16) },
  ({ thresholds = 512 }) => ({
    record: (outputs, targets) => {
      const logits = logitsOf(outputs, targets);
      const t = reshape(greater(targets, 0.5), [1, targets.size]);
      const x = clip(reshape(logits, [targets.size, 1]), -1e30, 1e30);
      const squashed = divide(x, add(absolute(x), 1));
      // NaN is never right: lowest for a positive example, highest for a negative one.
      const scores = where(equal(x, x), squashed, subtract(2, multiply(reshape(t, [targets.size, 1]), 4)));
      const steps = subtract(multiply(range(thresholds), 2 / (thresholds - 1)), 1);
      const isAbove = greater(scores, steps);
      return {
        positive: reshape(matmul(t, isAbove), [thresholds]),
        negative: reshape(matmul(subtract(1, t), isAbove), [thresholds]),
        positives: sum(t),
        negatives: sum(subtract(1, t)),
      };
    },
    value: (sums) => {
      const [positives, negatives] = [numberOf(sums, "positives"), numberOf(sums, "negatives")];
      const { positive = new Float64Array(), negative = new Float64Array() } = sums;
      // Trapezoids between neighbouring thresholds, from all examples above to none.
      let [area, lastX, lastY] = [0, negatives, positives];
      for (let i = 0; i <= positive.length; i++) {
        const [x, y] = [negative[i] ?? 0, positive[i] ?? 0];
        area += ((lastX - x) * (lastY + y)) / 2;
        [lastX, lastY] = [x, y];
      }
      return area / (positives * negatives);
    },
    goal: "maximize",
  }),
);

/** One logit for each target; of two classes the difference of their scores. */
function logitsOf(outputs: Tensor, targets: Tensor): Tensor {
  if (isBinary("rocAuc", outputs, targets)) return outputs;
  if (!sameShape(outputs.shape, [...targets.shape, 2]))
    throw new ShapeError({
      operation: "rocAuc",
      expected: `one logit for each target ${showShape(targets.shape)}, or scores of two classes`,
      got: outputs.shape,
    });
  const score = (c: number): Tensor => slice(outputs, [...targets.shape.map(() => 0), c], [...targets.shape, 1]);
  return subtract(score(1), score(0));
}
