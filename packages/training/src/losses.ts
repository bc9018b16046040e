import {
  anyOption,
  fractionOption,
  numberAbove,
  numberFrom,
  ShapeError,
  showShape,
  ValueError,
  type OptionCheck,
} from "@convlens/backend";
import {
  absolute,
  add,
  clip,
  equal,
  greater,
  maximum,
  multiply,
  negate,
  notEqual,
  oneHot,
  sigmoidCrossEntropy,
  softmaxCrossEntropy,
  softplus,
  square,
  subtract,
  sum,
  tensor,
  Tensor,
  where,
} from "@convlens/tensor";
import { checkOne, USE_WEIGHTED_SUM } from "./checkOne.ts";
import { defineLoss, type LossWithOptions, type ReductionOption } from "./loss.ts";
import { accuracy } from "./classMetrics.ts";

/** Targets as rows `[n, classes]`: one-hot rows of labels `[n]`, other targets unchanged. */
function rowsOf(name: string, outputs: Tensor, targets: Tensor): Tensor {
  checkOne(name, outputs, targets, USE_WEIGHTED_SUM);
  const labels = showShape(outputs.shape.slice(0, -1));
  if (outputs.rank > 0 && showShape(targets.shape) === labels) return oneHot(targets, outputs.shape.at(-1)!);
  if (outputs.rank > 0 && showShape(targets.shape) === showShape(outputs.shape)) return targets;
  throw new ShapeError({
    operation: name,
    expected: `labels ${labels} or probabilities ${showShape(outputs.shape)} for outputs ${showShape(outputs.shape)}`,
    got: targets.shape,
  });
}

/** @throws `ShapeError` for outputs and targets of different shapes. */
export function checkSame(name: string, outputs: Tensor, targets: Tensor): void {
  checkOne(name, outputs, targets, USE_WEIGHTED_SUM);
  if (showShape(outputs.shape) !== showShape(targets.shape))
    throw new ShapeError({
      operation: name,
      what: "the shape of the targets",
      expected: `that of the outputs, ${showShape(outputs.shape)}`,
      got: targets.shape,
      fix: "reshape one of them",
    });
}

/** Options of {@link crossEntropy}. */
export interface CrossEntropyOptions extends ReductionOption {
  /** Share of each target that is spread evenly over all classes (Szegedy 2016). Default: 0. */
  readonly smoothing?: number;
  /** Weight of each class. The mean over labels is then weighted, as in PyTorch. Default: 1 each. */
  readonly classWeights?: readonly number[];
  /** Label of elements that do not count, such as 255 for pixels without a class. Default: none. */
  readonly ignoreLabel?: number;
}

const weightsOption: OptionCheck = (x) =>
  Array.isArray(x) && x.every((weight) => numberFrom(0)(weight) === undefined)
    ? undefined
    : "an array of numbers of at least 0, one for each class";

/**
 * Softmax cross-entropy: mean of −ln of the probability of the right class. Chance level is ln(classes), 2.3026 for ten.
 * Outputs are logits `[n, classes]`, before softmax, and targets labels `[n]` or probabilities `[n, classes]`; or maps of both,
 * `[n, height, width, classes]` with `[n, height, width]`. A label out of range makes the loss NaN.
 *
 * @example
 * ```ts
 * fit(model, data, { loss: crossEntropy({ smoothing: 0.1 }) });
 * fit(model, data, { loss: crossEntropy({ ignoreLabel: 255, classWeights: [0.2, 1, 1, 1] }) });
 * ```
 */
export const crossEntropy: LossWithOptions<CrossEntropyOptions> = /* @__PURE__ */ defineLoss<CrossEntropyOptions>(
  "crossEntropy",
  { smoothing: fractionOption, classWeights: weightsOption, ignoreLabel: /* @__PURE__ */ anyOption },
  (logits, targets, { smoothing = 0, classWeights, ignoreLabel }) => {
    checkOne("crossEntropy", logits, targets, USE_WEIGHTED_SUM);
    const isLabels = targets.rank < logits.rank;
    const counted = ignoreLabel !== undefined && isLabels ? notEqual(targets, ignoreLabel) : undefined;
    const known = counted === undefined ? targets : where(counted, targets, 0);
    const rows = rowsOf("crossEntropy", logits, known);
    const classes = logits.shape.at(-1) ?? 0;
    const smooth = smoothing === 0 ? rows : add(multiply(rows, 1 - smoothing), smoothing / classes);
    if (classWeights !== undefined && classWeights.length !== classes)
      throw new ValueError({
        operation: "crossEntropy",
        what: "classWeights",
        expected: `one weight for each of ${classes} classes`,
        got: classWeights.length,
      });
    const byClass = classWeights && tensor(classWeights);
    const all = softmaxCrossEntropy(logits, byClass === undefined ? smooth : multiply(smooth, byClass));
    const ofLabels = byClass && isLabels ? sum(multiply(rows, byClass), -1) : undefined;
    if (counted === undefined) return { each: all, weights: ofLabels };
    const weights = ofLabels === undefined ? counted : multiply(ofLabels, counted);
    return { each: where(counted, all, 0), weights };
  },
  ({ ignoreLabel }) => (ignoreLabel === undefined ? undefined : { accuracy: accuracy({ ignoreLabel }) }),
);

/** Inputs of a binary cross-entropy. */
interface Compared {
  readonly logits: Tensor;
  readonly targets: Tensor;
}

const binary = /* @__PURE__ */ new WeakMap<Tensor, Compared>();

/** Logits and targets of losses that {@link binaryCrossEntropy} or {@link focal} made. */
export const comparedByBinaryCrossEntropy = (losses: Tensor): Compared | undefined => binary.get(losses);

/** Notes what losses compare: one logit with each target. */
export function comparesLogits(losses: Tensor, logits: Tensor, targets: Tensor): Tensor {
  binary.set(losses, { logits, targets });
  return losses;
}

/** Options of {@link binaryCrossEntropy}. */
export interface BinaryCrossEntropyOptions extends ReductionOption {
  /** Factor of the losses of targets that are 1, one for all or one for each of the last axis: `pos_weight` of PyTorch. Default: 1. */
  readonly positiveWeight?: number | readonly number[];
}

/**
 * Binary cross-entropy: mean of −t · ln σ(x) − (1 − t) · ln(1 − σ(x)). Outputs are logits of any shape, before the sigmoid, and
 * targets probabilities of the same shape: one of two classes, several labels at once, or masks.
 *
 * @example
 * ```ts
 * binaryCrossEntropy(tensor([0, 2]), tensor([0, 1])); // (0.6931 + 0.1269) / 2
 * const rare = binaryCrossEntropy({ positiveWeight: 10 }); // for targets that are seldom 1
 * ```
 */
export const binaryCrossEntropy: LossWithOptions<BinaryCrossEntropyOptions> =
  /* @__PURE__ */ defineLoss<BinaryCrossEntropyOptions>(
    "binaryCrossEntropy",
    {
      positiveWeight: (x) =>
        Array.isArray(x) ? weightsOption(x) : numberFrom(0)(x) && "a number of at least 0, or one for each output",
    },
    (logits, targets, { positiveWeight }) => {
      checkSame("binaryCrossEntropy", logits, targets);
      const each = comparesLogits(sigmoidCrossEntropy(logits, targets), logits, targets);
      if (positiveWeight === undefined) return { each };
      const factor = typeof positiveWeight === "number" ? positiveWeight : tensor(positiveWeight);
      // The loss is linear in the target; its part for t = 1 is −t · ln σ(x).
      const added = multiply(multiply(targets, subtract(factor, 1)), softplus(negate(logits)));
      // Not a product with 0, since 0 · ∞ is NaN.
      return { each: add(each, where(equal(targets, 0), 0, added)) };
    },
  );

/**
 * Mean of the squared differences.
 *
 * @example
 * ```ts
 * meanSquaredError(tensor([1, 2]), tensor([1, 4])); // (0 + 4) / 2
 * ```
 */
export const meanSquaredError: LossWithOptions<ReductionOption> = /* @__PURE__ */ defineLoss<ReductionOption>(
  "meanSquaredError",
  {},
  (outputs, targets) => {
    checkSame("meanSquaredError", outputs, targets);
    return { each: square(subtract(outputs, targets)) };
  },
);

/**
 * Mean of the absolute differences.
 *
 * @example
 * ```ts
 * meanAbsoluteError(tensor([1, 2]), tensor([1, 4])); // (0 + 2) / 2
 * ```
 */
export const meanAbsoluteError: LossWithOptions<ReductionOption> = /* @__PURE__ */ defineLoss<ReductionOption>(
  "meanAbsoluteError",
  {},
  (outputs, targets) => {
    checkSame("meanAbsoluteError", outputs, targets);
    return { each: absolute(subtract(outputs, targets)) };
  },
);

/** Options of {@link huber}. */
export interface HuberOptions extends ReductionOption {
  /** Absolute difference at which the loss becomes linear. Default: 1. */
  readonly delta?: number;
}

/**
 * Huber loss: quadratic for small differences, linear for large ones (Huber 1964).
 *
 * @example
 * ```ts
 * huber(tensor([1, 2]), tensor([1.5, 5])); // (0.125 + 2.5) / 2
 * ```
 */
export const huber: LossWithOptions<HuberOptions> = /* @__PURE__ */ defineLoss<HuberOptions>(
  "huber",
  { delta: /* @__PURE__ */ numberAbove(0) },
  (outputs, targets, { delta = 1 }) => {
    checkSame("huber", outputs, targets);
    const difference = subtract(outputs, targets);
    const size = absolute(difference);
    // The square of |difference| would have no second derivative at 0; an infinite difference would make the gradient NaN.
    const squared = multiply(square(clip(difference, -delta, delta)), 0.5);
    return { each: where(greater(size, delta), multiply(subtract(size, delta / 2), delta), squared) };
  },
);

/** Options of {@link hinge}. */
export interface HingeOptions extends ReductionOption {
  /** Margin by which the right class must win. Default: 1. */
  readonly margin?: number;
}

/**
 * The multi-class support vector loss (Weston 1999): Σ max(0, s − s(right) + margin) over the wrong classes. Chance level is
 * (classes − 1) · margin: 9 for ten classes. Outputs are scores `[n, classes]`, targets labels `[n]`.
 *
 * @example
 * ```ts
 * hinge(tensor([[1, 2, 0.5]]), tensor([1])); // 0 + 0
 * ```
 */
export const hinge: LossWithOptions<HingeOptions> = /* @__PURE__ */ defineLoss<HingeOptions>(
  "hinge",
  { margin: /* @__PURE__ */ numberFrom(0) },
  (scores, targets, { margin = 1 }) => {
    const rows = rowsOf("hinge", scores, targets);
    // A product with 0 is replaced by 0, since 0 · ∞ is NaN: a score of −∞ excludes a class.
    const chosen = (x: Tensor, shares: Tensor): Tensor => where(equal(shares, 0), 0, multiply(x, shares));
    const right = sum(chosen(scores, rows), -1, { keepAxes: true });
    // Where both are equal, the gradient goes to the first, as in PyTorch.
    const over = maximum(0, add(subtract(scores, right), margin));
    return { each: sum(chosen(over, subtract(1, rows)), -1) };
  },
);
