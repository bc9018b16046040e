import { sameShape, runTraitsOf } from "@convlens/backend";
import { argmax, equal, greater, max, multiply, reshape, sorted, type Tensor } from "@convlens/tensor";
import { comparedByBinaryCrossEntropy } from "./losses.ts";

/** Predictions of a classifier. */
export interface Answers {
  /** Predicted classes, in the shape of the labels. */
  readonly predicted: Tensor;
  /** 1 where the label was predicted, 0 elsewhere, also where an output is NaN. */
  readonly correct: Tensor;
}

/**
 * Predictions of a model whose loss treats the outputs as scores of classes; `undefined` for any other model, such as a
 * regression or an autoencoder. A loss does so if it compares the outputs with one-hot rows of the labels, as `oneHot` makes
 * them, or if it is the binary cross-entropy of one logit for each label. The recorded loss shows this, so custom losses count
 * as well.
 *
 * @param outputs - `[…labels, classes]`, or logits `[…labels]` or `[…labels, 1]`.
 * @param targets - Labels.
 * @param loss - Recorded loss of both.
 */
export function answersOf(outputs: Tensor, targets: Tensor, loss: Tensor): Answers | undefined {
  const order = sorted([loss], ({ inputs }) => inputs);
  if (order.some((t) => isBinary(t, outputs, targets))) {
    const predicted = reshape(greater(outputs, 0), targets.shape);
    const isNumber = reshape(equal(outputs, outputs), targets.shape);
    return { predicted, correct: multiply(equal(predicted, targets), isNumber) };
  }
  const classes = outputs.shape.at(-1) ?? 0;
  if (classes < 2 || !sameShape(outputs.shape.slice(0, -1), targets.shape) || !comparesClasses(order, outputs, targets))
    return undefined;
  const predicted = argmax(outputs);
  const best = max(outputs, -1);
  return { predicted, correct: multiply(equal(predicted, targets), equal(best, best)) };
}

/** The tensor before any reshapes. */
const unshaped = (t: Tensor): Tensor => (t.operation === "reshape" ? unshaped(t.inputs[0]!) : t);

function isBinary(loss: Tensor, outputs: Tensor, targets: Tensor): boolean {
  const compared = comparedByBinaryCrossEntropy(loss);
  return (
    compared !== undefined &&
    outputs.size === targets.size &&
    unshaped(compared.logits) === unshaped(outputs) &&
    unshaped(compared.targets) === unshaped(targets)
  );
}

/** Whether a loss combines scores with one-hot rows that it makes of the targets. */
function comparesClasses(order: readonly Tensor[], outputs: Tensor, targets: Tensor): boolean {
  const classes = outputs.shape.at(-1);
  const scores = new Set([outputs]);
  const labels = new Set([targets]);
  const rows = new Set<Tensor>();
  for (const t of order) {
    const { inputs, operation } = t;
    const isRow = inputs.some((x) => rows.has(x));
    if (isRow && inputs.some((x) => scores.has(x))) return true;
    if (inputs.some((x) => scores.has(x)) && runTraitsOf(operation).increasing) scores.add(t);
    const ofLabels = inputs.some((x) => labels.has(x));
    if (ofLabels) labels.add(t);
    if (t.shape.at(-1) === classes && (isRow || (ofLabels && operation === "equal"))) rows.add(t);
  }
  return false;
}
