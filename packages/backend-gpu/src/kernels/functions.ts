import type { KernelFunction } from "../gpujs.ts";
import { powerOf } from "./powerOf.ts";

// Functions that kernels may call. The built-in functions of graphics processors are not exact enough: WebGPU allows an error of 2⁻¹¹
// for a sine, gpu.js computes expm1 from exp, and a division may be one unit in the last place off.
//
// A function that is called by another must not call any itself: gpu.js would write them in the wrong order for WebGL.

const define = (source: string): KernelFunction => {
  const argumentTypes = source
    .slice(source.indexOf("(") + 1, source.indexOf(")"))
    .split(",")
    .map(() => "Number");
  return { source, settings: { argumentTypes, returnType: "Number" } };
};

/** ⌊i / d⌋ for whole numbers from 0 to 2²⁴. A quotient that was rounded the wrong way is corrected by its remainder. */
const quotient = `function quotient(i, d) {
  let q = Math.floor(i / d);
  const rest = i - q * d;
  if (rest < 0) {
    q = q - 1;
  }
  if (rest >= d) {
    q = q + 1;
  }
  return q;
}`;

/** 1 for NaN, else 0. Compilers may assume that there is no NaN; few optimize this form away. */
const notANumber = `function notANumber(x) {
  if (x >= 0) {
    return 0;
  }
  if (x < 0) {
    return 0;
  }
  return 1;
}`;

const rectified = `function rectified(x) {
  if (x < 0) {
    return 0;
  }
  return x;
}`;

const signOf = `function signOf(x) {
  if (x > 0) {
    return 1;
  }
  if (x < 0) {
    return -1;
  }
  return x;
}`;

/** NaN is neither larger nor smaller, and stays in the sum. */
const largerOf = `function largerOf(a, b) {
  if (a > b) {
    return a;
  }
  if (b >= a) {
    return b;
  }
  return a + b;
}`;
const smallerOf = `function smallerOf(a, b) {
  if (a < b) {
    return a;
  }
  if (b <= a) {
    return b;
  }
  return a + b;
}`;

const comparison = (name: string, operator: string): string => `function ${name}(a, b) {
  if (a ${operator} b) {
    return 1;
  }
  return 0;
}`;

const choiceOf = `function choiceOf(condition, a, b) {
  if (condition === 0) {
    return b;
  }
  return a;
}`;

/** eˣ. Some graphics processors return infinity for NaN. */
const exponential = `function exponential(x) {
  if (x > 0) {
    return Math.exp(x);
  }
  if (x <= 0) {
    return Math.exp(x);
  }
  return x;
}`;

/** ln x. Some graphics processors return a finite number for 0 and for negative numbers. */
const logarithm = `function logarithm(x) {
  if (x > 0) {
    return Math.log(x);
  }
  if (x === 0) {
    return -1 / Math.abs(x);
  }
  return Math.sqrt(x);
}`;

/** eˣ − 1, exact also for small x: x + x²/2! + … + x⁹/9!. */
const exponentialLess1 = `function exponentialLess1(x) {
  if (x > 0.35) {
    return Math.exp(x) - 1;
  }
  if (x < -0.35) {
    return Math.exp(x) - 1;
  }
  let sum = x / 9;
  sum = ((1 + sum) * x) / 8;
  sum = ((1 + sum) * x) / 7;
  sum = ((1 + sum) * x) / 6;
  sum = ((1 + sum) * x) / 5;
  sum = ((1 + sum) * x) / 4;
  sum = ((1 + sum) * x) / 3;
  sum = ((1 + sum) * x) / 2;
  return x + x * sum;
}`;

/** ln(1 + x) = 2 artanh s = 2 (s + s³/3 + s⁵/5 + …) with s = x / (2 + x), for small x. */
const logarithmOf1And = `function logarithmOf1And(x) {
  if (x > 0.35) {
    return logarithm(1 + x);
  }
  if (x < -0.3) {
    return logarithm(1 + x);
  }
  const s = x / (2 + x);
  const square = s * s;
  return 2 * s + 2 * s * square * (0.3333333333 + square * (0.2 + square * (0.1428571429 + square * (0.1111111111 + square * 0.0909090909))));
}`;

/** The number of the quarter turn that contains x, counted from −π/4. */
const quarterOf = `function quarterOf(x) {
  return Math.floor(x * 0.6366197723675814 + 0.5);
}`;

/** x minus k quarter turns. π/2 is split in three parts whose small multiples are exact. Valid for |x| up to about 8000. */
const withinQuarter = `function withinQuarter(x, k) {
  return ((x - k * 1.5703125) - k * 0.0004837512969970703) - k * 7.549789948768648e-8;
}`;

/** sin r for k = 0, cos r for 1, and the negative of each for 2 and 3, by their series. */
const waveAt = `function waveAt(r, k) {
  const turn = k - 4 * Math.floor(k * 0.25);
  const square = r * r;
  let value = r - r * square * (0.1666666667 - square * (0.008333333333 - square * (0.0001984126984 - square * 0.000002755731922)));
  if (turn === 1) {
    value = 1 - square * (0.5 - square * (0.04166666667 - square * (0.001388888889 - square * (0.0000248015873 - square * 2.755731922e-7))));
  }
  if (turn === 3) {
    value = 1 - square * (0.5 - square * (0.04166666667 - square * (0.001388888889 - square * (0.0000248015873 - square * 2.755731922e-7))));
  }
  if (turn > 1.5) {
    return -value;
  }
  return value;
}`;

/** 1/2π in parts of 12 bits, the first of which ends 14 bits after the binary point. */
const TURNS_PER_RADIAN = [2607, 2435, 1764, 3652, 338, 2556, 629, 2001, 3923, 1245, 3085, 2914, 2393, 2364];
/** Adds the product of a half of x and one of the parts, without its whole turns. Both are scaled to be exact in float32. */
const addTurns = (
  half: string,
  part: number,
): string => `  product = ${half} * ${TURNS_PER_RADIAN[part]! * 2 ** (42 - 12 * part)};
  total = total + (product - Math.floor(product + 0.5));`;

/**
 * x in turns, minus whole turns and quarter turns (Payne and Hanek 1983), for large x. It is split into halves of 12 bits, since the
 * product of two numbers of 12 bits is exact.
 */
const turnsOf = `function turnsOf(x, quarters) {
  let unit = 1;
  let inverse = 1;
  for (let i = 0; i < 116; i++) {
    if (Math.abs(x) >= 4096 * unit) {
      unit = unit * 2;
      inverse = inverse * 0.5;
    }
  }
  const whole = Math.floor(x * inverse) * unit;
  const high = whole * ${2 ** -56};
  const low = (x - whole) * ${2 ** -56};
  let total = -0.25 * quarters;
  let product = 0;
${TURNS_PER_RADIAN.map((_, i) => (i === 0 ? addTurns("high", 0) : `${addTurns("high", i)}\n${addTurns("low", i - 1)}`)).join("\n")}
  return total;
}`;

const sine = `function sine(x) {
  if (!(Math.abs(x) < 8000)) {
    const quarters = Math.floor(4 * turnsOf(x, 0) + 0.5);
    return waveAt(6.283185307179586 * turnsOf(x, quarters), quarters);
  }
  const k = quarterOf(x);
  return waveAt(withinQuarter(x, k), k);
}`;

const cosine = `function cosine(x) {
  if (!(Math.abs(x) < 8000)) {
    const quarters = Math.floor(4 * turnsOf(x, 0) + 0.5);
    return waveAt(6.283185307179586 * turnsOf(x, quarters), quarters + 1);
  }
  const k = quarterOf(x);
  return waveAt(withinQuarter(x, k), k + 1);
}`;

/** tanh x = (e²ˣ − 1) / (e²ˣ + 1), which is 1 in float32 from x = 9.02 on. */
const hyperbolicTangent = `function hyperbolicTangent(x) {
  if (x > 9.02) {
    return 1;
  }
  if (x < -9.02) {
    return -1;
  }
  const t = exponentialLess1(2 * x);
  return t / (t + 2);
}`;

/** 1 / (1 + e⁻ˣ), without overflow on either side. */
const logistic = `function logistic(x) {
  if (x < 0) {
    const e = exponential(x);
    return e / (1 + e);
  }
  return 1 / (1 + exponential(-x));
}`;

/**
 * 2/√π (x − x³/3 + x⁵/(2!·5) − …) for small x; otherwise 1 − e^(−x²) times a polynomial of 1 / (1 + 0.3275911 x), with an
 * error of 1.5e-7 (Abramowitz and Stegun, 7.1.26).
 */
const errorFunction = `function errorFunction(x) {
  const size = Math.abs(x);
  const square = x * x;
  if (size < 0.9) {
    let term = x;
    let sum = x;
    for (let n = 1; n < 11; n++) {
      term = (-term * square) / n;
      sum = sum + term / (2 * n + 1);
    }
    return sum * 1.1283791671;
  }
  const t = 1 / (1 + 0.3275911 * size);
  const tail = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const value = 1 - tail * Math.exp(-Math.min(square, 80));
  if (x < 0) {
    return -value;
  }
  return value;
}`;

/** The lower 16 bits of a whole number below 2²⁴. */
const lower16 = `function lower16(x) {
  return x - Math.floor(x * 0.0000152587890625) * 65536;
}`;

/** The upper half of a 32-bit word rotated left by n < 16 bits, for `up` = 2ⁿ. With the halves swapped, the lower half. */
const turnedHalf = `function turnedHalf(high, low, up) {
  const down = 65536 / up;
  return (high - Math.floor(high / down) * down) * up + Math.floor(low / down);
}`;

/** The exclusive or of two whole numbers below 2¹⁶. */
const differing16 = `function differing16(a, b) {
  return a ^ b;
}`;

/** All functions that kernels may call. A kernel is compiled with those that it calls. */
export const functions: readonly KernelFunction[] = [
  quotient,
  notANumber,
  rectified,
  signOf,
  largerOf,
  smallerOf,
  comparison("isEqual", "==="),
  comparison("isGreater", ">"),
  comparison("isGreaterOrEqual", ">="),
  choiceOf,
  exponential,
  logarithm,
  exponentialLess1,
  logarithmOf1And,
  quarterOf,
  withinQuarter,
  waveAt,
  turnsOf,
  sine,
  cosine,
  hyperbolicTangent,
  logistic,
  errorFunction,
  powerOf,
  lower16,
  turnedHalf,
  differing16,
].map(define);
