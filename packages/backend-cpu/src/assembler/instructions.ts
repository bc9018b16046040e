import { bytes } from "./encoding.ts";

// The instructions that kernels use, by their names in the WebAssembly specification. An instruction stands behind its operands,
// and before its immediates. Opcodes are strings with a character for each byte; \xfd begins those on vectors.

/** The types that kernels use: addresses and counts, numbers, and sixteen bytes, mostly four numbers. */
export type WasmType = "i32" | "f32" | "v128";

/** Code that leaves a value of a type. The type is checked by the compiler, not when the code runs. */
export interface Expression<T extends WasmType> {
  readonly type: T;
  /** The code, with a character for each byte. */
  readonly bytes: string;
  /** Code for the four numbers behind those of a vector, where there are eight: engines pack the same operations on neighbours. */
  readonly high?: string | undefined;
}

/** Code that leaves an address, a count or another whole number. */
export type Int = Expression<"i32">;
/** Code that leaves a number. */
export type Float = Expression<"f32">;
/** Code that leaves sixteen bytes, mostly four numbers. */
export type Vector = Expression<"v128">;

/** Code as an expression that leaves a whole number. */
export const asInt = (bytes: string): Int => ({ type: "i32", bytes });
/** Code as an expression that leaves a number. */
export const asFloat = (bytes: string): Float => ({ type: "f32", bytes });
/** Code as an expression that leaves sixteen bytes. */
export const asVector = (bytes: string, high?: string): Vector => ({ type: "v128", bytes, high });

/** An operation on vectors, on both halves if one of them has two. A vector of four numbers then stands for both. */
function onHalves(write: (a: string, b: string, c: string) => string, a: Vector, b?: Vector, c?: Vector): Vector {
  const [x, y = "", z = ""] = [a.bytes, b?.bytes, c?.bytes];
  const isWide = a.high !== undefined || b?.high !== undefined || c?.high !== undefined;
  return asVector(write(x, y, z), isWide ? write(a.high ?? x, b?.high ?? y, c?.high ?? z) : undefined);
}

const intBinary = (opcode: string) => (a: Int, b: Int) => asInt(a.bytes + b.bytes + opcode);
const floatUnary = (opcode: string) => (a: Float) => asFloat(a.bytes + opcode);
const floatBinary = (opcode: string) => (a: Float, b: Float) => asFloat(a.bytes + b.bytes + opcode);
const unary = (opcode: string) => (a: Vector) => onHalves((a) => a + opcode, a);
const binary = (opcode: string) => (a: Vector, b: Vector) => onHalves((a, b) => a + b + opcode, a, b);
const ternary = (opcode: string) => (a: Vector, b: Vector, c: Vector) =>
  onHalves((a, b, c) => a + b + c + opcode, a, b, c);
const shift = (opcode: string) => (a: Vector, by: Int) => onHalves((a) => a + by.bytes + opcode, a);
const splat = (opcode: string) => (a: Int | Float) => asVector(a.bytes + opcode);

type IntBinary = (a: Int, b: Int) => Int;
type FloatUnary = (a: Float) => Float;
type FloatBinary = (a: Float, b: Float) => Float;
type Unary = (a: Vector) => Vector;
type Binary = (a: Vector, b: Vector) => Vector;
type Ternary = (a: Vector, b: Vector, c: Vector) => Vector;
type Shift = (a: Vector, by: Int) => Vector;

/** Instructions on whole numbers. `div_u` and `lt_u` take them as unsigned, as addresses are. */
export const i32: Readonly<Record<"add" | "sub" | "mul" | "div_u" | "lt_u", IntBinary>> = {
  lt_u: intBinary("\x49"),
  add: intBinary("\x6a"),
  sub: intBinary("\x6b"),
  mul: intBinary("\x6c"),
  div_u: intBinary("\x6e"),
};

/** Instructions on a number. */
export const f32: Readonly<
  Record<"abs" | "neg" | "sqrt", FloatUnary> &
    Record<"add" | "sub" | "mul" | "div" | "min" | "max", FloatBinary> & { eq: (a: Float, b: Float) => Int }
> = {
  eq: (a: Float, b: Float): Int => asInt(a.bytes + b.bytes + "\x5b"),
  abs: floatUnary("\x8b"),
  neg: floatUnary("\x8c"),
  sqrt: floatUnary("\x91"),
  add: floatBinary("\x92"),
  sub: floatBinary("\x93"),
  mul: floatBinary("\x94"),
  div: floatBinary("\x95"),
  min: floatBinary("\x96"),
  max: floatBinary("\x97"),
};

/** Instructions on the bits of sixteen bytes. */
export const v128: Readonly<
  Record<"and" | "andnot" | "or" | "xor", Binary> & {
    const: (values: ArrayLike<number>) => Vector;
    /** Bits of `a` where the mask has them set, of `b` elsewhere. */
    bitselect: (a: Vector, b: Vector, mask: Vector) => Vector;
    /** Not 0 if any bit is set. */
    any_true: (a: Vector) => Int;
  }
> = {
  const: (values: ArrayLike<number>): Vector => asVector("\xfd\x0c" + bytes(...Array.from(values))),
  and: binary("\xfd\x4e"),
  andnot: binary("\xfd\x4f"),
  or: binary("\xfd\x50"),
  xor: binary("\xfd\x51"),
  bitselect: ternary("\xfd\x52"),
  any_true: (a: Vector): Int => asInt(a.bytes + "\xfd\x53"),
};

/** The bytes `places` of the thirty-two of both vectors. */
export const i8x16: { readonly shuffle: (a: Vector, b: Vector, ...places: number[]) => Vector } = {
  shuffle: (a, b, ...places) => onHalves((a, b) => a + b + "\xfd\x0d" + bytes(...places), a, b),
};

/** Instructions on four whole numbers of 32 bits. */
export const i32x4: Readonly<
  Record<"add" | "sub", Binary> &
    Record<"shl" | "shr_s" | "shr_u", Shift> & {
      splat: (a: Int) => Vector;
      extract_lane: (a: Vector, lane: 0 | 1 | 2 | 3) => Int;
      /** Rounds towards zero, and to the nearest possible number out of range; 0 for NaN. */
      trunc_sat_f32x4_s: Unary;
    }
> = {
  splat: splat("\xfd\x11"),
  extract_lane: (a: Vector, lane: 0 | 1 | 2 | 3): Int => asInt(a.bytes + "\xfd\x1b" + bytes(lane)),
  shl: shift("\xfd\xab\x01"),
  shr_s: shift("\xfd\xac\x01"),
  shr_u: shift("\xfd\xad\x01"),
  add: binary("\xfd\xae\x01"),
  sub: binary("\xfd\xb1\x01"),
  trunc_sat_f32x4_s: unary("\xfd\xf8\x01"),
};

/** Instructions on two whole numbers of 64 bits. */
export const i64x2: Readonly<Record<"add" | "sub", Binary> & Record<"shl" | "shr_s", Shift>> = {
  shl: shift("\xfd\xcb\x01"),
  shr_s: shift("\xfd\xcc\x01"),
  add: binary("\xfd\xce\x01"),
  sub: binary("\xfd\xd1\x01"),
};

/**
 * Instructions on four numbers. Comparisons set all bits of the numbers for which they hold; NaN differs from itself, and fails
 * all others. `min` and `max` give NaN if either is NaN. `pmin` and `pmax` give the first then, and are a single instruction on
 * most machines.
 */
export const f32x4: Readonly<
  Record<"abs" | "neg" | "sqrt" | "floor" | "trunc" | "convert_i32x4_s" | "demote_f64x2_zero", Unary> &
    Record<"eq" | "ne" | "gt" | "ge" | "add" | "sub" | "mul" | "div" | "min" | "max" | "pmin" | "pmax", Binary> & {
      splat: (a: Float) => Vector;
      extract_lane: (a: Vector, lane: 0 | 1 | 2 | 3) => Float;
      /** a · b + c, rounded once or twice, whichever the machine does faster. */
      relaxed_madd: Ternary;
    }
> = {
  splat: splat("\xfd\x13"),
  extract_lane: (a: Vector, lane: 0 | 1 | 2 | 3): Float => asFloat(a.bytes + "\xfd\x1f" + bytes(lane)),
  eq: binary("\xfd\x41"),
  ne: binary("\xfd\x42"),
  gt: binary("\xfd\x44"),
  ge: binary("\xfd\x46"),
  demote_f64x2_zero: unary("\xfd\x5e"),
  floor: unary("\xfd\x68"),
  trunc: unary("\xfd\x69"),
  abs: unary("\xfd\xe0\x01"),
  neg: unary("\xfd\xe1\x01"),
  sqrt: unary("\xfd\xe3\x01"),
  add: binary("\xfd\xe4\x01"),
  sub: binary("\xfd\xe5\x01"),
  mul: binary("\xfd\xe6\x01"),
  div: binary("\xfd\xe7\x01"),
  min: binary("\xfd\xe8\x01"),
  max: binary("\xfd\xe9\x01"),
  pmin: binary("\xfd\xea\x01"),
  pmax: binary("\xfd\xeb\x01"),
  convert_i32x4_s: unary("\xfd\xfa\x01"),
  relaxed_madd: ternary("\xfd\x85\x02"),
};

/** Instructions on two float64. `promote_low_f32x4` converts the first two of four float32; `nearest` rounds half to even. */
export const f64x2: Readonly<
  Record<"abs" | "neg" | "nearest" | "promote_low_f32x4", Unary> &
    Record<"eq" | "ne" | "lt" | "ge" | "add" | "sub" | "mul" | "div" | "min" | "max", Binary>
> = {
  eq: binary("\xfd\x47"),
  ne: binary("\xfd\x48"),
  lt: binary("\xfd\x49"),
  ge: binary("\xfd\x4c"),
  promote_low_f32x4: unary("\xfd\x5f"),
  nearest: unary("\xfd\x94\x01"),
  abs: unary("\xfd\xec\x01"),
  neg: unary("\xfd\xed\x01"),
  add: binary("\xfd\xf0\x01"),
  sub: binary("\xfd\xf1\x01"),
  mul: binary("\xfd\xf2\x01"),
  div: binary("\xfd\xf3\x01"),
  min: binary("\xfd\xf4\x01"),
  max: binary("\xfd\xf5\x01"),
};

// Opcodes of control, variables, constants and memory. An underscore takes the place of a dot.

export const loop = "\x03";
/** `if` */
export const if_ = "\x04";
export const end = "\x0b";
export const br_if = "\x0d";
export const call = "\x10";
export const select = "\x1b";
export const local_get = "\x20";
export const local_set = "\x21";
export const i32_load = "\x28";
export const f32_load = "\x2a";
export const f32_store = "\x38";
export const i32_const = "\x41";
export const f32_const = "\x43";
export const memory_fill = "\xfc\x0b";
export const v128_load = "\xfd\x00";
export const v128_load32_splat = "\xfd\x09";
export const v128_store = "\xfd\x0b";
export const v128_store32_lane = "\xfd\x5a";
export const v128_load32_zero = "\xfd\x5c";
