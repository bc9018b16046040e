import type { Elementwise } from "@convlens/backend";
import { relu4, select4, zero4 } from "../assembler/expression.ts";
import { f32x4, v128, type Vector } from "../assembler/instructions.ts";
import { copied, type Pointwise } from "./chain.ts";
import { functions } from "./functions.ts";
import type { FurtherFunction } from "./furtherFunctions.ts";

const unary =
  (operation: (a: Vector) => Vector): Pointwise =>
  (_, a) =>
    operation(a);
const binary =
  (operation: (a: Vector, b: Vector) => Vector): Pointwise =>
  (_, a, b) =>
    operation(a, b);
/** 1 where the comparison holds, else 0. */
const comparison =
  (operation: (a: Vector, b: Vector) => Vector): Pointwise =>
  (f, a, b) =>
    v128.and(operation(a, b), f.constant4(1));

/** Formulas of elementwise operations that most models need. */
export const elementwiseFormulas: Readonly<Record<Exclude<keyof Elementwise, FurtherFunction>, Pointwise>> = {
  ...functions,
  add: binary(f32x4.add),
  subtract: binary(f32x4.sub),
  multiply: binary(f32x4.mul),
  divide: binary(f32x4.div),
  maximum: binary(f32x4.max),
  minimum: binary(f32x4.min),
  equal: comparison(f32x4.eq),
  greater: comparison(f32x4.gt),
  greaterEqual: comparison(f32x4.ge),
  negate: unary(f32x4.neg),
  absolute: unary(f32x4.abs),
  sqrt: unary(f32x4.sqrt),
  floor: unary(f32x4.floor),
  reciprocal: (f, x) => f32x4.div(f.constant4(1), x),
  relu: unary(relu4),
  // A 1 with the sign bit of x, unless x is 0 or NaN.
  sign: (f, x) => {
    const one = v128.or(f.constant4(1), v128.and(x, f.constant4(-0)));
    const other = f.keep(v128.or(f32x4.eq(x, f.constant(zero4)), f32x4.ne(x, x)));
    return select4(other, x, one);
  },
  where: (f, condition, a, b) => select4(f32x4.ne(condition, f.constant(zero4)), a, b),
  copy: copied,
};
