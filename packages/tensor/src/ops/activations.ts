import { operand, type Operand } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import {
  absolute,
  add,
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
  where,
} from "./elementwise.ts";

/** x, or `slope` · x where it is negative. */
export const leakyRelu = (x: Operand, slope = 0.01): Tensor => multiply(x, where(greater(x, 0), 1, slope));

/** x, or `alpha` · (eˣ − 1) where it is negative (Clevert 2015). */
export const elu = (x: Operand, alpha = 1): Tensor => add(relu(x), multiply(expm1(minimum(x, 0)), alpha));

/** elu with the two constants that keep a deep net's activations normalised (Klambauer 2017). */
export const selu = (x: Operand): Tensor => multiply(elu(x, 1.6732632423543772), 1.0507009873554805);

/** x · Φ(x), with the normal distribution Φ (Hendrycks 2016). */
export const gelu = (x: Operand): Tensor => multiply(multiply(x, 0.5), add(erf(multiply(x, Math.SQRT1_2)), 1));

/** x · sigmoid(x), also called SiLU. */
export const swish = (x: Operand): Tensor => multiply(x, sigmoid(x));

/** ln(1 + eˣ), the smooth relu; without overflow. */
export function softplus(x: Operand): Tensor {
  const from = operand(x);
  return add(relu(from), log1p(exp(negate(absolute(from)))));
}
