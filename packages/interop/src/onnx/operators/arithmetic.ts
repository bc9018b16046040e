import {
  absolute,
  add,
  ceil,
  clip,
  cos,
  divide,
  equal,
  erf,
  exp,
  expm1,
  floor,
  greater,
  greaterEqual,
  less,
  lessEqual,
  log,
  log1p,
  maximum,
  minimum,
  mod,
  multiply,
  negate,
  notEqual,
  power,
  reciprocal,
  round,
  sign,
  sin,
  sqrt,
  square,
  subtract,
  where,
  type Tensor,
} from "@convlens/tensor";
import { elementType, isFloating, type ElementType } from "../elementTypes.ts";
import { binary, elementwise, isWhole, several, unary } from "../elementwise.ts";
import { refuse, type NodeCall, type Operator } from "../node.ts";
import { Constant, limitOf, Live, rangeOf } from "../value.ts";

/** Rounds to the nearest whole number, halves to the even one. */
export function roundEven(x: number): number {
  const floored = Math.floor(x);
  const rest = x - floored;
  return rest < 0.5 || (rest === 0.5 && floored % 2 === 0) ? floored : floored + 1;
}

/** The whole number towards zero. */
export const truncate = (x: Tensor): Tensor => multiply(sign(x), floor(absolute(x)));

/** sinh x, exact also near zero. */
function sinh(x: Tensor): Tensor {
  const e = expm1(absolute(x));
  return multiply(multiply(sign(x), 0.5), add(e, divide(e, add(e, 1))));
}

/** asinh x = sign x · log(|x| + √(x² + 1)), exact also near zero. */
function asinh(x: Tensor): Tensor {
  const size = absolute(x);
  const squared = square(x);
  return multiply(sign(x), log1p(add(size, divide(squared, add(1, sqrt(add(squared, 1)))))));
}

/** atan x by a polynomial, with arguments below tan(π/8) (Cephes, atanf). */
function atan(x: Tensor): Tensor {
  const size = absolute(x);
  const isLarge = greater(size, Math.tan((3 * Math.PI) / 8));
  const isMedium = greater(size, Math.tan(Math.PI / 8));
  const reduced = where(
    isLarge,
    divide(-1, maximum(size, 1)),
    where(isMedium, divide(subtract(size, 1), add(size, 1)), size),
  );
  const base = where(isLarge, Math.PI / 2, where(isMedium, Math.PI / 4, 0));
  const z = square(reduced);
  const coefficients = [8.05374449538e-2, -1.38776856032e-1, 1.99777106478e-1, -3.33329491539e-1];
  const polynomial = coefficients.reduce<Tensor | number>((sum, c) => add(multiply(sum, z), c), 0) as Tensor;
  return multiply(sign(x), add(base, add(multiply(multiply(polynomial, z), reduced), reduced)));
}

/** Quotients of whole numbers are cut towards zero. */
const div: Operator = elementwise({
  since: [6, 7, 13, 14],
  record: (call, a, b) => (isWhole(call) ? truncate(divide(a, b)) : divide(a, b)),
  fold: (call) => (isWhole(call) ? (a, b) => Math.trunc(a / b) : (a, b) => a / b),
});

const modulo: Operator = elementwise({
  since: [10, 13],
  record: (call, a, b) => (call.flag("fmod") ? subtract(a, multiply(truncate(divide(a, b)), b)) : mod(a, b)),
  fold: (call) => (call.flag("fmod") ? (a, b) => a % b : (a, b) => a - Math.floor(a / b) * b),
});

const pow: Operator = elementwise({
  since: [1, 7, 12, 13, 15],
  record: (call, a, b) => {
    const exponent = call.input(1);
    return exponent instanceof Constant && exponent.numbers.length === 1 && exponent.numbers[0] === 2
      ? square(a)
      : power(a, b);
  },
  fold: () => (a, b) => a ** b,
});

/** Bounds by attributes up to version 6, by inputs since 11. A bound may be computed. */
const clipTo: Operator = {
  since: [6, 11, 12, 13],
  record(call) {
    const x = call.input(0);
    const low = call.inputs[1] ?? Constant.integers([call.float("min", -Infinity)], []);
    const high = call.inputs[2] ?? Constant.integers([call.float("max", Infinity)], []);
    if (low instanceof Constant && high instanceof Constant) {
      const [a, b] = [low.numbers[0]!, high.numbers[0]!];
      if (x instanceof Constant) return clipped.record(call);
      const cut = a === -Infinity ? minimum(x.tensor, b) : b === Infinity ? maximum(x.tensor, a) : clip(x.tensor, a, b);
      return x.with(cut);
    }
    return clipped.record(call);
  },
};
const clipped: Operator = elementwise({
  since: [6],
  inputs: (call) => [
    call.input(0),
    call.inputs[1] ?? Constant.integers([call.float("min", -Infinity)], []),
    call.inputs[2] ?? Constant.integers([call.float("max", Infinity)], []),
  ],
  record: (_, x, low, high) => minimum(maximum(x, low), high),
  fold: () => (x, low, high) => Math.min(Math.max(x, low), high),
});

/** The numbers of a value in another type. */
export function castTo(call: NodeCall, type: ElementType): Constant | Live {
  const x = call.input(0);
  const toWhole = !isFloating(type) && isFloating(x.type);
  if (x instanceof Constant) {
    const limit = limitOf(type);
    const convert = (value: number): number => limit(toWhole && type !== "bool" ? Math.trunc(value) : value);
    return new Constant(type, x.shape, () => {
      const made =
        isFloating(type) && type !== "float64"
          ? new Float32Array(x.numbers.length)
          : new Float64Array(x.numbers.length);
      x.numbers.forEach((value, i) => (made[i] = convert(value)));
      return made;
    });
  }
  if (type === "bool") return x.with(notEqual(x.tensor, 0), type);
  if (!toWhole) return x.with(x.tensor, type);
  const [least, largest] = rangeOf(type);
  const whole = truncate(x.tensor);
  return x.with(largest < 2 ** 31 ? clip(whole, least, largest) : whole, type);
}

function typeOfCast(call: NodeCall): ElementType {
  const number = call.integer("to", 0);
  return elementType(number) ?? refuse(`casts to the element type ${number} are not supported`);
}

const cast: Operator = { since: [6, 9, 13, 19, 21, 23, 24], record: (call) => castTo(call, typeOfCast(call)) };
const castLike: Operator = { since: [15, 19, 21, 23, 24], record: (call) => castTo(call, call.input(1).type) };

const isInf: Operator = elementwise({
  since: [10, 20],
  type: () => "bool",
  record: (call, x) => {
    const up = call.flag("detect_positive", true) ? equal(x, Infinity) : multiply(x, 0);
    const down = call.flag("detect_negative", true) ? equal(x, -Infinity) : undefined;
    return call.flag("detect_positive", true) ? (down === undefined ? up : add(up, down)) : (down ?? equal(0, 1));
  },
  fold: (call) => (x) =>
    Number(
      (x === Infinity && call.flag("detect_positive", true)) || (x === -Infinity && call.flag("detect_negative", true)),
    ),
});

const both = (fold: (a: boolean, b: boolean) => boolean) => (a: number, b: number) => Number(fold(a !== 0, b !== 0));

/** Operators on the bits of whole numbers, of constants only. */
const bits = (since: readonly number[], fold: (a: bigint, b: bigint) => bigint): Operator =>
  binary(
    since,
    () => refuse("bits of computed numbers are not supported"),
    (a, b) => Number(fold(BigInt(a), BigInt(b))),
  );

export const arithmetic: Readonly<Record<string, Operator>> = {
  Add: binary([6, 7, 13, 14], add, (a, b) => a + b),
  Sub: binary([6, 7, 13, 14], subtract, (a, b) => a - b),
  Mul: binary([6, 7, 13, 14], multiply, (a, b) => a * b),
  Div: div,
  Mod: modulo,
  Pow: pow,
  Max: several([6, 8, 12, 13], maximum, Math.max),
  Min: several([6, 8, 12, 13], minimum, Math.min),
  Sum: several([6, 8, 13], add, (a, b) => a + b),
  Mean: several(
    [6, 8, 13],
    add,
    (a, b) => a + b,
    (x, count) => divide(x, count),
    (x, count) => x / count,
  ),
  Clip: clipTo,
  Neg: unary([6, 13], negate, (x) => -x),
  Abs: unary([6, 13], absolute, Math.abs),
  Sign: unary([9, 13], sign, Math.sign),
  Sqrt: unary([6, 13], sqrt, Math.sqrt),
  Exp: unary([6, 13], exp, Math.exp),
  Log: unary([6, 13], log, Math.log),
  Reciprocal: unary([6, 13], reciprocal, (x) => 1 / x),
  Floor: unary([6, 13], floor, Math.floor),
  Ceil: unary([6, 13], ceil, Math.ceil),
  Round: unary([11, 22], round, roundEven),
  Erf: unary([9, 13], erf),
  Sin: unary([7, 22], sin, Math.sin),
  Cos: unary([7, 22], cos, Math.cos),
  Tan: unary([7, 22], (x) => divide(sin(x), cos(x)), Math.tan),
  Asin: unary([7, 22], (x) => atan(divide(x, sqrt(subtract(1, square(x))))), Math.asin),
  Acos: unary([7, 22], (x) => multiply(2, atan(sqrt(divide(subtract(1, x), add(1, x))))), Math.acos),
  Atan: unary([7, 22], atan, Math.atan),
  Sinh: unary([9, 22], sinh, Math.sinh),
  Cosh: unary([9, 22], (x) => multiply(0.5, add(exp(x), exp(negate(x)))), Math.cosh),
  Asinh: unary([9, 22], asinh, Math.asinh),
  Acosh: unary([9, 22], (x) => log(add(x, sqrt(multiply(subtract(x, 1), add(x, 1))))), Math.acosh),
  Atanh: unary([9, 22], (x) => multiply(0.5, log1p(divide(multiply(2, x), subtract(1, x)))), Math.atanh),
  IsNaN: elementwise({
    since: [9, 13, 20],
    type: () => "bool",
    record: (_, x) => notEqual(x, x),
    fold: () => (x) => Number(Number.isNaN(x)),
  }),
  IsInf: isInf,
  Cast: cast,
  CastLike: castLike,
  Equal: binary([1, 7, 11, 13, 19], equal, (a, b) => Number(a === b), "bool"),
  Greater: binary([1, 7, 9, 13], greater, (a, b) => Number(a > b), "bool"),
  Less: binary([1, 7, 9, 13], less, (a, b) => Number(a < b), "bool"),
  GreaterOrEqual: binary([12, 16], greaterEqual, (a, b) => Number(a >= b), "bool"),
  LessOrEqual: binary([12, 16], lessEqual, (a, b) => Number(a <= b), "bool"),
  And: binary(
    [1, 7],
    multiply,
    both((a, b) => a && b),
    "bool",
  ),
  Or: binary(
    [1, 7],
    maximum,
    both((a, b) => a || b),
    "bool",
  ),
  Xor: binary(
    [1, 7],
    notEqual,
    both((a, b) => a !== b),
    "bool",
  ),
  Not: elementwise({
    since: [1],
    type: () => "bool",
    record: (_, x) => subtract(1, x),
    fold: () => (x) => Number(x === 0),
  }),
  Where: elementwise({
    since: [9, 16],
    type: (call) => call.input(1).type,
    record: (_, condition, a, b) => where(condition, a, b),
    fold: () => (condition, a, b) => (condition === 0 ? b : a),
  }),
  BitwiseAnd: bits([18], (a, b) => a & b),
  BitwiseOr: bits([18], (a, b) => a | b),
  BitwiseXor: bits([18], (a, b) => a ^ b),
  BitShift: elementwise({
    since: [11],
    record: (call, a, b) => {
      const factor = power(2, b);
      return call.text("direction", "LEFT") === "LEFT" ? multiply(a, factor) : floor(divide(a, factor));
    },
    fold: (call) =>
      call.text("direction", "LEFT") === "LEFT" ? (a, b) => a * 2 ** b : (a, b) => Math.floor(a / 2 ** b),
  }),
};
