import { numberAbove, numberFrom, sameShape, ShapeError, showShape, ValueError } from "@convlens/backend";
import {
  absolute,
  add,
  divide,
  exp,
  logSoftmax,
  logSumExp,
  multiply,
  negate,
  notEqual,
  oneHot,
  reshape,
  sigmoid,
  slice,
  softmax,
  softplus,
  subtract,
  sum,
  where,
  type Tensor,
} from "@convlens/tensor";
import { checkOne, USE_WEIGHTED_SUM } from "./checkOne.ts";
import { defineLoss, type EachLoss, type LossWithOptions, type ReductionOption } from "./loss.ts";
import { comparesLogits } from "./losses.ts";

/** Options of {@link focal}. */
export interface FocalOptions extends ReductionOption {
  /** Exponent of the probability of the wrong answer. With 0 the loss is a cross-entropy. Default: 2. */
  readonly gamma?: number;
  /** Weight of the targets that are 1, from 0 to 1; the others have 1 − alpha. Only for one logit for each target. Default: none. */
  readonly alpha?: number;
  /** Label of elements that do not count. Default: none. */
  readonly ignoreLabel?: number;
}

/** Losses of the elements that are not ignored. */
const counting = (targets: Tensor, ignoreLabel: number | undefined, each: (targets: Tensor) => Tensor): EachLoss => {
  if (ignoreLabel === undefined) return { each: each(targets) };
  const counted = notEqual(targets, ignoreLabel);
  return { each: where(counted, each(where(counted, targets, 0)), 0), weights: counted };
};

/** @throws `ShapeError` unless targets are labels `[…]` of outputs `[…, classes]`. */
function checkLabels(operation: string, outputs: Tensor, targets: Tensor): void {
  if (outputs.rank > 0 && sameShape(outputs.shape.slice(0, -1), targets.shape)) return;
  throw new ShapeError({
    operation,
    expected: `labels ${showShape(outputs.shape.slice(0, -1))}, or targets 0 and 1 of the shape of the outputs, ${showShape(outputs.shape)}`,
    got: targets.shape,
  });
}

/**
 * Focal loss (Lin 2017): a cross-entropy whose elements count less the more certain they are right, (1 − p)^gamma · −ln p. For data
 * where most elements are easy, such as the background of an image. Outputs are logits of the shape of the targets, which are 0 or 1; or
 * logits `[…, classes]` with labels `[…]`.
 *
 * @example
 * ```ts
 * fit(model, data, { loss: focal({ gamma: 1.5 }) });
 * ```
 */
export const focal: LossWithOptions<FocalOptions> = /* @__PURE__ */ defineLoss<FocalOptions>(
  "focal",
  {
    gamma: /* @__PURE__ */ numberFrom(0),
    alpha: /* @__PURE__ */ numberFrom(0, 1),
    ignoreLabel: /* @__PURE__ */ numberFrom(-Infinity),
  },
  (logits, targets, { gamma = 2, alpha, ignoreLabel }) => {
    checkOne("focal", logits, targets, USE_WEIGHTED_SUM);
    if (sameShape(logits.shape, targets.shape))
      return counting(targets, ignoreLabel, (t) => {
        // With s = x for t = 1 and −x for t = 0: −ln p = softplus(−s) and 1 − p = e^−softplus(s).
        const s = where(t, logits, negate(logits));
        const each = multiply(exp(multiply(softplus(s), -gamma)), softplus(negate(s)));
        const weighted = alpha === undefined ? each : multiply(each, where(t, alpha, 1 - alpha));
        return comparesLogits(weighted, logits, targets);
      });
    checkLabels("focal", logits, targets);
    if (alpha !== undefined)
      throw new ValueError({ operation: "focal", problem: "alpha is for targets 0 and 1 of the shape of the outputs" });
    return counting(targets, ignoreLabel, (labels) => {
      const isLabel = oneHot(labels, logits.shape.at(-1)!);
      const logOfRight = sum(where(isLabel, logSoftmax(logits), 0), -1);
      // ln(1 − p), from the scores of the other classes: 1 − p itself would lose its digits where p is almost 1.
      const logOfWrong = subtract(logSumExp(where(isLabel, -Infinity, logits), -1), logSumExp(logits, -1));
      return multiply(exp(multiply(logOfWrong, gamma)), negate(logOfRight));
    });
  },
);

/** Options of {@link diceLoss}. */
export interface DiceLossOptions extends ReductionOption {
  /** Added to both areas, so that the loss of an empty mask is defined. Default: 1. */
  readonly smooth?: number;
  /** Label of pixels that do not count. Default: none. */
  readonly ignoreLabel?: number;
}

/**
 * Dice loss (Milletari 2016) of each image and class: 1 − (2 · Σ p·t + smooth) / (Σ p + Σ t + smooth), where p is the probability of a
 * pixel. Outputs are logits of masks of the shape of the targets, `[n, …, masks]`, which are 0 or 1; or logits `[n, …, classes]` with
 * labels `[n, …]`.
 *
 * @example
 * ```ts
 * const loss = weightedSum([binaryCrossEntropy, [diceLoss, 0.5]]);
 * ```
 */
export const diceLoss: LossWithOptions<DiceLossOptions> = /* @__PURE__ */ defineLoss<DiceLossOptions>(
  "diceLoss",
  { smooth: /* @__PURE__ */ numberAbove(0), ignoreLabel: /* @__PURE__ */ numberFrom(-Infinity) },
  (logits, targets, { smooth = 1, ignoreLabel }) => {
    checkOne("diceLoss", logits, targets, USE_WEIGHTED_SUM);
    const isMask = sameShape(logits.shape, targets.shape);
    if (!isMask) checkLabels("diceLoss", logits, targets);
    const [n, masks] = [logits.shape[0] ?? 1, logits.shape.at(-1) ?? 1];
    const rows = [n, logits.size / n / masks, masks];
    const counted = ignoreLabel === undefined ? undefined : notEqual(targets, ignoreLabel);
    const known = counted === undefined ? targets : where(counted, targets, 0);
    const p = reshape(isMask ? sigmoid(logits) : softmax(logits), rows);
    const t = reshape(isMask ? known : oneHot(known, masks), rows);
    const share = counted && reshape(counted, isMask ? rows : [n, rows[1]!, 1]);
    const area = (x: Tensor): Tensor => sum(share === undefined ? x : multiply(x, share), 1);
    const overlap = add(multiply(area(multiply(p, t)), 2), smooth);
    return { each: subtract(1, divide(overlap, add(add(area(p), area(t)), smooth))) };
  },
);

/**
 * Total variation of each output image `[n, height, width, channels]`: the sum of the absolute differences of neighbouring pixels. It
 * smooths images, beside another loss; targets are not used.
 *
 * @example
 * ```ts
 * const loss = weightedSum([meanSquaredError, [totalVariation, 1e-4]]);
 * ```
 */
export const totalVariation: LossWithOptions<ReductionOption, Tensor, unknown> = /* @__PURE__ */ defineLoss<
  ReductionOption,
  Tensor,
  unknown
>("totalVariation", {}, (images) => {
  checkOne("totalVariation", images, undefined, USE_WEIGHTED_SUM);
  if (images.rank !== 4)
    throw new ShapeError({
      operation: "totalVariation",
      expected: "images [n, height, width, channels]",
      got: images.shape,
    });
  const steps = (axis: number): Tensor => {
    const size = images.shape.with(axis, images.shape[axis]! - 1);
    const begin = images.shape.map((_, i) => (i === axis ? 1 : 0));
    const difference = subtract(
      slice(images, begin, size),
      slice(
        images,
        images.shape.map(() => 0),
        size,
      ),
    );
    return sum(absolute(difference), [1, 2, 3]);
  };
  return { each: add(steps(1), steps(2)) };
});
