import type { Conv2dGeometry, Pool2dGeometry } from "./geometry.ts";
import type { ResizeMode } from "./resampling.ts";
import type { Shape } from "./shape.ts";

/** Stands for a tensor among the inputs of an {@link Op}. */
export type Input = unknown;
/** An operation: its inputs, in order and by name, and its attributes. */
export interface Op<In extends readonly Input[] = readonly Input[], Attributes = unknown> {
  readonly inputs: In;
  readonly attributes: Attributes;
}
/** An operation on one tensor. */
export type UnaryOp<Attributes = None> = Op<[x: Input], Attributes>;
/** An operation on two tensors. */
export type BinaryOp<Attributes = None> = Op<[a: Input, b: Input], Attributes>;

/** No attributes. */
export type None = Readonly<Record<never, never>>;
/** The axes that a reduction folds; each stays, with size 1. */
export interface Axes {
  readonly axes: readonly number[];
}
/** One axis. */
export interface OneAxis {
  readonly axis: number;
}
/** Geometry of a convolution. */
export interface Convolution {
  readonly geometry: Conv2dGeometry;
}
/**
 * Gradients that one instruction computes. `dy` is the gradient of the convolution's output `y`, of relu after it (`relu`), of
 * 2 × 2 max pooling after it (`pool`), or of pooling after relu. Then `y` is the convolution's output, after relu if there is one.
 */
export interface ConvolutionGradients extends Convolution {
  /** The first is the value of the instruction; `result` names the others. `bias` is the sum over all but the last axis. */
  readonly results: readonly ("input" | "filters" | "bias")[];
  readonly relu: boolean;
  readonly pool: boolean;
}
/** Geometry of a pooling. */
export interface Pooling {
  readonly geometry: Pool2dGeometry;
}
/** Geometry of a pooling, and its norm. */
export interface LpPooling extends Pooling {
  readonly p: number;
}
/** Another height and width. */
export interface Resizing {
  readonly height: number;
  readonly width: number;
  readonly mode: ResizeMode;
  readonly alignCorners: boolean;
}
/** Every `step`-th element from `begin`; a negative step walks backwards. `shape` is the shape of the result. */
export interface Section {
  readonly begin: readonly number[];
  readonly step: readonly number[];
  readonly shape: Shape;
}
/** The axes of a normalization, and the number that is added to the variance before the square root. */
export interface Normalization extends Axes {
  readonly epsilon: number;
}
/** One operation of a chain: an elementwise one, and what it reads, by number: the inputs of the chain, then its steps. */
export interface ChainStep<K extends OperationName = OperationName> {
  readonly operation: K;
  readonly inputs: readonly number[];
  readonly attributes: Attributes<K>;
}
/** Elementwise operations that follow one another, at most 16; the last one gives the result, inputs broadcast to its shape. */
export interface Chain {
  readonly steps: readonly ChainStep[];
}

/** Operations number by number; inputs broadcast. */
export interface Elementwise {
  negate: UnaryOp;
  absolute: UnaryOp;
  sign: UnaryOp;
  /** The largest whole number that is not above x. */
  floor: UnaryOp;
  exp: UnaryOp;
  expm1: UnaryOp;
  log: UnaryOp;
  log1p: UnaryOp;
  sqrt: UnaryOp;
  reciprocal: UnaryOp;
  sin: UnaryOp;
  cos: UnaryOp;
  tanh: UnaryOp;
  erf: UnaryOp;
  sigmoid: UnaryOp;
  relu: UnaryOp;
  /** The same numbers in memory of their own. */
  copy: UnaryOp;
  add: BinaryOp;
  subtract: BinaryOp;
  multiply: BinaryOp;
  divide: BinaryOp;
  power: BinaryOp;
  maximum: BinaryOp;
  minimum: BinaryOp;
  /** 1 where true, 0 where not; so are the two below. */
  equal: BinaryOp;
  greater: BinaryOp;
  greaterEqual: BinaryOp;
  /** `a` where the condition is not 0, else `b`. */
  where: Op<[condition: Input, a: Input, b: Input], None>;
}

/** Operations that make one number of many along axes, which stay with size 1. */
export interface Reductions {
  sum: UnaryOp<Axes>;
  /** The largest; a NaN counts as the largest. */
  max: UnaryOp<Axes>;
  /** The index of the first maximum; a NaN counts as a maximum. */
  argmax: UnaryOp<OneAxis>;
}

/** Operations that put numbers in other places. */
export interface Movements {
  /** The same numbers in the same order; memory plans alias it, so that it costs nothing. */
  reshape: UnaryOp<{ readonly shape: Shape }>;
  broadcast: UnaryOp<{ readonly shape: Shape }>;
  transpose: UnaryOp<{ readonly order: readonly number[] }>;
  slice: UnaryOp<Section>;
  /** The adjoint of `slice`: zeros, with the input laid where the slice would have read. `shape` is the shape of the result. */
  place: UnaryOp<Section>;
  concat: Op<[first: Input, ...others: Input[]], OneAxis>;
  /** The rows of `x` (along axis 0) that the indices name; NaN for an index that is out of range. */
  gather: Op<[x: Input, indices: Input], None>;
  /** The adjoint of `gather`: adds each row where its index says; an index that is out of range is skipped. */
  scatter: Op<[rows: Input, indices: Input], { readonly size: number }>;
}

/** Sums of products. */
export interface Products {
  /** Of matrices `[…, m, k]` and `[…, k, n]`, each transposed first if asked; leading axes are equal. */
  matmul: BinaryOp<{ readonly transposeA: boolean; readonly transposeB: boolean }>;
  conv2d: Op<[x: Input, filters: Input], Convolution>;
  conv2dInputGradient: Op<[dy: Input, filters: Input], Convolution>;
  conv2dFilterGradient: Op<[dy: Input, x: Input], Convolution>;
}

/** Operations on the numbers under a window, channel by channel. */
export interface Poolings {
  /** The largest under each window; padding never wins, a NaN always does, the first of equals is the winner. */
  maxPool2d: UnaryOp<Pooling>;
  /** Adds each `dy` where its window's winner in `x` lies. */
  maxPool2dGradient: Op<[dy: Input, x: Input], Pooling>;
  /** The element of `v` where each window's winner in `x` lies. */
  maxPool2dSelect: Op<[v: Input, x: Input], Pooling>;
  sumPool2d: UnaryOp<Pooling>;
  sumPool2dGradient: Op<[dy: Input], Pooling>;
}

/** Operations that every backend computes, by a kernel of its own or by that of `backend-reference`, which defines their meaning. */
export interface Primitives extends Elementwise, Reductions, Movements, Products, Poolings {
  /** From a seed of two whole numbers below 2²⁴: uniform in [0, 1), multiples of 2⁻²⁴. */
  randomUniform: Op<[seed: Input], { readonly shape: Shape; readonly stream: number }>;
}

/** Normalizations over axes. They stay with size 1 in the moments, mean and variance: `[2, …]`. */
export interface Normalizations {
  moments: UnaryOp<Axes>;
  /** (x − mean) / √(variance + epsilon) · scale + shift, the last two the same along the axes. */
  normalize: Op<[x: Input, moments: Input, scale: Input, shift: Input], Normalization>;
  /** Σ dy and Σ dy · x̂ over the axes, where x̂ is the normalized x: `[2, …]`. */
  normalizeSums: Op<[dy: Input, x: Input, moments: Input], Normalization>;
  /** scale / √(variance + epsilon) · (dy − Σ dy / n − x̂ · Σ dy·x̂ / n). */
  normalizeGradient: Op<[dy: Input, x: Input, moments: Input, sums: Input, scale: Input], Normalization>;
}

/** New values of what an optimizer updates, number by number. */
export interface OptimizerSteps {
  /** `keep · old + (1 − keep) · fresh` */
  movingAverage: Op<[old: Input, fresh: Input], { readonly keep: number }>;
  /** `momentum · velocity + gradient` */
  momentumStep: Op<[velocity: Input, gradient: Input], { readonly momentum: number }>;
  /** `parameter − rate · gradient` */
  sgdStep: Op<[parameter: Input, gradient: Input, rate: Input], None>;
  /** `parameter − rate · (first / correction1) / (√(second / correction2) + epsilon)` */
  adamStep: Op<
    [parameter: Input, first: Input, second: Input, rate: Input, correction1: Input, correction2: Input],
    { readonly epsilon: number }
  >;
}

/** Operations on each row of the last axis. */
export interface RowOperations {
  softmax: UnaryOp;
  /** y · (dy − Σ dy·y) */
  softmaxGradient: Op<[dy: Input, y: Input], None>;
  logSoftmax: UnaryOp;
  /** dy − eʸ · Σ dy */
  logSoftmaxGradient: Op<[dy: Input, y: Input], None>;
  /** One loss for each row, which stays with size 1. A target of 0 adds nothing. */
  softmaxCrossEntropy: Op<[logits: Input, targets: Input], None>;
  /** The gradient of the logits: dy · (softmax(logits) · Σ targets − targets). */
  softmaxCrossEntropyGradient: Op<[dy: Input, logits: Input, targets: Input], None>;
}

/** Operations made of others: sent whole to a backend that supports them, else as what they are made of. */
export interface Composites extends RowOperations, Normalizations, OptimizerSteps {
  /** ln(1 + eˣ) */
  softplus: UnaryOp;
  /** −t · ln σ(x) − (1 − t) · ln(1 − σ(x)) of every logit x and target t; both have one shape. */
  sigmoidCrossEntropy: Op<[logits: Input, targets: Input], None>;
  /** `(Σ |x|^p)^(1/p)` under each window. */
  lpPool2d: UnaryOp<LpPooling>;
  /** Σ dy · sign(x) · |x|^(p − 1) / y^(p − 1) of the windows above each x, without those whose y is 0. */
  lpPool2dGradient: Op<[dy: Input, x: Input, y: Input], LpPooling>;
  /** `x` `[n, h, w, c]` resampled to this height and width. */
  resize: UnaryOp<Resizing>;
  /** The adjoint of `resize`: adds each pixel of `dy` to the pixels that it came from; height and width are theirs. */
  resizeGradient: Op<[dy: Input], Resizing>;
}

/** Operations that only finished programs have, after differentiation: several joined for a backend that supports them. */
export interface Fusions {
  conv2dBias: Op<[x: Input, filters: Input, bias: Input], Convolution>;
  conv2dBiasRelu: Op<[x: Input, filters: Input, bias: Input], Convolution>;
  /** At most 8 inputs, or what the backend says (`mostInputs`). */
  pointwise: Op<readonly Input[], Chain>;
  /** The sum over axes of a chain, the results of which have `shape`; so have its inputs, or they are one number. */
  pointwiseSum: Op<readonly Input[], Chain & Axes & { readonly shape: Shape }>;
  /**
   * Several gradients of one convolution, see {@link ConvolutionGradients}; `y` where it is read. Written only by a backend's own
   * `join`.
   */
  conv2dGradients: Op<[dy: Input, x: Input, filters: Input, ...y: Input[]], ConvolutionGradients>;
  /**
   * Another result of the instruction that makes the input, computed together with it. It has no kernel: the kernel of that
   * instruction is given its memory.
   */
  result: UnaryOp<{ readonly index: number }>;
}

/**
 * The vocabulary between tensors and backends: every operation with its inputs and attributes. Open: a package adds an operation
 * with `declare module "@convlens/backend" { interface Operations { … } }`.
 */
export interface Operations extends Primitives, Composites, Fusions {}

/** The name of an operation. */
export type OperationName = keyof Operations & string;
/** The name of an operation of this package. Tables that must be complete are over these. */
export type OwnOperationName = keyof Primitives | keyof Composites | keyof Fusions;
/** Attributes of an operation. */
export type Attributes<K extends OperationName> = Operations[K]["attributes"];
/** A list as long as another one, of elements of type `T`. */
export type TupleOf<List extends readonly unknown[], T> = { readonly [I in keyof List]: T };
/** One `T` for each input of an operation, in order: its shapes, its tensors, its memory. */
export type Inputs<O extends Op, T> = TupleOf<O["inputs"], T>;
