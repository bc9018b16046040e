import {
  elu,
  gelu,
  leakyRelu,
  logSoftmax,
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

/** Options of {@link LeakyRelu}. */
export interface LeakyReluOptions {
  /** Factor of negative numbers. Default: 0.01. */
  readonly slope?: number;
}

/** Options of {@link Elu}. */
export interface EluOptions {
  /** Distance of the lower asymptote from 0. Default: 1. */
  readonly alpha?: number;
}

/** Rectified linear unit: max(x, 0). */
export const Relu: FunctionLayerClass = /* @__PURE__ */ activation("Relu", relu);

/** x, or `slope` · x where x is negative. */
export const LeakyRelu: FunctionLayerClass<LeakyReluOptions> = /* @__PURE__ */ functionLayer<LeakyReluOptions>(
  "LeakyRelu",
  (x, { slope }) => leakyRelu(x, slope),
  { slope: finiteOption },
);

/** Exponential linear unit: x, or `alpha` · (eˣ − 1) where x is negative (Clevert 2015). */
export const Elu: FunctionLayerClass<EluOptions> = /* @__PURE__ */ functionLayer<EluOptions>(
  "Elu",
  (x, { alpha }) => elu(x, alpha),
  { alpha: finiteOption },
);

/** Scaled {@link Elu}, whose constants keep the mean and the variance of activations near 0 and 1 (Klambauer 2017). */
export const Selu: FunctionLayerClass = /* @__PURE__ */ activation("Selu", selu);

/** x · Φ(x), where Φ is the normal distribution function (Hendrycks 2016). */
export const Gelu: FunctionLayerClass = /* @__PURE__ */ activation("Gelu", gelu);

/** x · sigmoid(x), also called SiLU. */
export const Swish: FunctionLayerClass = /* @__PURE__ */ activation("Swish", swish);

/** 1 / (1 + e⁻ˣ) */
export const Sigmoid: FunctionLayerClass = /* @__PURE__ */ activation("Sigmoid", sigmoid);

/** Hyperbolic tangent. */
export const Tanh: FunctionLayerClass = /* @__PURE__ */ activation("Tanh", tanh);

/** ln(1 + eˣ) */
export const Softplus: FunctionLayerClass = /* @__PURE__ */ activation("Softplus", softplus);

/** Probabilities along the last axis: eˣ / Σ eˣ. A loss that takes logits does without it. */
export const Softmax: FunctionLayerClass = /* @__PURE__ */ activation("Softmax", softmax);

/** Logarithm of {@link Softmax}. */
export const LogSoftmax: FunctionLayerClass = /* @__PURE__ */ activation("LogSoftmax", logSoftmax);
