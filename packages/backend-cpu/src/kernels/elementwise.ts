import { broadcastSteps, stepsOf, type Kernel, type None, type OperationName } from "@convlens/backend";
import {
  calculate,
  calculate4,
  compare,
  compare4,
  each4,
  number,
  type Arithmetic,
  type Comparison,
} from "../assembler/expression.ts";
import type { Block, Heap } from "../heap.ts";
import { copied, loopsOf, runLoops, type Pointwise } from "./loops.ts";

const arithmetic = (name: Arithmetic): Pointwise => ({
  one: (...x) => calculate(name, ...x),
  four: (...x) => calculate4(name, ...x),
});
const comparison = (name: Comparison): Pointwise => ({
  one: (a, b) => compare(name, a!, b!),
  four: (a, b) => compare4(name, a!, b!),
});
/** An operation with a constant as its second (or first) number. */
const withConstant = (name: Arithmetic, value: number, first = false): Pointwise => ({
  one: (x) => (first ? calculate(name, number(value), x!) : calculate(name, x!, number(value))),
  four: (x) => (first ? calculate4(name, each4(number(value)), x!) : calculate4(name, x!, each4(number(value)))),
});

/** The operations below. */
type PlainName = Extract<
  OperationName,
  | "add"
  | "subtract"
  | "multiply"
  | "divide"
  | "maximum"
  | "minimum"
  | "equal"
  | "greater"
  | "greaterEqual"
  | "negate"
  | "absolute"
  | "sqrt"
  | "reciprocal"
  | "relu"
  | "copy"
>;

/** Operations that are a few instructions. WebAssembly's maximum and minimum give NaN if either is, as they must. */
const pointwise: Readonly<Record<PlainName, Pointwise>> = {
  add: arithmetic("add"),
  subtract: arithmetic("sub"),
  multiply: arithmetic("mul"),
  divide: arithmetic("div"),
  maximum: arithmetic("max"),
  minimum: arithmetic("min"),
  equal: comparison("eq"),
  greater: comparison("gt"),
  greaterEqual: comparison("ge"),
  negate: arithmetic("neg"),
  absolute: arithmetic("abs"),
  sqrt: arithmetic("sqrt"),
  reciprocal: withConstant("div", 1, true),
  relu: withConstant("max", 0),
  copy: copied,
};

/** Kernels of the operations that are a few instructions. */
export function elementwiseKernels(heap: Heap): Record<PlainName, Kernel<Block, None>> {
  const kernel =
    (name: PlainName): Kernel<Block, None> =>
    ({ inputs, output }) => {
      if (output.includes(0)) return () => undefined;
      const steps = [...inputs.map((shape) => broadcastSteps(shape, output)), stepsOf(output)];
      const run = runLoops(heap, name, pointwise[name], loopsOf(output, steps));
      return (from, y) => run(...from.map(({ start }) => start), y.start);
    };
  const names = Object.keys(pointwise) as PlainName[];
  return Object.fromEntries(names.map((name) => [name, kernel(name)])) as Record<PlainName, Kernel<Block, None>>;
}
