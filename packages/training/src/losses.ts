import { checkOptions, fractionOption, numberAbove, numberFrom, ShapeError, showShape } from "@convlens/backend";
import {
  absolute,
  add,
  clip,
  equal,
  greater,
  maximum,
  mean,
  multiply,
  oneHot,
  sigmoidCrossEntropy,
  softmaxCrossEntropy,
  square,
  subtract,
  sum,
  Tensor,
  where,
  within,
} from "@convlens/tensor";

/** Loss of the outputs of a model: a scalar, usually the mean over the batch. */
export type Loss = (outputs: Tensor, targets: Tensor) => Tensor;

/**
 * Records a loss.
 *
 * @throws `ShapeError` for a loss that is not a scalar.
 */
export function recordLoss(loss: Loss, outputs: Tensor, targets: Tensor): Tensor {
  const value: unknown = within({ path: "loss", direction: "forward" }, () => loss(outputs, targets));
  if (value instanceof Tensor && value.rank === 0) return value;
  throw new ShapeError({
    operation: "loss",
    expected: "a scalar tensor, such as mean(…) over the batch",
    got: value,
    gotWords: value instanceof Tensor ? showShape(value.shape) : undefined,
  });
}

/** Targets as rows `[n, classes]`: one-hot rows of labels `[n]`, other targets unchanged. */
function rowsOf(name: string, outputs: Tensor, targets: Tensor): Tensor {
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
function checkSame(name: string, outputs: Tensor, targets: Tensor): void {
  if (showShape(outputs.shape) !== showShape(targets.shape))
    throw new ShapeError({
      operation: name,
      what: "the shape of the targets",
      expected: `that of the outputs, ${showShape(outputs.shape)}`,
      got: targets.shape,
      fix: "reshape one of them",
    });
}

/**
 * Softmax cross-entropy: mean of −ln of the probability of the right class. Chance level is ln(classes), 2.3026 for ten.
 *
 * @param logits - `[n, classes]`, before softmax.
 * @param targets - Labels `[n]`, or probabilities `[n, classes]`. A label out of range makes the loss NaN.
 * @param options - `smoothing`: share of each target that is spread evenly over all classes (Szegedy 2016). Default: 0.
 */
export function crossEntropy(logits: Tensor, targets: Tensor, options: { readonly smoothing?: number } = {}): Tensor {
  checkOptions("crossEntropy", options, { smoothing: fractionOption });
  const { smoothing = 0 } = options;
  const rows = rowsOf("crossEntropy", logits, targets);
  const smooth = smoothing === 0 ? rows : add(multiply(rows, 1 - smoothing), smoothing / logits.shape.at(-1)!);
  return mean(softmaxCrossEntropy(logits, smooth));
}

/** Inputs of a binary cross-entropy. */
interface Compared {
  readonly logits: Tensor;
  readonly targets: Tensor;
}

const binary = /* @__PURE__ */ new WeakMap<Tensor, Compared>();

/** Logits and targets of a loss that {@link binaryCrossEntropy} made. */
export const comparedByBinaryCrossEntropy = (loss: Tensor): Compared | undefined => binary.get(loss);

/**
 * Binary cross-entropy: mean of −t · ln σ(x) − (1 − t) · ln(1 − σ(x)).
 *
 * @param logits - Any shape, before the sigmoid.
 * @param targets - Probabilities of the same shape.
 */
export function binaryCrossEntropy(logits: Tensor, targets: Tensor): Tensor {
  checkSame("binaryCrossEntropy", logits, targets);
  const loss = mean(sigmoidCrossEntropy(logits, targets));
  binary.set(loss, { logits, targets });
  return loss;
}

/** Mean of the squared differences. */
export function meanSquaredError(outputs: Tensor, targets: Tensor): Tensor {
  checkSame("meanSquaredError", outputs, targets);
  return mean(square(subtract(outputs, targets)));
}

/** Mean of the absolute differences. */
export function meanAbsoluteError(outputs: Tensor, targets: Tensor): Tensor {
  checkSame("meanAbsoluteError", outputs, targets);
  return mean(absolute(subtract(outputs, targets)));
}

/**
 * Huber loss: quadratic for small differences, linear for large ones (Huber 1964).
 *
 * @param options - `delta`: absolute difference at which one becomes the other. Default: 1.
 */
export function huber(outputs: Tensor, targets: Tensor, options: { readonly delta?: number } = {}): Tensor {
  checkOptions("huber", options, { delta: numberAbove(0) });
  const { delta = 1 } = options;
  checkSame("huber", outputs, targets);
  const difference = subtract(outputs, targets);
  const size = absolute(difference);
  // The square of |difference| would have no second derivative at 0; an infinite difference would make the gradient NaN.
  const squared = multiply(square(clip(difference, -delta, delta)), 0.5);
  return mean(where(greater(size, delta), multiply(subtract(size, delta / 2), delta), squared));
}

/**
 * The multi-class support vector loss (Weston 1999): Σ max(0, s − s(right) + margin) over the wrong classes. Chance level is
 * (classes − 1) · margin: 9 for ten classes.
 *
 * @param scores - `[n, classes]`
 * @param targets - Labels `[n]`.
 */
export function hinge(scores: Tensor, targets: Tensor, options: { readonly margin?: number } = {}): Tensor {
  checkOptions("hinge", options, { margin: numberFrom(0) });
  const { margin = 1 } = options;
  const rows = rowsOf("hinge", scores, targets);
  // A product with 0 is replaced by 0, since 0 · ∞ is NaN: a score of −∞ excludes a class.
  const chosen = (x: Tensor, shares: Tensor): Tensor => where(equal(shares, 0), 0, multiply(x, shares));
  const right = sum(chosen(scores, rows), -1, { keepAxes: true });
  const over = maximum(add(subtract(scores, right), margin), 0);
  return mean(sum(chosen(over, subtract(1, rows)), -1));
}
