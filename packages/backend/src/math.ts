/**
 * Elementary functions in float64 that give the same bits in every JavaScript engine. The language does not specify the last
 * digits of `Math.exp` and similar functions, and one different bit in an initial weight changes the training run. Only
 * operations that IEEE 754 rounds correctly are used (+ − · ÷ √). Errors are a few units in the last place.
 */

const bits = /* @__PURE__ */ new DataView(/* @__PURE__ */ new ArrayBuffer(8));

/** x · 2ᵏ for any whole k; in two steps where 2ᵏ alone is out of range. */
function scale(x: number, k: number): number {
  if (k > 1023) return scale(x * 2 ** 1023, k - 1023);
  if (k < -1022) return scale(x * 2 ** -1022, k + 1022);
  bits.setUint32(0, (k + 1023) << 20);
  bits.setUint32(4, 0);
  return x * bits.getFloat64(0);
}

// ln 2 and π/2 as sums whose first terms have trailing zeros, so that small multiples of them are exact.
const LN2_HIGH = 6.9314718036912381649e-1;
const LN2_LOW = 1.90821492927058770002e-10;
const HALF_PI_1 = 1.57079632673412561417;
const HALF_PI_2 = 6.0771005063039659766e-11;
const HALF_PI_3 = 2.0222662487111664558e-21;

/** eʳ − 1 for |r| ≤ 0.36: r + r²/2! + … + r¹⁴/14! */
function expm1Series(r: number): number {
  let sum = 0;
  for (let n = 14; n > 1; n--) sum = ((1 + sum) * r) / n;
  return r + r * sum;
}

/** eˣ. */
export function exp(x: number): number {
  if (!(x < 709.79)) return x > 0 ? Infinity : x;
  if (x < -745.14) return 0;
  // eˣ = 2ᵏ · eʳ with |r| ≤ ln 2 / 2
  const k = Math.round(x / Math.LN2);
  return scale(1 + expm1Series(x - k * LN2_HIGH - k * LN2_LOW), k);
}

/** eˣ − 1, accurate also for small x. */
export const expm1 = (x: number): number => (x > -0.35 && x < 0.35 ? expm1Series(x) : exp(x) - 1);

/** The natural logarithm. */
export function log(x: number): number {
  if (!(x > 0)) return x === 0 ? -Infinity : NaN;
  if (x === Infinity) return x;
  // x = m · 2ᵏ with m from √½ to √2
  const subnormal = x < 2 ** -1022;
  bits.setFloat64(0, subnormal ? x * 2 ** 54 : x);
  const high = bits.getUint32(0);
  let k = (high >>> 20) - 1023 - (subnormal ? 54 : 0);
  bits.setUint32(0, (high & 0xfffff) | 0x3ff00000);
  let m = bits.getFloat64(0);
  if (m > Math.SQRT2) {
    m /= 2;
    k++;
  }
  // ln m = 2 artanh s = 2 (s + s³/3 + s⁵/5 + …) with s = (m − 1) / (m + 1), |s| < 0.172
  const s = (m - 1) / (m + 1);
  const square = s * s;
  let sum = 0;
  for (let n = 23; n > 1; n -= 2) sum = square * (1 / n + sum);
  return k * LN2_HIGH + (2 * s + (2 * s * sum + k * LN2_LOW));
}

/** ln(1 + x), accurate also for small x. */
export function log1p(x: number): number {
  const u = 1 + x;
  if (u === 1) return x;
  // The rounding error of 1 + x is the same in both factors of x / (u − 1) and cancels (Goldberg 1991).
  return u === Infinity ? u : (log(u) * x) / (u - 1);
}

/** Number of the quarter turn that x lies in, and the remainder r with |r| ≤ π/4. */
function reduce(x: number): [quarter: number, r: number] {
  const k = Math.round(x / (Math.PI / 2));
  const r = x - k * HALF_PI_1 - k * HALF_PI_2 - k * HALF_PI_3;
  // For a large x, and for one close to a multiple of π/2, these terms of π/2 have too few digits.
  if (Math.abs(x) > 1e6 || (k !== 0 && Math.abs(r) < 1e-4)) return reduceExactly(x);
  return [((k % 4) + 4) % 4, r];
}

/** Number of fractional bits of π/2: enough for the remainder of any float64. */
const BITS = 1280n;
/** π/2 · 2^BITS, computed when it is first needed. */
let halfPi: bigint | undefined;

/** π/2 · 2^BITS = (8 arctan 1/5 − 2 arctan 1/239) · 2^BITS (Machin 1706). */
function wholeHalfPi(): bigint {
  const guard = 32n;
  // arctan 1/n = 1/n − 1/3n³ + 1/5n⁵ − …
  const arctan = (n: bigint): bigint => {
    let sum = 0n;
    for (let term = (1n << (BITS + guard)) / n, k = 1n; term !== 0n; term /= -n * n, k += 2n) sum += term / k;
    return sum;
  };
  return (8n * arctan(5n) - 2n * arctan(239n)) >> guard;
}

/** {@link reduce} for any finite x, in integer multiples of 2^−BITS. */
function reduceExactly(x: number): [quarter: number, r: number] {
  if (x < 0) {
    const [quarter, r] = reduceExactly(-x);
    return [(4 - quarter) % 4, -r];
  }
  halfPi ??= wholeHalfPi();
  const floor = Math.floor(x);
  const units = (BigInt(floor) << BITS) + (BigInt((x - floor) * 2 ** 53) << (BITS - 53n));
  const k = (units + halfPi / 2n) / halfPi;
  return [Number(k & 3n), Number((units - k * halfPi) >> (BITS - 128n)) / 2 ** 128];
}

/** sin r = r − r³/3! + r⁵/5! − … */
function sinSeries(r: number): number {
  let sum = 0;
  for (let n = 18; n > 1; n -= 2) sum = (-r * r * (1 + sum)) / (n * (n + 1));
  return r + r * sum;
}

/** cos r = 1 − r²/2! + r⁴/4! − … */
function cosSeries(r: number): number {
  let sum = 0;
  for (let n = 17; n > 0; n -= 2) sum = (-r * r * (1 + sum)) / (n * (n + 1));
  return 1 + sum;
}

/** The sine of x radians. */
export function sin(x: number): number {
  if (x === 0) return x;
  if (!Number.isFinite(x)) return NaN;
  const [quarter, r] = reduce(x);
  const value = quarter % 2 === 0 ? sinSeries(r) : cosSeries(r);
  return quarter < 2 ? value : -value;
}

/** The cosine of x radians. */
export function cos(x: number): number {
  if (!Number.isFinite(x)) return NaN;
  const [quarter, r] = reduce(x);
  const value = quarter % 2 === 0 ? cosSeries(r) : sinSeries(r);
  return quarter === 0 || quarter === 3 ? value : -value;
}

/** The hyperbolic tangent. */
export function tanh(x: number): number {
  const size = Math.abs(x);
  if (size > 22) return Math.sign(x);
  // tanh x = (e²ˣ − 1) / (e²ˣ + 1)
  const t = expm1(2 * size);
  return x < 0 ? -t / (t + 2) : x === 0 ? x : t / (t + 2);
}

/** 1 / (1 + e⁻ˣ), without overflow for large |x|. */
export function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + exp(-x));
  const e = exp(x);
  return e / (1 + e);
}

/** The error function 2/√π ∫₀ˣ e^(−t²) dt. */
export function erf(x: number): number {
  const size = Math.abs(x);
  if (size > 6) return Math.sign(x);
  const bell = exp(-x * x) / Math.sqrt(Math.PI);
  if (size < 3) {
    // 2 e^(−x²)/√π · (x + 2x³/3 + 4x⁵/15 + …): all terms have the same sign, so nothing cancels.
    let term = x;
    let sum = x;
    for (let n = 1; Math.abs(term) > Math.abs(sum) * 2 ** -54; n++) {
      term *= (2 * x * x) / (2 * n + 1);
      sum += term;
    }
    return 2 * bell * sum;
  }
  // 1 − erf x = e^(−x²)/√π / (x + ½/(x + 1/(x + 3⁄2/(x + …)))), from the inside out
  let fraction = size;
  for (let n = 40; n > 0; n--) fraction = size + n / 2 / fraction;
  return Math.sign(x) * (1 - bell / fraction);
}

/** x to the power of y. Integer powers are products; other powers of a negative x are NaN. 1 to any power, and any x⁰, is 1. */
export function power(x: number, y: number): number {
  if (y === 0 || x === 1) return 1;
  if (y === 0.5) return Math.sqrt(x);
  if (Number.isInteger(y) && Math.abs(y) <= 1024) {
    let result = 1;
    for (let n = Math.abs(y), square = x; n > 0; n = Math.floor(n / 2), square *= square)
      if (n % 2 === 1) result *= square;
    return y < 0 ? 1 / result : result;
  }
  if (x < 0 && Number.isInteger(y)) return (y % 2 === 0 ? 1 : -1) * exp(y * log(-x));
  return exp(y * log(x));
}

/** Complex numbers as real and imaginary parts. */
export interface Complex {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/** Roots of unity by n. */
const roots = /* @__PURE__ */ new Map<number, Complex>();
function rootsOf(n: number): Complex {
  let found = roots.get(n);
  if (found === undefined) {
    const angle = (i: number): number => (-2 * Math.PI * i) / n;
    found = {
      re: Float64Array.from({ length: n / 2 }, (_, i) => cos(angle(i))),
      im: Float64Array.from({ length: n / 2 }, (_, i) => sin(angle(i))),
    };
    roots.set(n, found);
  }
  return found;
}

/**
 * The discrete Fourier transform of complex numbers, in place (Cooley and Tukey 1965): bit reversal, then butterflies.
 *
 * @param n - Number of numbers, a power of two.
 * @param options - `start`: index of the first number. Default: 0. `step`: distance from one to the next. Default: 1. `inverse`:
 *   whether to compute the inverse, which divides by n. Default: `false`.
 *
 * @example
 * ```ts
 * const values = { re: Float64Array.of(1, 0, 0, 0), im: new Float64Array(4) };
 * fft(values, 4);
 * values.re; // 1, 1, 1, 1
 * ```
 */
export function fft(
  { re, im }: Complex,
  n: number,
  {
    start = 0,
    step = 1,
    inverse = false,
  }: { readonly start?: number; readonly step?: number; readonly inverse?: boolean } = {},
): void {
  for (let i = 1, k = 0; i < n; i++) {
    let bit = n >> 1;
    for (; k & bit; bit >>= 1) k ^= bit;
    k ^= bit;
    if (i >= k) continue;
    const [a, b] = [start + i * step, start + k * step];
    [re[a], re[b]] = [re[b]!, re[a]!];
    [im[a], im[b]] = [im[b]!, im[a]!];
  }
  const root = rootsOf(n);
  for (let half = 1; half < n; half *= 2)
    for (let from = 0; from < n; from += 2 * half)
      for (let k = 0; k < half; k++) {
        const [c, s] = [root.re[(k * n) / (2 * half)]!, (inverse ? -1 : 1) * root.im[(k * n) / (2 * half)]!];
        const [a, b] = [start + (from + k) * step, start + (from + k + half) * step];
        const [aRe, aIm, bRe, bIm] = [re[a]!, im[a]!, re[b]!, im[b]!];
        const [x, y] = [bRe * c - bIm * s, bRe * s + bIm * c];
        [re[b], im[b]] = [aRe - x, aIm - y];
        [re[a], im[a]] = [aRe + x, aIm + y];
      }
  if (!inverse) return;
  for (const part of [re, im]) for (let i = 0, at = start; i < n; i++, at += step) part[at]! /= n;
}
