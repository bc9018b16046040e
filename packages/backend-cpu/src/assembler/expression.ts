import { float, signed, unsigned } from "./encoding.ts";
import * as op from "./instructions.ts";
import {
  asFloat,
  asInt,
  asVector,
  f32,
  f32x4,
  i32,
  i8x16,
  v128,
  type Expression,
  type Float,
  type Int,
  type Vector,
  type WasmType,
} from "./instructions.ts";

/** A variable of a function. */
export interface Local<T extends WasmType> extends Expression<T> {
  /** Its number, encoded. */
  readonly index: string;
  /** A variable for the second half of a vector of eight numbers, once it had one. */
  twin?: Local<T>;
  /** Code of the twin, while the value has two halves. */
  high?: string | undefined;
}

// All offsets are counts of numbers, of 4 = 2² bytes each.

/** The immediates of an instruction on memory `offset` numbers after its address: alignment, offset in bytes. */
export const at = (offset: number): string => "\x02" + unsigned(4 * offset);

/** A whole number. */
export const int = (n: number): Int => asInt(op.i32_const + signed(n));
/** A number. */
export const number = (x: number): Float => asFloat(op.f32_const + float(x));
/** Four zeros. */
export const zero4: Vector = /* @__PURE__ */ v128.const(/* @__PURE__ */ new Uint8Array(16));
/** Zeros for this many lanes. */
export const zerosOf = (lanes: number): Vector => (lanes === 8 ? asVector(zero4.bytes, zero4.bytes) : zero4);
/** Four whole numbers. */
export const int4 = (...numbers: number[]): Vector => v128.const(new Uint8Array(Int32Array.from(numbers).buffer));
/** Two float64 of this value. */
export const double2 = (x: number): Vector => v128.const(new Uint8Array(Float64Array.of(x, x).buffer));

/** A variable that holds an address. */
export type Pointer = Local<"i32">;
/** Several of them, by name. */
export type Pointers<Name extends string> = Readonly<Record<Name, Pointer>>;

/** The address `count` numbers after another one. */
export const plus = (address: Int, count: number): Int => i32.add(address, int(4 * count));
/** The address of element `index` of those that lie `step` numbers apart. */
export const element = (address: Int, index: Int, step: number): Int => i32.add(address, i32.mul(index, int(4 * step)));

/** The whole number at an address. */
export const loadInt = (address: Int, offset = 0): Int => asInt(address.bytes + op.i32_load + at(offset));
/** The number at an address. */
export const load = (address: Int, offset = 0): Float => asFloat(address.bytes + op.f32_load + at(offset));
/** Four numbers from an address on. */
export const load4 = (address: Int, offset = 0): Vector => asVector(address.bytes + op.v128_load + at(offset));
/** Eight numbers from an address on, as two halves. */
export const load8 = (address: Int, offset = 0): Vector =>
  asVector(load4(address, offset).bytes, load4(address, offset + 4).bytes);
/** Loads for this many lanes. */
export const loadOf = (lanes: number): typeof load4 => (lanes === 8 ? load8 : load4);
/** The first four numbers of a vector. */
export const lowOf = ({ bytes }: Vector): Vector => asVector(bytes);
/** The last four numbers of a vector of eight; one of four stands for both halves. */
export const highOf = ({ bytes, high = bytes }: Vector): Vector => asVector(high);
/** The number at an address, four times. */
export const splat = (address: Int, offset = 0): Vector => asVector(address.bytes + op.v128_load32_splat + at(offset));
/** The number at an address, and three zeros. */
export const loadOne = (address: Int, offset = 0): Vector => asVector(address.bytes + op.v128_load32_zero + at(offset));

/** `a` if the condition is not 0, else `b`. */
export const select = (condition: Int, a: Int, b: Int): Int => asInt(a.bytes + b.bytes + condition.bytes + op.select);
/** Bits of `a` where the mask has them set, of `b` elsewhere. */
export const select4 = (mask: Vector, a: Vector, b: Vector): Vector => v128.bitselect(a, b, mask);
/** Whether a number is not NaN. */
export const isNumber = (x: Local<"f32">): Int => f32.eq(x, x);
/** max(x, 0), and NaN for NaN: faster than `max`, which looks for NaN in both operands. */
export const relu4 = (x: Vector): Vector => f32x4.pmax(x, zero4);
/** Four of the eight numbers of both vectors. */
export const shuffle4 = (a: Vector, b: Vector, ...lanes: readonly [number, number, number, number]): Vector =>
  i8x16.shuffle(a, b, ...lanes.flatMap((lane) => [4 * lane, 4 * lane + 1, 4 * lane + 2, 4 * lane + 3]));
