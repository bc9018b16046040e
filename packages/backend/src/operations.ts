import type { Conv2dGeometry, Pool2dGeometry } from "./geometry.ts";
import type { ResizeMode } from "./resampling.ts";
import type { Shape } from "./shape.ts";

/** An operation without attributes. */
export type None = Readonly<Record<never, never>>;
/** The axes that a reduction folds; each stays, with size 1. */
export interface Axes {
  readonly axes: readonly number[];
}
/** One axis. */
export interface OneAxis {
  readonly axis: number;
}
/** Where a convolution's numbers meet. */
export interface Convolution {
  readonly geometry: Conv2dGeometry;
}
/**
 * Gradients that one instruction finds. `dy` is that of the convolution's output `y`; or of what relu makes of it (`relu`), of
 * max pooling over 2 × 2 (`pool`), or of pooling what relu made. Then `y` is the convolution's output, after relu if there is one.
 */
export interface ConvolutionGradients extends Convolution {
  /** The first is the value of the instruction; `result` names the others. `bias` is the sum over all but the last axis. */
  readonly results: readonly ("input" | "filters" | "bias")[];
  readonly relu: boolean;
  readonly pool: boolean;
}
/** Where a pooling's windows lie. */
export interface Pooling {
  readonly geometry: Pool2dGeometry;
}
/** Where a pooling's windows lie, and its norm. */
export interface LpPooling extends Pooling {
  readonly p: number;
}
/** Another height and width. */
export interface Resizing {
  readonly height: number;
  readonly width: number;
  readonly mode: ResizeMode;
}
/** Every `step`-th element from `begin`; a negative step walks backwards. `shape` is the result's. */
export interface Section {
  readonly begin: readonly number[];
  readonly step: readonly number[];
  readonly shape: Shape;
}
/** Over which axes, and what is added to the variance before its root. */
export interface Normalization {
  readonly axes: readonly number[];
  readonly epsilon: number;
}
/** One operation of a chain: an elementwise one, and what it reads, by number: the inputs of the chain, then its steps. */
export interface ChainStep<K extends OperationName = OperationName> {
  readonly operation: K;
  readonly inputs: readonly number[];
  readonly attributes: Operations[K];
}
/** Elementwise operations that follow one another, at most 16; the last one gives the result, inputs broadcast to its shape. */
export interface Chain {
  readonly steps: readonly ChainStep[];
}

/**
 * The vocabulary between tensors and backends: every operation with its attributes. The meaning of each is its kernel in
 * `backend-reference`. Open: a package adds a word with `declare module "@convlens/backend" { interface Operations { … } }`.
 */
export interface Operations {
  // Elementwise, of one tensor.
  negate: None;
  absolute: None;
  sign: None;
  exp: None;
  expm1: None;
  log: None;
  log1p: None;
  sqrt: None;
  reciprocal: None;
  sin: None;
  cos: None;
  tanh: None;
  erf: None;
  sigmoid: None;
  relu: None;
  // Elementwise, of two tensors that broadcast.
  add: None;
  subtract: None;
  multiply: None;
  divide: None;
  power: None;
  maximum: None;
  minimum: None;
  /** 1 where true, 0 where not; so are the two below. */
  equal: None;
  greater: None;
  greaterEqual: None;
  /** `condition, a, b`, which broadcast: `a` where the condition is not 0. */
  where: None;
  // Reductions.
  sum: Axes;
  max: Axes;
  /** The place of the first maximum along an axis, which stays with size 1; a NaN counts as a maximum. */
  argmax: OneAxis;
  // Movement.
  /** The same numbers in the same order; plans alias it, so that it costs nothing. */
  reshape: { readonly shape: Shape };
  /** The same numbers in memory of their own. */
  copy: None;
  broadcast: { readonly shape: Shape };
  transpose: { readonly order: readonly number[] };
  slice: Section;
  /** The adjoint of `slice`: zeros, with the input laid where the slice would have read. `shape` is the result's. */
  place: Section;
  concat: OneAxis;
  /** `x, indices`: the rows of `x` (along axis 0) that the indices name; NaN for an index that is none. */
  gather: None;
  /** The adjoint of `gather`: `rows, indices`; adds each row where its index says; an index that is none is passed over. */
  scatter: { readonly size: number };
  // Products.
  /** Of matrices `[…, m, k]` and `[…, k, n]`, each transposed first if asked; leading axes are equal. */
  matmul: { readonly transposeA: boolean; readonly transposeB: boolean };
  conv2d: Convolution;
  /** `dy, filters` */
  conv2dInputGradient: Convolution;
  /** `dy, x` */
  conv2dFilterGradient: Convolution;
  // Pooling.
  /** The largest under each window; padding never wins, a NaN always does, the first of equals is the winner. */
  maxPool2d: Pooling;
  /** `dy, x`: adds each `dy` where its window's winner in `x` lies. */
  maxPool2dGradient: Pooling;
  /** `v, x`: the element of `v` where each window's winner in `x` lies. */
  maxPool2dSelect: Pooling;
  sumPool2d: Pooling;
  sumPool2dGradient: Pooling;
  // Random numbers.
  /** Of a seed of two whole numbers below 2²⁴: uniform in [0, 1), a multiple of 2⁻²⁴. */
  randomUniform: { readonly shape: Shape; readonly stream: number };
  // Composites: sent whole to a backend that supports them, else as what they are made of.
  softmax: None;
  /** `dy, y`: y · (dy − Σ dy·y) in each row of the last axis. */
  softmaxGradient: None;
  logSoftmax: None;
  /** `dy, y`: dy − eʸ · Σ dy */
  logSoftmaxGradient: None;
  /** `logits, targets`: one loss for each row of the last axis, which stays with size 1. A target of 0 adds nothing. */
  softmaxCrossEntropy: None;
  /** ln(1 + eˣ) */
  softplus: None;
  /** `logits, targets` of one shape: −t · ln σ(x) − (1 − t) · ln(1 − σ(x)) of every number. */
  sigmoidCrossEntropy: None;
  /** `dy, logits, targets`: of the logits, dy · (softmax(logits) · Σ targets − targets). */
  softmaxCrossEntropyGradient: None;
  /** Mean and variance over the axes, which stay with size 1: `[2, …]`. */
  moments: Axes;
  /** `x, moments, scale, shift`: (x − mean) / √(variance + epsilon) · scale + shift, the last two the same along the axes. */
  normalize: Normalization;
  /** `dy, x, moments`: Σ dy and Σ dy · x̂ over the axes, where x̂ is the normalised x: `[2, …]`. */
  normalizeSums: Normalization;
  /** `dy, x, moments, sums, scale`: scale / √(variance + epsilon) · (dy − Σ dy / n − x̂ · Σ dy·x̂ / n). */
  normalizeGradient: Normalization;
  /** `(Σ |x|^p)^(1/p)` under each window. */
  lpPool2d: LpPooling;
  /** `dy, x, y`: Σ dy · sign(x) · |x|^(p − 1) / y^(p − 1) of the windows above each x, without those whose y is 0. */
  lpPool2dGradient: LpPooling;
  /** `x` `[n, h, w, c]` resampled to this height and width. */
  resize: Resizing;
  /** The adjoint of `resize`: `dy`, of which each pixel is added to those that it came from; height and width are theirs. */
  resizeGradient: Resizing;
  /** `old, fresh`: `keep · old + (1 − keep) · fresh` */
  movingAverage: { readonly keep: number };
  /** `velocity, gradient`: `momentum · velocity + gradient` */
  momentumStep: { readonly momentum: number };
  /** `parameter, gradient, rate`: `parameter − rate · gradient` */
  sgdStep: None;
  /** `parameter, first, second, rate, correction1, correction2`: `parameter − rate · (first / correction1) / (√(second / correction2) + epsilon)` */
  adamStep: { readonly epsilon: number };
  // Fusions, made from the program after differentiation for a backend that supports them.
  /** `x, filters, bias` */
  conv2dBias: Convolution;
  /** `x, filters, bias` */
  conv2dBiasRelu: Convolution;
  /** At most 8 inputs, or what the backend says (`mostInputs`). */
  pointwise: Chain;
  /**
   * `dy, x, filters`, and `y` where it is looked at: several gradients of one convolution, see {@link ConvolutionGradients}.
   * Written only by a backend's own `join`.
   */
  conv2dGradients: ConvolutionGradients;
  /**
   * Another result of the instruction that makes the input, and computed together with that. Backends have no kernel for it: the
   * kernel of that instruction is given its memory.
   */
  result: { readonly index: number };
  /** The sum over axes of a chain, the results of which have `shape`; so have its inputs, or they are one number. */
  pointwiseSum: Chain & Axes & { readonly shape: Shape };
}

/** Operations that stand for several that were recorded, and were joined in the program. */
export const fusions: ReadonlySet<OperationName> = /* @__PURE__ */ new Set<OperationName>([
  "conv2dBias",
  "conv2dBiasRelu",
  "conv2dGradients",
  "result",
  "pointwise",
  "pointwiseSum",
]);

/** The name of an operation. */
export type OperationName = keyof Operations & string;

/**
 * Operations that read each element of an equally shaped input only to write the same element of the output, and which may
 * therefore be computed in the memory of that input.
 */
export const elementwise: ReadonlySet<OperationName> = /* @__PURE__ */ new Set<OperationName>([
  ...(["negate", "absolute", "sign", "exp", "expm1", "log", "log1p", "sqrt", "reciprocal", "sin", "cos"] as const),
  ...(["tanh", "erf", "sigmoid", "relu", "copy", "add", "subtract", "multiply", "divide", "power"] as const),
  ...(["maximum", "minimum", "equal", "greater", "greaterEqual", "where"] as const),
  ...(["movingAverage", "momentumStep", "sgdStep", "adamStep", "pointwise"] as const),
]);
