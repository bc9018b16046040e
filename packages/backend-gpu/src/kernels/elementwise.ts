import type { Elementwise } from "@convlens/backend";

/** The expression of an element, from the expressions of its operands. */
export type Expression = (...x: string[]) => string;

/** A call of one of the functions in `functions.ts`. */
const call =
  (name: string): Expression =>
  (...x) =>
    `${name}(${x.join(", ")})`;
const between =
  (operator: string): Expression =>
  (a, b) =>
    `(${a} ${operator} ${b})`;

/** The formula of each elementwise operation. NaN propagates, and fails comparisons. */
export const elementwiseFormulas: Readonly<Record<Exclude<keyof Elementwise, "copy">, Expression>> = {
  negate: (x) => `(-${x})`,
  absolute: call("Math.abs"),
  sign: call("signOf"),
  floor: call("Math.floor"),
  exp: call("exponential"),
  expm1: call("exponentialLess1"),
  log: call("logarithm"),
  log1p: call("logarithmOf1And"),
  sqrt: call("Math.sqrt"),
  reciprocal: (x) => `(1 / ${x})`,
  sin: call("sine"),
  cos: call("cosine"),
  tanh: call("hyperbolicTangent"),
  erf: call("errorFunction"),
  sigmoid: call("logistic"),
  relu: call("rectified"),
  add: between("+"),
  subtract: between("-"),
  multiply: between("*"),
  divide: between("/"),
  power: call("powerOf"),
  maximum: call("largerOf"),
  minimum: call("smallerOf"),
  equal: call("isEqual"),
  greater: call("isGreater"),
  greaterEqual: call("isGreaterOrEqual"),
  where: call("choiceOf"),
};
