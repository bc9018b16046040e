import {
  elu,
  gelu,
  hardSigmoid,
  hardSwish,
  leakyRelu,
  logSoftmax,
  minimum,
  relu,
  selu,
  sigmoid,
  softmax,
  softplus,
  swish,
  tanh,
  finiteOption,
  type Tensor,
} from "@convlens/tensor";
import { functionLayer, type FunctionLayerClass } from "./functionLayer.ts";

const activation = (name: string, f: (x: Tensor) => Tensor): FunctionLayerClass => functionLayer(name, (x) => f(x), {});

/** Options of {@link LeakyReLU}. */
export interface LeakyReLUOptions {
  /** Factor of negative inputs. Default: 0.01. */
  readonly negativeSlope?: number;
}

/** Options of {@link ELU}. */
export interface ELUOptions {
  /** Distance of the lower asymptote from 0. Default: 1. */
  readonly alpha?: number;
}

/** Rectified linear unit: max(x, 0). */
export const ReLU: FunctionLayerClass = /* @__PURE__ */ activation("ReLU", relu);

/**
 * A {@link ReLU} with an upper limit: min(max(x, 0), 6).
 *
 * @example
 * ```ts
 * new ReLU6().call(tensor([-1, 2, 7])); // 0, 2, 6
 * ```
 */
export const ReLU6: FunctionLayerClass = /* @__PURE__ */ activation("ReLU6", (x) => minimum(relu(x), 6));

/** x, or `negativeSlope` · x where x is negative; {@link PReLU} learns the slope. */
export const LeakyReLU: FunctionLayerClass<LeakyReLUOptions> = /* @__PURE__ */ functionLayer<LeakyReLUOptions>(
  "LeakyReLU",
  (x, { negativeSlope }) => leakyRelu(x, negativeSlope),
  { negativeSlope: finiteOption },
);

/** Exponential linear unit: x, or `alpha` · (eˣ − 1) where x is negative (Clevert 2015). */
export const ELU: FunctionLayerClass<ELUOptions> = /* @__PURE__ */ functionLayer<ELUOptions>(
  "ELU",
  (x, { alpha }) => elu(x, alpha),
  { alpha: finiteOption },
);

/** Scaled {@link ELU}, whose constants keep the mean and the variance of activations near 0 and 1 (Klambauer 2017). */
export const SELU: FunctionLayerClass = /* @__PURE__ */ activation("SELU", selu);

/** x · Φ(x), where Φ is the normal distribution function (Hendrycks 2016). */
export const GELU: FunctionLayerClass = /* @__PURE__ */ activation("GELU", gelu);

/** x · sigmoid(x), also called SiLU. */
export const Swish: FunctionLayerClass = /* @__PURE__ */ activation("Swish", swish);

/**
 * x · (x / 6 + 1 / 2), where the second factor is limited to 0 to 1: a {@link Swish} without exponentials (Howard 2019).
 *
 * @example
 * ```ts
 * new HardSwish().call(tensor([-3, 0, 1.5, 3])); // 0, 0, 1.125, 3
 * ```
 */
export const HardSwish: FunctionLayerClass = /* @__PURE__ */ activation("HardSwish", hardSwish);

/** 1 / (1 + e⁻ˣ) */
export const Sigmoid: FunctionLayerClass = /* @__PURE__ */ activation("Sigmoid", sigmoid);

/**
 * A piecewise linear {@link Sigmoid}: x / 6 + 1 / 2, limited to 0 to 1 (Howard 2019).
 *
 * @example
 * ```ts
 * new HardSigmoid().call(tensor([-3, 0, 1.5, 3])); // 0, 0.5, 0.75, 1
 * ```
 */
export const HardSigmoid: FunctionLayerClass = /* @__PURE__ */ activation("HardSigmoid", hardSigmoid);

/** Hyperbolic tangent. */
export const Tanh: FunctionLayerClass = /* @__PURE__ */ activation("Tanh", tanh);

/** ln(1 + eˣ) */
export const Softplus: FunctionLayerClass = /* @__PURE__ */ activation("Softplus", softplus);

/** Probabilities along the last axis: eˣ / Σ eˣ. A loss that takes logits does without it. */
export const Softmax: FunctionLayerClass = /* @__PURE__ */ activation("Softmax", softmax);

/** Logarithm of {@link Softmax}. */
export const LogSoftmax: FunctionLayerClass = /* @__PURE__ */ activation("LogSoftmax", logSoftmax);
