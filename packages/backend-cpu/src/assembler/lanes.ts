import { bytes16, instruction, literal, simd, type Expression } from "./expression.ts";

// Sixteen bytes seen in other ways than as four float32: as two float64, or as whole numbers.

type Int = Expression<"i32">;
type Vector = Expression<"v128">;

type Unary = (a: Vector) => Vector;
type Binary = (a: Vector, b: Vector) => Vector;
type Shift = (a: Vector, by: Int) => Vector;
const unary =
  (name: string, opcode: number): Unary =>
  (a) =>
    instruction("v128", name, simd(opcode), [a]);
const binary =
  (name: string, opcode: number): Binary =>
  (a, b) =>
    instruction("v128", name, simd(opcode), [a, b]);
const shift =
  (name: string, opcode: number): Shift =>
  (a, by) =>
    instruction("v128", name, simd(opcode), [a, by]);

/** Two float64. */
export const double2: Readonly<
  Record<"add" | "subtract" | "multiply" | "divide" | "minimum" | "maximum", Binary> &
    Record<"equal" | "differ" | "less" | "greaterEqual", Binary> &
    Record<"absolute" | "negate" | "nearest" | "fromFloat" | "toFloat", Unary> & { of: (x: number) => Vector }
> = {
  add: /* @__PURE__ */ binary("f64x2.add", 0xf0),
  subtract: /* @__PURE__ */ binary("f64x2.sub", 0xf1),
  multiply: /* @__PURE__ */ binary("f64x2.mul", 0xf2),
  divide: /* @__PURE__ */ binary("f64x2.div", 0xf3),
  minimum: /* @__PURE__ */ binary("f64x2.min", 0xf4),
  maximum: /* @__PURE__ */ binary("f64x2.max", 0xf5),
  absolute: /* @__PURE__ */ unary("f64x2.abs", 0xec),
  negate: /* @__PURE__ */ unary("f64x2.neg", 0xed),
  /** The nearest whole number, the even one of two. */
  nearest: /* @__PURE__ */ unary("f64x2.nearest", 0x94),
  equal: /* @__PURE__ */ binary("f64x2.eq", 0x47),
  differ: /* @__PURE__ */ binary("f64x2.ne", 0x48),
  less: /* @__PURE__ */ binary("f64x2.lt", 0x49),
  greaterEqual: /* @__PURE__ */ binary("f64x2.ge", 0x4c),
  /** The first two of four float32, exactly. */
  fromFloat: /* @__PURE__ */ unary("f64x2.promote_low_f32x4", 0x5f),
  /** Rounded to float32, and two zeros. */
  toFloat: /* @__PURE__ */ unary("f32x4.demote_f64x2_zero", 0x5e),
  /** A number twice. */
  of: (x: number): Vector => {
    return bytes16(() => `f64x2 ${literal(x)} ${literal(x)}`, new Uint8Array(Float64Array.of(x, x).buffer));
  },
};

/** Four whole numbers of 32 bits. */
export const int4: Readonly<
  Record<"add" | "subtract", Binary> &
    Record<"shiftLeft" | "shiftRight" | "shiftRightSigned", Shift> &
    Record<"fromFloat" | "toFloat", Unary> & { each: (a: Int) => Vector; of: (...numbers: number[]) => Vector }
> = {
  add: /* @__PURE__ */ binary("i32x4.add", 0xae),
  subtract: /* @__PURE__ */ binary("i32x4.sub", 0xb1),
  shiftLeft: /* @__PURE__ */ shift("i32x4.shl", 0xab),
  shiftRight: /* @__PURE__ */ shift("i32x4.shr_u", 0xad),
  /** The sign goes on in front. */
  shiftRightSigned: /* @__PURE__ */ shift("i32x4.shr_s", 0xac),
  /** Rounded towards zero; the nearest possible for what is too large, and 0 for NaN. */
  fromFloat: /* @__PURE__ */ unary("i32x4.trunc_sat_f32x4_s", 0xf8),
  toFloat: /* @__PURE__ */ unary("f32x4.convert_i32x4_s", 0xfa),
  each: (a: Int): Vector => instruction("v128", "i32x4.splat", simd(0x11), [a]),
  /** These four. */
  of: (...numbers: number[]): Vector => {
    return bytes16(() => `i32x4 ${numbers.join(" ")}`, new Uint8Array(Int32Array.from(numbers).buffer));
  },
};

/** Two whole numbers of 64 bits: the bits of two float64. */
export const long2: Readonly<Record<"add" | "subtract", Binary> & Record<"shiftLeft" | "shiftRight", Shift>> = {
  add: /* @__PURE__ */ binary("i64x2.add", 0xce),
  subtract: /* @__PURE__ */ binary("i64x2.sub", 0xd1),
  shiftLeft: /* @__PURE__ */ shift("i64x2.shl", 0xcb),
  /** The sign goes on in front. */
  shiftRight: /* @__PURE__ */ shift("i64x2.shr_s", 0xcc),
};

/** Sixteen bytes out of the thirty-two of both, by their places. */
export const shuffle = (a: Vector, b: Vector, ...places: number[]): Vector =>
  instruction("v128", "i8x16.shuffle", simd(0x0d), [a, b], places);
/** Four of the eight numbers of both. */
export const shuffle4 = (a: Vector, b: Vector, ...lanes: [number, number, number, number]): Vector =>
  shuffle(a, b, ...lanes.flatMap((lane) => [4 * lane, 4 * lane + 1, 4 * lane + 2, 4 * lane + 3]));

/** The first of four whole numbers. */
export const firstInt = (v: Vector): Int => instruction("i32", "i32x4.extract_lane", simd(0x1b), [v], [0]);
/** The lesser of both, the first if either is no number: one instruction of most machines, which `min` is not. */
export const lesser4: Binary = /* @__PURE__ */ binary("f32x4.pmin", 0xea);
/** The greater of both, the first if either is no number. */
export const greater4: Binary = /* @__PURE__ */ binary("f32x4.pmax", 0xeb);
/** Rounded towards zero. */
export const trunc4: Unary = /* @__PURE__ */ unary("f32x4.trunc", 0x69);
