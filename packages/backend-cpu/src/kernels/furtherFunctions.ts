import { cos, erf } from "@convlens/backend/math";
import { int, select4 } from "../assembler/expression.ts";
import { f64x2, i64x2, v128, type Vector } from "../assembler/instructions.ts";
import type { FunctionWriter } from "../assembler/function.ts";
import type { Pointwise } from "./chain.ts";
import {
  bitsOf,
  doubleExp,
  doubleLog,
  expm1,
  inDouble,
  inverseFactorials,
  logOfRatio,
  polynomial,
  type Formula,
} from "./functions.ts";

// Elementary functions that few models need, in float64 like those of functions.ts.

const { add, sub, mul, div, min, abs, nearest } = f64x2;

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
  return div(one, add(one, doubleExp(f, f64x2.neg(x))));
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
  const result = f.keep(doubleExp(f, exponent));
  const isWhole = f.keep(f64x2.eq(sub(y, nearest(y)), zero));
  const halved = f.keep(mul(y, f.constant2(0.5)));
  const isOdd = v128.and(isWhole, f64x2.ne(halved, nearest(halved)));
  const signed = v128.or(result, v128.and(v128.and(x, f.constant2(-0)), isOdd));
  const whole = select4(v128.andnot(f64x2.lt(x, zero), isWhole), f.constant2(NaN), signed);
  const isOne = v128.or(f64x2.eq(y, zero), f64x2.eq(x, one));
  return select4(isOne, one, whole);
};

/** The name of such a function. */
export type FurtherFunction = "log1p" | "sin" | "cos" | "tanh" | "sigmoid" | "erf" | "power";

/** Functions that few models need. */
export const furtherFunctions: Readonly<Record<FurtherFunction, Pointwise>> = {
  log1p: inDouble(log1p),
  sin: inDouble(sine(0)),
  cos: inDouble(sine(1)),
  tanh: inDouble(tanh),
  sigmoid: inDouble(sigmoid),
  erf: inDouble(erfFormula),
  power: inDouble(power),
};
