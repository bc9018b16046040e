import type { Elementwise, Movements, OperationName, OptimizerSteps } from "./operations.ts";

/** Traits of an operation that running and training need. */
export interface RunTraits {
  /**
   * Each element of the result is made of the elements at the same place of the inputs, which broadcast. So it may be computed in
   * the memory of an input of its shape, and be a step of a chain.
   */
  readonly elementwise?: true;
  /** Takes longer than reading a number from memory, so that no chain computes it twice. */
  readonly costly?: true;
  /** The result holds only elements of the first input, in other places. */
  readonly moves?: true;
  /** Keeps the order of the elements along the last axis. */
  readonly increasing?: true;
}

const elementwise = { elementwise: true } as const;
const costly = { elementwise: true, costly: true } as const;
const costlyIncreasing = { ...costly, increasing: true } as const;
const moves = { moves: true } as const;
const increasing = { increasing: true } as const;

type ElementwiseName = keyof Elementwise | keyof OptimizerSteps | "softplus" | "sigmoidCrossEntropy" | "pointwise";
type MovingName = Exclude<keyof Movements, "place" | "concat" | "gather" | "scatter"> | "copy";
type IncreasingName = "softmax" | "logSoftmax";
type Having<K extends string, T extends keyof RunTraits> = {
  readonly [N in K]: RunTraits & Required<Pick<RunTraits, T>>;
};

/**
 * The run traits of the operations that have any. They stand apart from the other traits, since every page loads them. Those with
 * the same traits share an object.
 */
const table: Having<ElementwiseName, "elementwise"> &
  Having<MovingName, "moves"> &
  Having<IncreasingName, "increasing"> = {
  negate: elementwise,
  absolute: elementwise,
  sign: elementwise,
  floor: elementwise,
  exp: costlyIncreasing,
  expm1: costlyIncreasing,
  log: costlyIncreasing,
  log1p: costlyIncreasing,
  sqrt: { elementwise: true, increasing: true },
  reciprocal: elementwise,
  sin: costly,
  cos: costly,
  tanh: costlyIncreasing,
  erf: costlyIncreasing,
  sigmoid: costlyIncreasing,
  relu: elementwise,
  // Recorded by `detach` only, which stops gradients.
  copy: { elementwise: true, moves: true },
  add: elementwise,
  subtract: elementwise,
  multiply: elementwise,
  divide: elementwise,
  power: costly,
  maximum: elementwise,
  minimum: elementwise,
  equal: elementwise,
  greater: elementwise,
  greaterEqual: elementwise,
  where: elementwise,
  reshape: moves,
  broadcast: moves,
  transpose: moves,
  slice: moves,
  softmax: increasing,
  logSoftmax: increasing,
  softplus: costlyIncreasing,
  sigmoidCrossEntropy: elementwise,
  movingAverage: elementwise,
  momentumStep: elementwise,
  sgdStep: elementwise,
  adamStep: elementwise,
  pointwise: elementwise,
};

const none: RunTraits = {};

/** The run traits of an operation by name. */
export const runTraitsOf = (operation: OperationName | undefined): RunTraits =>
  (table as { readonly [name: string]: RunTraits | undefined })[operation ?? ""] ?? none;
