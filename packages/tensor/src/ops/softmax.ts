import { sameShape, ShapeError, showShape } from "@convlens/backend";
import { detach } from "../detach.ts";
import type { Operation } from "../operation.ts";
import { operand, record, type Operand } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { checkAxis } from "./axes.ts";
import { reshape, sum } from "./broadcast.ts";
import { divide, equal, exp, log, multiply, negate, subtract, where } from "./elementwise.ts";
import { transpose } from "./movement.ts";
import { max } from "./reduce.ts";

const lastAxis = { keepAxes: true } as const;
/** Subtracts the maximum of each row, which leaves the softmax unchanged and prevents overflow. */
const shifted = (x: Tensor): Tensor => subtract(x, detach(max(x, -1, lastAxis)));

const softmaxOperation: Operation<"softmax"> = {
  name: "softmax",
  shape: ([x]) => x,
  gradient: (dy, y) => [record(softmaxGradient, [dy, y], {})],
  lower: ([x]) => {
    const e = exp(shifted(x));
    return divide(e, sum(e, -1, lastAxis));
  },
};

const softmaxGradient: Operation<"softmaxGradient"> = {
  name: "softmaxGradient",
  shape: ([dy]) => dy,
  lower: ([dy, y]) => multiply(y, subtract(dy, sum(multiply(dy, y), -1, lastAxis))),
};

const logSoftmaxOperation: Operation<"logSoftmax"> = {
  name: "logSoftmax",
  shape: ([x]) => x,
  gradient: (dy, y) => [record(logSoftmaxGradient, [dy, y], {})],
  lower: ([x]) => {
    const s = shifted(x);
    return subtract(s, log(sum(exp(s), -1, lastAxis)));
  },
};

const logSoftmaxGradient: Operation<"logSoftmaxGradient"> = {
  name: "logSoftmaxGradient",
  shape: ([dy]) => dy,
  lower: ([dy, y]) => subtract(dy, multiply(exp(y), sum(dy, -1, lastAxis))),
};

const crossEntropyOperation: Operation<"softmaxCrossEntropy"> = {
  name: "softmaxCrossEntropy",
  shape: ([logits]) => logits.with(logits.length - 1, 1),
  gradient: (dy, { inputs: [logits, targets] }) => [
    record(crossEntropyGradient, [dy, logits, targets], {}),
    negate(multiply(dy, logSoftmax(logits))),
  ],
  // A class of target 0 adds nothing, even if its logit is −∞.
  lower: ([logits, targets]) =>
    negate(sum(where(equal(targets, 0), 0, multiply(targets, logSoftmax(logits))), -1, lastAxis)),
};

const crossEntropyGradient: Operation<"softmaxCrossEntropyGradient"> = {
  name: "softmaxCrossEntropyGradient",
  shape: ([, logits]) => logits,
  lower: ([dy, logits, targets]) =>
    multiply(dy, subtract(multiply(softmax(logits), sum(targets, -1, lastAxis)), targets)),
};

/** Applies an operation on the last axis to any axis. */
function along(operation: Operation<"softmax"> | Operation<"logSoftmax">, x: Operand, axis: number): Tensor {
  const from = operand(x);
  const at = checkAxis(operation.name, from.shape, axis);
  const order = from.shape.map((_, a) => a);
  [order[at], order[from.rank - 1]] = [from.rank - 1, at];
  return transpose(record(operation as Operation<"softmax">, [transpose(from, order)], {}), order);
}

/**
 * Softmax along an axis, eˣ / Σ eˣ: positive numbers with the sum 1.
 *
 * @example
 * ```ts
 * softmax(tensor([0, 0])); // 0.5, 0.5
 * ```
 */
export const softmax = (x: Operand, axis = -1): Tensor => along(softmaxOperation, x, axis);

/** Logarithm of {@link softmax}, accurate also where that is almost 0. */
export const logSoftmax = (x: Operand, axis = -1): Tensor => along(logSoftmaxOperation, x, axis);

/**
 * Cross-entropy −Σ t · ln softmax(logits) of each row of the last axis: `[…, classes], […, classes] → […]`. A class whose
 * target is 0 adds nothing, even if its logit is −∞.
 *
 * @param targets - Probability of each class; for a label, a row of {@link oneHot}.
 */
export function softmaxCrossEntropy(logits: Operand, targets: Operand): Tensor {
  const [x, t] = [operand(logits), operand(targets)];
  if (x.rank === 0 || !sameShape(x.shape, t.shape))
    throw new ShapeError({
      operation: "softmaxCrossEntropy",
      what: "the shape of the targets",
      expected: `[…, classes] like that of the logits, ${showShape(x.shape)}`,
      got: t.shape,
      fix: "turn labels into rows: oneHot(labels, classes)",
    });
  return reshape(record(crossEntropyOperation, [x, t], {}), x.shape.slice(0, -1));
}
