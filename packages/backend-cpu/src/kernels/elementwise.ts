import { broadcastSteps, stepsOf, type Kernel, type None, type OperationName } from "@convlens/backend";
import {
  and4,
  calculate4,
  compare4,
  differMask4,
  each4,
  number,
  or4,
  select4,
  zero4,
  type Arithmetic,
  type Comparison,
} from "../assembler/expression.ts";
import type { Block } from "../heap.ts";
import type { Team } from "../team.ts";
import { functions } from "./functions.ts";
import { copied, loopsOf, runLoops, type Pointwise } from "./loops.ts";

const arithmetic =
  (name: Arithmetic): Pointwise =>
  (_, ...x) =>
    calculate4(name, ...x);
/** 1 where it holds, else 0. */
const comparison =
  (name: Comparison): Pointwise =>
  (f, a, b) =>
    and4(compare4(name, a!, b!), f.constant(each4(number(1))));

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
  | "sign"
  | "where"
  | "copy"
>;

/** Operations that are a few instructions. WebAssembly's maximum and minimum give NaN if either is, as they must. */
const plain: Readonly<Record<PlainName, Pointwise>> = {
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
  reciprocal: (f, x) => calculate4("div", f.constant(each4(number(1))), x!),
  relu: (f, x) => calculate4("max", x!, f.constant(zero4)),
  // Its sign bit and those of a 1, where there is anything but 0 and NaN.
  sign: (f, x) => {
    const one = or4(f.constant(each4(number(1))), and4(x!, f.constant(each4(number(-0)))));
    const other = f.keep("other", or4(compare4("eq", x!, f.constant(zero4)), differMask4(x!, x!)));
    return select4(other, x!, one);
  },
  where: (f, condition, a, b) => select4(differMask4(condition!, f.constant(zero4)), a!, b!),
  copy: copied,
};

type PointwiseName = PlainName | keyof typeof functions;
const pointwise: Readonly<Record<PointwiseName, Pointwise>> = { ...plain, ...functions };

/** Kernels of what takes one number of each input and gives one. */
export function elementwiseKernels(team: Team): Record<PointwiseName, Kernel<Block, None>> {
  const kernel =
    (name: PointwiseName): Kernel<Block, None> =>
    ({ inputs, output }) => {
      if (output.includes(0)) return () => undefined;
      const steps = [...inputs.map((shape) => broadcastSteps(shape, output)), stepsOf(output)];
      const run = runLoops(team, name, pointwise[name], loopsOf(output, steps));
      return (from, y) => run(...from.map(({ start }) => start), y.start);
    };
  const names = Object.keys(pointwise) as PointwiseName[];
  return Object.fromEntries(names.map((name) => [name, kernel(name)])) as Record<PointwiseName, Kernel<Block, None>>;
}
