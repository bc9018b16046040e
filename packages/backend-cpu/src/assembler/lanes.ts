import { bytes } from "./encoding.ts";
import { asInt, asVector, bytes16, type Expression } from "./expression.ts";

// Sixteen bytes seen in other ways than as four float32: as two float64, or as whole numbers.

type Int = Expression<"i32">;
type Vector = Expression<"v128">;

type Unary = (a: Vector) => Vector;
type Binary = (a: Vector, b: Vector) => Vector;
type Shift = (a: Vector, by: Int) => Vector;
const unary =
  (opcode: string): Unary =>
  (a) =>
    asVector(a.bytes + opcode);
const binary =
  (opcode: string): Binary =>
  (a, b) =>
    asVector(a.bytes + b.bytes + opcode);
const shift =
  (opcode: string): Shift =>
  (a, by) =>
    asVector(a.bytes + by.bytes + opcode);

/** Two float64. */
export const double2: Readonly<
  Record<"add" | "subtract" | "multiply" | "divide" | "minimum" | "maximum", Binary> &
    Record<"equal" | "differ" | "less" | "greaterEqual", Binary> &
    Record<"absolute" | "negate" | "nearest" | "fromFloat" | "toFloat", Unary> & { of: (x: number) => Vector }
> = {
  add: /* @__PURE__ */ binary("\xfd\xf0\x01"),
  subtract: /* @__PURE__ */ binary("\xfd\xf1\x01"),
  multiply: /* @__PURE__ */ binary("\xfd\xf2\x01"),
  divide: /* @__PURE__ */ binary("\xfd\xf3\x01"),
  minimum: /* @__PURE__ */ binary("\xfd\xf4\x01"),
  maximum: /* @__PURE__ */ binary("\xfd\xf5\x01"),
  absolute: /* @__PURE__ */ unary("\xfd\xec\x01"),
  negate: /* @__PURE__ */ unary("\xfd\xed\x01"),
  /** The nearest whole number, the even one of two. */
  nearest: /* @__PURE__ */ unary("\xfd\x94\x01"),
  equal: /* @__PURE__ */ binary("\xfd\x47"),
  differ: /* @__PURE__ */ binary("\xfd\x48"),
  less: /* @__PURE__ */ binary("\xfd\x49"),
  greaterEqual: /* @__PURE__ */ binary("\xfd\x4c"),
  /** The first two of four float32, exactly. */
  fromFloat: /* @__PURE__ */ unary("\xfd\x5f"),
  /** Rounded to float32, and two zeros. */
  toFloat: /* @__PURE__ */ unary("\xfd\x5e"),
  /** A number twice. */
  of: (x: number): Vector => {
    return bytes16(new Uint8Array(Float64Array.of(x, x).buffer));
  },
};

/** Four whole numbers of 32 bits. */
export const int4: Readonly<
  Record<"add" | "subtract", Binary> &
    Record<"shiftLeft" | "shiftRight" | "shiftRightSigned", Shift> &
    Record<"fromFloat" | "toFloat", Unary> & { each: (a: Int) => Vector; of: (...numbers: number[]) => Vector }
> = {
  add: /* @__PURE__ */ binary("\xfd\xae\x01"),
  subtract: /* @__PURE__ */ binary("\xfd\xb1\x01"),
  shiftLeft: /* @__PURE__ */ shift("\xfd\xab\x01"),
  shiftRight: /* @__PURE__ */ shift("\xfd\xad\x01"),
  /** The sign goes on in front. */
  shiftRightSigned: /* @__PURE__ */ shift("\xfd\xac\x01"),
  /** Rounded towards zero; the nearest possible for what is too large, and 0 for NaN. */
  fromFloat: /* @__PURE__ */ unary("\xfd\xf8\x01"),
  toFloat: /* @__PURE__ */ unary("\xfd\xfa\x01"),
  each: (a: Int): Vector => asVector(a.bytes + "\xfd\x11"),
  /** These four. */
  of: (...numbers: number[]): Vector => {
    return bytes16(new Uint8Array(Int32Array.from(numbers).buffer));
  },
};

/** Two whole numbers of 64 bits: the bits of two float64. */
export const long2: Readonly<Record<"add" | "subtract", Binary> & Record<"shiftLeft" | "shiftRight", Shift>> = {
  add: /* @__PURE__ */ binary("\xfd\xce\x01"),
  subtract: /* @__PURE__ */ binary("\xfd\xd1\x01"),
  shiftLeft: /* @__PURE__ */ shift("\xfd\xcb\x01"),
  /** The sign goes on in front. */
  shiftRight: /* @__PURE__ */ shift("\xfd\xcc\x01"),
};

/** Sixteen bytes out of the thirty-two of both, by their places. */
export const shuffle = (a: Vector, b: Vector, ...places: number[]): Vector =>
  asVector(a.bytes + b.bytes + "\xfd\x0d" + bytes(...places));
/** Four of the eight numbers of both. */
export const shuffle4 = (a: Vector, b: Vector, ...lanes: [number, number, number, number]): Vector =>
  shuffle(a, b, ...lanes.flatMap((lane) => [4 * lane, 4 * lane + 1, 4 * lane + 2, 4 * lane + 3]));

/** The first of four whole numbers. */
export const firstInt = (v: Vector): Int => asInt(v.bytes + "\xfd\x1b\x00");
/** The lesser of both, the first if either is no number: one instruction of most machines, which `min` is not. */
export const lesser4: Binary = /* @__PURE__ */ binary("\xfd\xea\x01");
/** The greater of both, the first if either is no number. */
export const greater4: Binary = /* @__PURE__ */ binary("\xfd\xeb\x01");
/** Rounded towards zero. */
export const trunc4: Unary = /* @__PURE__ */ unary("\xfd\x69");
