import { cos, erf } from "@convlens/backend/math";
import { double2, int, select4, shuffle4 } from "../assembler/expression.ts";
import { f32x4, f64x2, i32x4, i64x2, v128, type Vector } from "../assembler/instructions.ts";
import type { FunctionWriter } from "../assembler/function.ts";
import type { Pointwise } from "./chain.ts";

// Exponentials, logarithms and other elementary functions. All but exp are computed in float64 and rounded once, at the end. The
// errors before that are far below half a unit in the last place of float32, subnormal numbers need no special case, and only
// + − · ÷ are used, which give the same bits on every machine.

/** A function of two float64 of each input. */
type Formula = (f: FunctionWriter, ...x: Vector[]) => Vector;

const { add, sub, mul, div, min, max, abs, nearest } = f64x2;

/** Applies a formula to the lower two and to the upper two of four float32. */
const inDouble =
  (formula: Formula): Pointwise =>
  (f, ...x) => {
    const half = (of: (x: Vector) => Vector): Vector =>
      f.keep(f32x4.demote_f64x2_zero(formula(f, ...x.map((each) => f.keep(f64x2.promote_low_f32x4(of(each)))))));
    const lower = half((each) => each);
    const upper = half((each) => shuffle4(each, each, 2, 3, 2, 3));
    return shuffle4(lower, upper, 0, 1, 4, 5);
  };

/** c₀ + c₁ x + c₂ x² + …, by Horner's rule. */
const polynomial = (f: FunctionWriter, x: Vector, coefficients: readonly number[]): Vector =>
  coefficients
    .slice(0, -1)
    .reduceRight<Vector>((sum, c) => add(f.constant2(c), mul(x, sum)), f.constant2(coefficients.at(-1)!));

/** 1.5 · 2⁵²: the lowest bits of its sum with a whole number are that number. */
const MAGIC = 1.5 * 2 ** 52;
/** Whole numbers as the lowest bits of a float64. */
const bitsOf = (f: FunctionWriter, k: Vector): Vector => add(k, f.constant2(MAGIC));

/** 1/n! for n = 0 … 9. */
const inverseFactorials = /* @__PURE__ */ (() => {
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
const exp: Formula = (f, x) => {
  const { scale, q } = exponential(f, x);
  return mul(scale, add(f.constant2(1), q));
};
const expm1: Formula = (f, x) => {
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
function logOfRatio(f: FunctionWriter, s: Vector): Vector {
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
const log1p: Formula = (f, x) => {
  const two = f.constant2(2);
  const s = f.keep(div(x, add(x, two)));
  const near = f.keep(logOfRatio(f, s));
  const isNear = f64x2.lt(abs(x), f.constant2(0.25));
  return select4(isNear, near, doubleLog(f, f.keep(add(x, f.constant2(1)))));
};

// 1/2π in parts of 29 bits, whose products with a float32 are exact, and the rest.
const TURNS_PER_RADIAN = [
  0.15915494272485375, 3.6704158115630214e-10, 5.690025167992954e-19, 1.4703036846932608e-27, 2.5867171752090537e-36,
  9.458140970740169e-46,
];

/** The sine of x + quarters · π/2. */
const sine =
  (quarters: 0 | 1): Formula =>
  (f, x) => {
    // Whole turns are dropped from each product (Payne and Hanek 1983). The product with the last part is less than one.
    const turns = TURNS_PER_RADIAN.map((part, i): Vector => {
      const product = f.keep(mul(x, f.constant2(part)));
      return i + 1 < TURNS_PER_RADIAN.length ? f.keep(sub(product, nearest(product))) : product;
    });
    const four = f.constant2(4);
    const k = f.keep(nearest(mul(turns.reduce(add), four)));
    // The quarters are subtracted first, so that no addition rounds the rest away.
    const rest = turns.slice(1).reduce(add, sub(turns[0]!, div(k, four)));
    const isZero = f64x2.eq(x, f.constant2(0));
    const r = f.keep(select4(isZero, x, mul(rest, f.constant2(2 * Math.PI))));
    const square = f.keep(mul(r, r));
    const alternating = (first: 0 | 1): number[] =>
      [0, 1, 2, 3, 4].map((i) => (-1) ** i * inverseFactorials[2 * i + first]!);
    const odd = mul(r, polynomial(f, square, alternating(1)));
    const even = polynomial(f, square, [...alternating(0), -1 / 3628800]);
    const quarter = f.keep(bitsOf(f, add(k, f.constant2(quarters))));
    // A mask of the lowest bit, and the next bit as a sign.
    const isOdd = i64x2.shr_s(i64x2.shl(quarter, int(63)), int(63));
    const sign = v128.and(i64x2.shl(quarter, int(62)), f.constant2(-0));
    return v128.xor(select4(isOdd, even, odd), sign);
  };
/** The magnitude of the first with the sign of the second. */
const withSignOf = (f: FunctionWriter, size: Vector, x: Vector): Vector => {
  const sign = f.constant2(-0);
  return v128.or(v128.andnot(size, sign), v128.and(x, sign));
};

// tanh x = (e²ˣ − 1) / (e²ˣ + 1)
const tanh: Formula = (f, x) => {
  const t = f.keep(expm1(f, mul(f.constant2(2), abs(x))));
  return withSignOf(f, div(t, add(t, f.constant2(2))), x);
};
const sigmoid: Formula = (f, x) => {
  const one = f.constant2(1);
  return div(one, add(one, exp(f, f64x2.neg(x))));
};

/** The number from which erf is 1 in float32. */
const ERF_END = 4;
/** erf x / x as a polynomial in x²/8 − 1, interpolated at Chebyshev points. */
function erfCoefficients(): number[] {
  const degree = 24;
  const n = degree + 1;
  const angle = (i: number): number => (Math.PI * (i + 0.5)) / n;
  const values = Array.from({ length: n }, (_, i) => {
    const x = Math.sqrt(((cos(angle(i)) + 1) * ERF_END ** 2) / 2);
    return erf(x) / x;
  });
  // Converts a sum of Chebyshev polynomials to powers: Tₖ₊₁ = 2 t Tₖ − Tₖ₋₁.
  const powers = new Array<number>(n).fill(0);
  let [before, current] = [new Array<number>(n).fill(0), new Array<number>(n).fill(0)];
  current[0] = 1;
  for (let k = 0; k < n; k++) {
    const weight = ((k === 0 ? 1 : 2) / n) * values.reduce((sum, v, i) => sum + v * cos(k * angle(i)), 0);
    current.forEach((c, i) => (powers[i]! += weight * c));
    const next = current.map((_, i) => (k === 0 ? 1 : 2) * (i > 0 ? current[i - 1]! : 0) - (k === 0 ? 0 : before[i]!));
    [before, current] = [current, next];
  }
  return powers;
}
const erfFormula: Formula = (f, x) => {
  const end = f.constant2(ERF_END);
  const size = f.keep(min(abs(x), end));
  const t = f.keep(sub(mul(mul(size, size), f.constant2(2 / ERF_END ** 2)), f.constant2(1)));
  return withSignOf(f, mul(size, polynomial(f, t, erfCoefficients())), x);
};

// |x|ʸ = e^(y ln |x|), with the sign of x if y is odd. A negative x has only integer powers.
const power: Formula = (f, x, y) => {
  const zero = f.constant2(0);
  const one = f.constant2(1);
  const size = f.keep(abs(x));
  const exponent = f.keep(mul(y, doubleLog(f, size)));
  const result = f.keep(exp(f, exponent));
  const isWhole = f.keep(f64x2.eq(sub(y, nearest(y)), zero));
  const halved = f.keep(mul(y, f.constant2(0.5)));
  const isOdd = v128.and(isWhole, f64x2.ne(halved, nearest(halved)));
  const signed = v128.or(result, v128.and(v128.and(x, f.constant2(-0)), isOdd));
  const whole = select4(v128.andnot(f64x2.lt(x, zero), isWhole), f.constant2(NaN), signed);
  const isOne = v128.or(f64x2.eq(y, zero), f64x2.eq(x, one));
  return select4(isOne, one, whole);
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

/** Functions of more than a few instructions. */
export const functions: Readonly<
  Record<"exp" | "expm1" | "log" | "log1p" | "sin" | "cos" | "tanh" | "sigmoid" | "erf" | "power", Pointwise>
> = {
  exp: floatExp,
  expm1: inDouble(expm1),
  log: inDouble(doubleLog),
  log1p: inDouble(log1p),
  sin: inDouble(sine(0)),
  cos: inDouble(sine(1)),
  tanh: inDouble(tanh),
  sigmoid: inDouble(sigmoid),
  erf: inDouble(erfFormula),
  power: inDouble(power),
};
