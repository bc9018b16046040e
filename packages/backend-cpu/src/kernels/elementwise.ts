import type { OperationName } from "@convlens/backend";
import {
  and4,
  calculate4,
  compare4,
  differMask4,
  or4,
  relu4,
  select4,
  zero4,
  type Arithmetic,
  type Comparison,
} from "../assembler/expression.ts";
import { copied, type Pointwise } from "./chain.ts";
import { functions } from "./functions.ts";

const arithmetic =
  (name: Arithmetic): Pointwise =>
  (_, a, b) =>
    calculate4(name, a!, b);
/** 1 where it holds, else 0. */
const comparison =
  (name: Comparison): Pointwise =>
  (f, a, b) =>
    and4(compare4(name, a!, b!), f.constant4(1));

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
  reciprocal: (f, x) => calculate4("div", f.constant4(1), x!),
  // The maximum proper would look for NaN in both, and take twice as long.
  relu: (_, x) => relu4(x!),
  // Its sign bit and those of a 1, where there is anything but 0 and NaN.
  sign: (f, x) => {
    const one = or4(f.constant4(1), and4(x!, f.constant4(-0)));
    const other = f.keep("other", or4(compare4("eq", x!, f.constant(zero4)), differMask4(x!, x!)));
    return select4(other, x!, one);
  },
  where: (f, condition, a, b) => select4(differMask4(condition!, f.constant(zero4)), a!, b!),
  copy: copied,
};

/** What takes one number of each input and gives one. */
export const elementwiseFormulas: Readonly<Record<PlainName | keyof typeof functions, Pointwise>> = {
  ...plain,
  ...functions,
};
