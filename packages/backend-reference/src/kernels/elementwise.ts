import {
  broadcastSteps,
  sameShape,
  sizeOf,
  type BinaryOp,
  type Elementwise,
  type Kernel,
  type KernelsOf,
  type Operations,
  type UnaryOp,
  type Values,
} from "@convlens/backend";
import { erf, exp, expm1, cos, log, log1p, power, sigmoid, sin, tanh } from "@convlens/backend/math";
import { lastStep, walkRows } from "./walk.ts";

/** y = f(x) */
const map =
  (f: (x: number) => number): Kernel<Values, UnaryOp> =>
  () =>
  ([x], y) => {
    for (let i = 0; i < y.length; i++) y[i] = f(x[i]!);
  };

/** Writes one row of y; a step of 0 reads the same element again. */
type Row = (
  y: Values,
  start: number,
  length: number,
  a: Values,
  fromA: number,
  stepA: number,
  b: Values,
  fromB: number,
  stepB: number,
) => void;

/** y = f(a, b), with both broadcast to the shape of y; row by row, or as one row where at most scalars are stretched. */
const rows =
  (row: Row): Kernel<Values, BinaryOp> =>
  ({ inputs, output }) => {
    const isFlat = inputs.every((shape) => sizeOf(shape) === 1 || sameShape(shape, output));
    const shape = isFlat ? [sizeOf(output)] : output;
    const steps = inputs.map((input) => broadcastSteps(isFlat ? [sizeOf(input)] : input, shape));
    const [stepA, stepB] = steps.map(lastStep) as [number, number];
    return ([a, b], y) =>
      walkRows(shape, steps, (start, length, fromA, fromB) => row(y, start, length, a, fromA, stepA, b, fromB, stepB));
  };

const zip = (f: (a: number, b: number) => number): Kernel<Values, BinaryOp> =>
  rows((y, start, length, a, p, stepA, b, q, stepB) => {
    for (let i = 0; i < length; i++) y[start + i] = f(a[p + i * stepA]!, b[q + i * stepB]!);
  });

// The four most frequent operations have their own loops: a call for each element would take several times as long.
const add = rows((y, start, length, a, p, stepA, b, q, stepB) => {
  for (let i = 0; i < length; i++) y[start + i] = a[p + i * stepA]! + b[q + i * stepB]!;
});
const subtract = rows((y, start, length, a, p, stepA, b, q, stepB) => {
  for (let i = 0; i < length; i++) y[start + i] = a[p + i * stepA]! - b[q + i * stepB]!;
});
const multiply = rows((y, start, length, a, p, stepA, b, q, stepB) => {
  for (let i = 0; i < length; i++) y[start + i] = a[p + i * stepA]! * b[q + i * stepB]!;
});
const divide = rows((y, start, length, a, p, stepA, b, q, stepB) => {
  for (let i = 0; i < length; i++) y[start + i] = a[p + i * stepA]! / b[q + i * stepB]!;
});

const where: Kernel<Values, Operations["where"]> = ({ inputs, output }) => {
  const steps = inputs.map((shape) => broadcastSteps(shape, output));
  const [stepC, stepA, stepB] = steps.map(lastStep) as [number, number, number];
  return ([condition, a, b], y) =>
    walkRows(output, steps, (start, length, fromC, fromA, fromB) => {
      for (let i = 0; i < length; i++)
        y[start + i] = condition[fromC + i * stepC] !== 0 ? a[fromA + i * stepA]! : b[fromB + i * stepB]!;
    });
};

/** Operations on each element. NaN gives NaN, except in comparisons, which it fails. */
export const elementwiseKernels: KernelsOf<Values, keyof Elementwise> = {
  negate: map((x) => -x),
  absolute: map(Math.abs),
  sign: map(Math.sign),
  floor: map(Math.floor),
  exp: map(exp),
  expm1: map(expm1),
  log: map(log),
  log1p: map(log1p),
  sqrt: map(Math.sqrt),
  reciprocal: map((x) => 1 / x),
  sin: map(sin),
  cos: map(cos),
  tanh: map(tanh),
  erf: map(erf),
  sigmoid: map(sigmoid),
  relu: map((x) => (x < 0 ? 0 : x)),
  copy: map((x) => x),
  add,
  subtract,
  multiply,
  divide,
  power: zip(power),
  maximum: zip(Math.max),
  minimum: zip(Math.min),
  equal: zip((a, b) => (a === b ? 1 : 0)),
  greater: zip((a, b) => (a > b ? 1 : 0)),
  greaterEqual: zip((a, b) => (a >= b ? 1 : 0)),
  where,
};
