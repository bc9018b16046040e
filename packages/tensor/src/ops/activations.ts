import { sameShape, ShapeError, showShape } from "@convlens/backend";
import type { Operation } from "../operation.ts";
import { operand, record, type Operand } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import {
  absolute,
  add,
  clip,
  divide,
  equal,
  erf,
  exp,
  expm1,
  greater,
  log1p,
  minimum,
  multiply,
  negate,
  relu,
  sigmoid,
  subtract,
  where,
} from "./elementwise.ts";

/** x, or `negativeSlope` · x where it is negative. */
export const leakyRelu = (x: Operand, negativeSlope = 0.01): Tensor =>
  multiply(x, where(greater(x, 0), 1, negativeSlope));

/** x, or `alpha` · (eˣ − 1) where it is negative (Clevert 2015). */
export const elu = (x: Operand, alpha = 1): Tensor => add(relu(x), multiply(expm1(minimum(x, 0)), alpha));

/** elu with the two constants that keep the activations of a deep net normalized (Klambauer 2017). */
export const selu = (x: Operand): Tensor => multiply(elu(x, 1.6732632423543772), 1.0507009873554805);

/** x · Φ(x), with the normal distribution Φ (Hendrycks 2016). */
export const gelu = (x: Operand): Tensor => multiply(multiply(x, 0.5), add(erf(multiply(x, Math.SQRT1_2)), 1));

/** x · sigmoid(x), also called SiLU. */
export const swish = (x: Operand): Tensor => multiply(x, sigmoid(x));

/** A piecewise linear sigmoid: 0 up to −3, 1 from 3 on, x / 6 + 1 / 2 between (Howard 2019). */
export const hardSigmoid = (x: Operand): Tensor => clip(divide(add(x, 3), 6), 0, 1);

/** x · hardSigmoid(x), a {@link swish} without exponentials (Howard 2019). */
export const hardSwish = (x: Operand): Tensor => multiply(x, hardSigmoid(x));

// The parts of the lowering have a kink at 0 and their sum has none, so it has its own gradient rule.
const softplusOperation: Operation<"softplus"> = {
  name: "softplus",
  shape: ([x]) => x,
  gradient: (dy, { inputs: [x] }) => [multiply(dy, sigmoid(x))],
  lower: ([x]) => add(relu(x), log1p(exp(negate(absolute(x))))),
};

/** ln(1 + eˣ), a smooth ReLU, without overflow. */
export const softplus = (x: Operand): Tensor => record(softplusOperation, [x], {});

const sigmoidCrossEntropyOperation: Operation<"sigmoidCrossEntropy"> = {
  name: "sigmoidCrossEntropy",
  shape: ([logits]) => logits,
  gradient: (dy, { inputs: [logits, targets] }) => [
    multiply(dy, subtract(sigmoid(logits), targets)),
    negate(multiply(dy, logits)),
  ],
  // ln(1 + e^−|x|) + (1 − t) · max(x, 0) + t · max(−x, 0), where a product with 0 is 0 also for an infinite x
  lower: ([x, t]) => {
    const share = where(greater(x, 0), subtract(1, t), t);
    const size = absolute(x);
    return add(log1p(exp(negate(size))), where(equal(share, 0), 0, multiply(share, size)));
  },
};

/**
 * Cross-entropy −t · ln σ(x) − (1 − t) · ln(1 − σ(x)) of each element, with the sigmoid σ, without overflow.
 *
 * @param logits - Any shape.
 * @param targets - The same shape, from 0 to 1.
 *
 * @example
 * ```ts
 * sigmoidCrossEntropy(tensor([0, 2]), tensor([0, 1])); // 0.6931, 0.1269
 * ```
 */
export function sigmoidCrossEntropy(logits: Operand, targets: Operand): Tensor {
  const [x, t] = [operand(logits), operand(targets)];
  if (!sameShape(x.shape, t.shape))
    throw new ShapeError({
      operation: "sigmoidCrossEntropy",
      what: "the shape of the targets",
      expected: `that of the logits, ${showShape(x.shape)}`,
      got: t.shape,
      fix: "reshape one of them",
    });
  return record(sigmoidCrossEntropyOperation, [x, t], {});
}
