import type { Elementwise } from "@convlens/backend";

/** The expression of one number, from those of the numbers that it is made of. */
export type Expression = (...x: string[]) => string;

/** A call of one of the functions beside this file. */
const call =
  (name: string): Expression =>
  (...x) =>
    `${name}(${x.join(", ")})`;
const between =
  (operator: string): Expression =>
  (a, b) =>
    `(${a} ${operator} ${b})`;

/** How each elementwise operation is computed. What is not a number goes through, but for comparisons, which it fails. */
export const elementwiseFormulas: Readonly<Record<Exclude<keyof Elementwise, "copy">, Expression>> = {
  negate: (x) => `(-${x})`,
  absolute: call("Math.abs"),
  sign: call("signOf"),
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
