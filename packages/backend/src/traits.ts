import type { OperationName, OwnOperationName } from "./operations.ts";
import { runTraitsOf, type RunTraits } from "./runTraits.ts";

/** Properties of an operation that hold whatever its inputs are. */
export interface Traits extends RunTraits {
  /**
   * How the result depends on the inputs. `linear`: in all inputs together. `curve`: a smooth function of the first input.
   * `choice`: linear in pieces; the values decide which piece. `step`: no gradient flows. `product`: linear in each input.
   * `quotient`: of two inputs. `mixed`: anything else. `fusion`: as the operations that were joined.
   */
  readonly kind: "linear" | "curve" | "choice" | "step" | "product" | "quotient" | "mixed" | "fusion";
  /** A window moves over the input, as in a convolution, or over the result, as in a transposed convolution. */
  readonly slides?: "input" | "output";
  /** Sums of products of the first input with the second, which holds weights where a layer records it. */
  readonly weighs?: true;
  /** What it computes of the elements along axes or under a window. */
  readonly folds?: "sum" | "largest" | "norm";
  /** Bounds of the values of an activation function. */
  readonly bounds?: readonly [low: number, high: number];
}

type Meaning = Omit<Traits, keyof RunTraits>;

const linear: Meaning = { kind: "linear" };
const choice: Meaning = { kind: "choice" };
const step: Meaning = { kind: "step" };
const curve: Meaning = { kind: "curve" };
const product: Meaning = { kind: "product" };
const quotient: Meaning = { kind: "quotient" };
const mixed: Meaning = { kind: "mixed" };
const fusion: Meaning = { kind: "fusion" };

/** What every operation means. Run traits stand in a table of their own. */
const meanings: { readonly [K in OwnOperationName]: Meaning } = {
  negate: linear,
  absolute: choice,
  sign: step,
  floor: step,
  exp: curve,
  expm1: curve,
  log: curve,
  log1p: curve,
  sqrt: curve,
  reciprocal: curve,
  sin: curve,
  cos: curve,
  tanh: { kind: "curve", bounds: [-1, 1] },
  erf: curve,
  sigmoid: { kind: "curve", bounds: [0, 1] },
  relu: { kind: "curve", bounds: [0, Infinity] },
  copy: step,
  add: linear,
  subtract: linear,
  multiply: product,
  divide: quotient,
  power: curve,
  maximum: choice,
  minimum: choice,
  equal: step,
  greater: step,
  greaterEqual: step,
  where: choice,
  sum: { kind: "linear", folds: "sum" },
  max: { kind: "choice", folds: "largest" },
  argmax: step,
  reshape: linear,
  broadcast: linear,
  transpose: linear,
  slice: linear,
  place: linear,
  concat: linear,
  gather: linear,
  scatter: linear,
  matmul: { kind: "product", weighs: true },
  conv2d: { kind: "product", slides: "input", weighs: true },
  conv2dInputGradient: { kind: "product", slides: "output", weighs: true },
  conv2dFilterGradient: { kind: "product", slides: "input" },
  maxPool2d: { kind: "choice", slides: "input", folds: "largest" },
  maxPool2dGradient: { kind: "choice", slides: "output" },
  maxPool2dSelect: { kind: "choice", slides: "input" },
  sumPool2d: { kind: "linear", slides: "input", folds: "sum" },
  sumPool2dGradient: { kind: "linear", slides: "output" },
  randomUniform: step,
  softmax: mixed,
  softmaxGradient: mixed,
  logSoftmax: mixed,
  logSoftmaxGradient: mixed,
  softmaxCrossEntropy: mixed,
  softmaxCrossEntropyGradient: mixed,
  softplus: { kind: "curve", bounds: [0, Infinity] },
  sigmoidCrossEntropy: mixed,
  moments: mixed,
  normalize: mixed,
  normalizeSums: mixed,
  normalizeGradient: mixed,
  lpPool2d: { kind: "mixed", slides: "input", folds: "norm" },
  lpPool2dGradient: { kind: "mixed", slides: "output" },
  resize: linear,
  resizeGradient: linear,
  movingAverage: linear,
  momentumStep: linear,
  sgdStep: mixed,
  adamStep: mixed,
  conv2dBias: { kind: "fusion", slides: "input" },
  conv2dBiasRelu: { kind: "fusion", slides: "input" },
  pointwise: fusion,
  pointwiseSum: fusion,
  conv2dGradients: fusion,
  result: fusion,
};

/**
 * Returns the traits of an operation. Those of an unknown operation, or of none, are those of a `mixed` one. Code that needs a set of
 * operations filters by traits instead of listing names.
 */
export const traitsOf = (operation: OperationName | undefined): Traits => ({
  ...((meanings as { readonly [name: string]: Meaning | undefined })[operation ?? ""] ?? mixed),
  ...runTraitsOf(operation),
});
