import { double2, int, select4, shuffle4 } from "../assembler/expression.ts";
import { f32x4, f64x2, i32x4, i64x2, type Vector } from "../assembler/instructions.ts";
import type { FunctionWriter } from "../assembler/function.ts";
import type { Pointwise } from "./chain.ts";

// Exponentials and logarithms. All but exp are computed in float64 and rounded once, at the end. The errors before that are far below
// half a unit in the last place of float32, subnormal numbers need no special case, and only + − · ÷ are used, which give the same
// bits on every machine.

/** A function of two float64 of each input. */
export type Formula = (f: FunctionWriter, ...x: Vector[]) => Vector;

const { add, sub, mul, div, min, max, nearest } = f64x2;

/** Applies a formula to the lower two and to the upper two of four float32. */
export const inDouble =
  (formula: Formula): Pointwise =>
  (f, ...x) => {
    const half = (of: (x: Vector) => Vector): Vector =>
      f.keep(f32x4.demote_f64x2_zero(formula(f, ...x.map((each) => f.keep(f64x2.promote_low_f32x4(of(each)))))));
    const lower = half((each) => each);
    const upper = half((each) => shuffle4(each, each, 2, 3, 2, 3));
    return shuffle4(lower, upper, 0, 1, 4, 5);
  };

/** c₀ + c₁ x + c₂ x² + …, by Horner's rule. */
export const polynomial = (f: FunctionWriter, x: Vector, coefficients: readonly number[]): Vector =>
  coefficients
    .slice(0, -1)
    .reduceRight<Vector>((sum, c) => add(f.constant2(c), mul(x, sum)), f.constant2(coefficients.at(-1)!));

/** 1.5 · 2⁵²: the lowest bits of its sum with a whole number are that number. */
const MAGIC = 1.5 * 2 ** 52;
/** Whole numbers as the lowest bits of a float64. */
export const bitsOf = (f: FunctionWriter, k: Vector): Vector => add(k, f.constant2(MAGIC));

/** 1/n! for n = 0 … 9. */
export const inverseFactorials: readonly number[] = /* @__PURE__ */ (() => {
  const list = [1];
  for (let n = 1; n < 10; n++) list.push(list[n - 1]! / n);
  return list;
})();

/** eˣ = 2ᵏ (1 + q): 2ᵏ, q, and whether k is 0. Beyond ±150 the result is 0 or ∞ in float32. */
function exponential(f: FunctionWriter, x: Vector): { scale: Vector; q: Vector; isSmall: Vector } {
  const cut = max(f.constant2(-150), min(f.constant2(150), x));
  const within = f.keep(cut);
  const k = f.keep(nearest(mul(within, f.constant2(Math.LOG2E))));
  const r = f.keep(sub(within, mul(k, f.constant2(Math.LN2))));
  const q = f.keep(mul(r, polynomial(f, r, inverseFactorials.slice(1))));
  const exponent = i64x2.add(bitsOf(f, k), f.constant(bits64(1023n)));
  const scale = f.keep(i64x2.shl(exponent, int(52)));
  return { scale, q, isSmall: f64x2.eq(k, f.constant2(0)) };
}
/** eˣ of two float64. */
export const doubleExp: Formula = (f, x) => {
  const { scale, q } = exponential(f, x);
  return mul(scale, add(f.constant2(1), q));
};
/** eˣ − 1 of two float64. */
export const expm1: Formula = (f, x) => {
  const { scale, q, isSmall } = exponential(f, x);
  const one = f.constant2(1);
  return select4(isSmall, q, add(mul(scale, q), sub(scale, one)));
};

/** Two float64 with these bits. */
function bits64(bits: bigint): Vector {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigInt64(0, bits);
  return double2(view.getFloat64(0));
}

/** ln((1 + s) / (1 − s)) = 2 artanh s = 2 (s + s³/3 + s⁵/5 + …), for |s| < 0.172. */
export function logOfRatio(f: FunctionWriter, s: Vector): Vector {
  const square = f.keep(mul(s, s));
  const tail = polynomial(
    f,
    square,
    Array.from({ length: 7 }, (_, i) => 2 / (2 * i + 3)),
  );
  const twice = add(s, s);
  return add(twice, mul(mul(s, square), tail));
}

/** The bits of √½. The exponent bits of x − √½, as integers, are the exponent k for which x / 2ᵏ is from √½ to √2. */
const ROOT_HALF = 0x3fe6a09e667f3bcdn;

/** ln x of two float64. */
export const doubleLog: Formula = (f, x) => {
  const one = f.constant2(1);
  const k = f.keep(i64x2.shr_s(i64x2.sub(x, f.constant(bits64(ROOT_HALF))), int(52)));
  const m = f.keep(i64x2.sub(x, i64x2.shl(k, int(52))));
  // The exponent as a float64: added to the bits of a number, which is then subtracted.
  const magic = f.constant2(MAGIC);
  const exponent = sub(i64x2.add(k, magic), magic);
  const s = f.keep(div(sub(m, one), add(m, one)));
  const finite = add(mul(exponent, f.constant2(Math.LN2)), logOfRatio(f, s));
  const zero = f.constant2(0);
  const infinity = f.constant2(Infinity);
  const notInfinite = select4(f64x2.eq(x, infinity), infinity, finite);
  const notZero = select4(f64x2.eq(x, zero), f.constant2(-Infinity), notInfinite);
  return select4(f64x2.ge(x, zero), notZero, f.constant2(NaN));
};
// ln 2 in two parts. The first has so few digits that its integer multiples are exact.
const LN2_PARTS = [0.693359375, Math.LN2 - 0.693359375];
/** 1.5 · 2²³: the lowest bits of its sum with a whole number are that number. */
const FLOAT_MAGIC = 1.5 * 2 ** 23;

/** exp in float32: it is the function that models use most, and this takes a third of the time. */
const floatExp: Pointwise = (f, x) => {
  const c = (value: number): Vector => f.constant4(value);
  // Beyond these numbers the result is 0 or ∞.
  const within = f.keep(f32x4.pmin(f32x4.pmax(x, c(-104)), c(89)));
  const shifted = f.keep(f32x4.add(f32x4.mul(within, c(Math.LOG2E)), c(FLOAT_MAGIC)));
  const k = f.keep(f32x4.sub(shifted, c(FLOAT_MAGIC)));
  const r = f.keep(LN2_PARTS.reduce<Vector>((rest, part) => f32x4.sub(rest, f32x4.mul(k, c(part))), within));
  // eʳ = 1 + (r + r² (1/2! + r/3! + … + r⁵/7!))
  const tail = inverseFactorials
    .slice(2, 7)
    .reduceRight<Vector>((sum, factor) => f32x4.add(c(factor), f32x4.mul(r, sum)), c(inverseFactorials[7]!));
  const power = f.keep(f32x4.add(c(1), f32x4.add(r, f32x4.mul(f32x4.mul(r, r), tail))));
  // 2ᵏ in two factors, since it may be out of range when the result is not.
  const whole = f.keep(i32x4.sub(shifted, c(FLOAT_MAGIC)));
  const half = f.keep(i32x4.shr_s(whole, int(1)));
  const factor = (exponent: Vector): Vector => i32x4.add(i32x4.shl(exponent, int(23)), c(1));
  return f32x4.mul(f32x4.mul(power, factor(half)), factor(i32x4.sub(whole, half)));
};

/** Functions that training needs. */
export const functions: Readonly<Record<"exp" | "expm1" | "log", Pointwise>> = {
  exp: floatExp,
  expm1: inDouble(expm1),
  log: inDouble(doubleLog),
};
