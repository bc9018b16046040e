import { broadcastShapes, type BinaryOp, type Primitives, type UnaryOp } from "@convlens/backend";
import type { Operation } from "../operation.ts";
import { record, type Operand } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { sumTo } from "./broadcast.ts";

/** Names of the primitives of this kind. */
type NamesOf<O> = { [K in keyof Primitives]: O extends Primitives[K] ? K : never }[keyof Primitives];
/** An elementwise operation on one tensor. */
export type Unary = (x: Operand) => Tensor;
/** An elementwise operation on two tensors, with broadcasting. */
export type Binary = (a: Operand, b: Operand) => Tensor;

/** An elementwise operation on one tensor. */
function unary(name: NamesOf<UnaryOp>, gradient: (dy: Tensor, x: Tensor, y: Tensor) => Tensor | null): Unary {
  const operation: Operation<NamesOf<UnaryOp>> = {
    name,
    shape: ([x]) => x,
    gradient: (dy, y) => [gradient(dy, y.inputs[0], y)],
  };
  return (x) => record(operation, [x], {});
}

/** An operation on two tensors that broadcast; the gradients are summed over what was stretched. */
function binary(
  name: NamesOf<BinaryOp>,
  gradient: (dy: Tensor, a: Tensor, b: Tensor, y: Tensor) => readonly [Tensor | null, Tensor | null],
): Binary {
  const operation: Operation<NamesOf<BinaryOp>> = {
    name,
    shape: ([a, b]) => broadcastShapes(name, a, b),
    gradient: (dy, y) => {
      const [a, b] = y.inputs;
      const [da, db] = gradient(dy, a, b, y);
      return [da && sumTo(da, a.shape), db && sumTo(db, b.shape)];
    },
  };
  return (a, b) => record(operation, [a, b], {});
}

/** −x */
export const negate: Unary = /* @__PURE__ */ unary("negate", (dy) => negate(dy));
/** |x|; its gradient at 0 is 0. */
export const absolute: Unary = /* @__PURE__ */ unary("absolute", (dy, x) => multiply(dy, sign(x)));
/** −1, 0 or 1; no gradient flows. */
export const sign: Unary = /* @__PURE__ */ unary("sign", () => null);
/** ⌊x⌋, the largest whole number that is not above x; no gradient flows. */
export const floor: Unary = /* @__PURE__ */ unary("floor", () => null);
/** ⌈x⌉, the smallest whole number that is not below x; no gradient flows. */
export const ceil: Unary = (x) => negate(floor(negate(x)));
/** eˣ */
export const exp: Unary = /* @__PURE__ */ unary("exp", (dy, _, y) => multiply(dy, y));
/** eˣ − 1, accurate also for small x. */
export const expm1: Unary = /* @__PURE__ */ unary("expm1", (dy, _, y) => multiply(dy, add(y, 1)));
/** The natural logarithm: −∞ at 0, NaN below. */
export const log: Unary = /* @__PURE__ */ unary("log", (dy, x) => divide(dy, x));
/** ln(1 + x), accurate also for small x. */
export const log1p: Unary = /* @__PURE__ */ unary("log1p", (dy, x) => divide(dy, add(x, 1)));
/** √x */
export const sqrt: Unary = /* @__PURE__ */ unary("sqrt", (dy, _, y) => divide(dy, multiply(y, 2)));
/** 1 / x */
export const reciprocal: Unary = /* @__PURE__ */ unary("reciprocal", (dy, _, y) =>
  negate(multiply(dy, multiply(y, y))),
);
/** The sine, x in radians; NaN where x is infinite. */
export const sin: Unary = /* @__PURE__ */ unary("sin", (dy, x) => multiply(dy, cos(x)));
/** The cosine, x in radians; NaN where x is infinite. */
export const cos: Unary = /* @__PURE__ */ unary("cos", (dy, x) => negate(multiply(dy, sin(x))));
/** The hyperbolic tangent. */
export const tanh: Unary = /* @__PURE__ */ unary("tanh", (dy, _, y) => multiply(dy, subtract(1, multiply(y, y))));
/** The error function 2/√π ∫₀ˣ e^(−t²) dt. */
export const erf: Unary = /* @__PURE__ */ unary("erf", (dy, x) =>
  multiply(dy, multiply(exp(negate(multiply(x, x))), 2 / Math.sqrt(Math.PI))),
);
/** 1 / (1 + e⁻ˣ) */
export const sigmoid: Unary = /* @__PURE__ */ unary("sigmoid", (dy, _, y) => multiply(dy, multiply(y, subtract(1, y))));
/** max(x, 0). Its gradient reads the output, not the input, so that a fused kernel need not keep the input. */
export const relu: Unary = /* @__PURE__ */ unary("relu", (dy, _, y) => where(greater(y, 0), dy, 0));

/** a + b */
export const add: Binary = /* @__PURE__ */ binary("add", (dy) => [dy, dy]);
/** a − b */
export const subtract: Binary = /* @__PURE__ */ binary("subtract", (dy) => [dy, negate(dy)]);
/** a · b, elementwise. */
export const multiply: Binary = /* @__PURE__ */ binary("multiply", (dy, a, b) => [multiply(dy, b), multiply(dy, a)]);
/** a / b */
export const divide: Binary = /* @__PURE__ */ binary("divide", (dy, _, b, y) => {
  const da = divide(dy, b);
  return [da, negate(multiply(da, y))];
});
/** a to the power of b. For a negative a only integer powers are defined; others are NaN. */
export const power: Binary = /* @__PURE__ */ binary("power", (dy, a, b, y) => [
  // Where b is 0 the gradient of a is 0, also at a = 0, where a^(b − 1) is infinite. Where a is 0 the gradient of b is 0.
  multiply(dy, where(equal(b, 0), 0, multiply(b, power(a, subtract(b, 1))))),
  multiply(dy, where(equal(a, 0), 0, multiply(y, log(a)))),
]);
/** Elementwise maximum; NaN if either is. The gradient goes to the larger one, to `a` where they are equal. */
export const maximum: Binary = /* @__PURE__ */ binary("maximum", (dy, a, b) => [
  where(greaterEqual(a, b), dy, 0),
  where(greater(b, a), dy, 0),
]);
/** Elementwise minimum; NaN if either is. The gradient goes to the smaller one, to `a` where they are equal. */
export const minimum: Binary = /* @__PURE__ */ binary("minimum", (dy, a, b) => [
  where(greaterEqual(b, a), dy, 0),
  where(greater(a, b), dy, 0),
]);
/** 1 where a = b, else 0; no gradient flows, nor through the other comparisons. */
export const equal: Binary = /* @__PURE__ */ binary("equal", () => [null, null]);
/** 1 where a > b, else 0. */
export const greater: Binary = /* @__PURE__ */ binary("greater", () => [null, null]);
/** 1 where a ≥ b, else 0. */
export const greaterEqual: Binary = /* @__PURE__ */ binary("greaterEqual", () => [null, null]);
/** 1 where a < b, else 0. */
export const less: Binary = (a, b) => greater(b, a);
/** 1 where a ≤ b, else 0. */
export const lessEqual: Binary = (a, b) => greaterEqual(b, a);
/** 1 where a ≠ b, else 0; NaN is not equal to anything. */
export const notEqual: Binary = (a, b) => subtract(1, equal(a, b));

const whereOperation: Operation<"where"> = {
  name: "where",
  shape: ([condition, a, b]) => broadcastShapes("where", condition, broadcastShapes("where", a, b)),
  gradient: (dy, { inputs: [condition, a, b] }) => [
    null,
    sumTo(where(condition, dy, 0), a.shape),
    sumTo(where(condition, 0, dy), b.shape),
  ],
};

/**
 * Selects `a` where the condition is not 0, and `b` where it is; all three broadcast.
 *
 * @example
 * ```ts
 * where(greater(x, 0), x, 0); // relu
 * ```
 */
export const where = (condition: Operand, a: Operand, b: Operand): Tensor =>
  record(whereOperation, [condition, a, b], {});

/**
 * Nearest whole number, of two equally near ones the even one, as `torch.round`; no gradient flows.
 *
 * @example
 * ```ts
 * round(tensor([0.5, 1.5, 2.4, -1.5])); // 0, 2, 2, -2
 * ```
 */
export function round(x: Operand): Tensor {
  const low = floor(x);
  const rest = subtract(x, low);
  const high = add(low, 1);
  const even = multiply(floor(divide(high, 2)), 2);
  // The rest of an infinite number is NaN, which fails both comparisons.
  return where(greater(rest, 0.5), high, where(equal(rest, 0.5), even, low));
}

/**
 * Remainder a − ⌊a / b⌋ · b of a division, with the sign of b, as `torch.remainder` and `%` of Python. It is NaN where b is 0 or
 * infinite. The gradient of b is −⌊a / b⌋.
 *
 * @example
 * ```ts
 * mod(tensor([5, -5]), 3); // 2, 1
 * ```
 */
export const mod: Binary = (a, b) => subtract(a, multiply(floor(divide(a, b)), b));

/** x² */
export function square(x: Operand): Tensor {
  return multiply(x, x);
}

/** Limits x to two bounds; no gradient flows where it is outside. */
export const clip = (x: Operand, low: Operand, high: Operand): Tensor => minimum(maximum(x, low), high);
