import { bytes, float, signed, unsigned } from "./encoding.ts";

/** The types that kernels use: addresses and counts, numbers, and four numbers side by side. */
export type WasmType = "i32" | "f32" | "v128";

/** Code that leaves a value of a type. The type is checked by the compiler, not when it runs. */
export interface Expression<T extends WasmType> {
  readonly type: T;
  /** As a module has it: a character for each byte. */
  readonly bytes: string;
}

/** A variable of a function. */
export interface Local<T extends WasmType> extends Expression<T> {
  /** For people, and need not be the only one. */
  readonly name: string;
  /** Its number, as a module has it. */
  readonly index: string;
}

type Int = Expression<"i32">;
type Float = Expression<"f32">;
type Vector = Expression<"v128">;

// An instruction stands behind its operands, and before what belongs to itself. Opcodes are written as a module has them: \xfd
// begins those on sixteen bytes. Their names are in test/readable.ts.

/** Bytes as code that leaves a whole number. */
export const asInt = (bytes: string): Int => ({ type: "i32", bytes });
const asFloat = (bytes: string): Float => ({ type: "f32", bytes });
/** The same, for four numbers. */
export const asVector = (bytes: string): Vector => ({ type: "v128", bytes });

/** What follows an instruction on memory `offset` bytes after its address; numbers begin at multiples of 2² bytes. */
export const at = (offset: number): string => "\x02" + unsigned(offset);

/** A whole number. */
export const int = (n: number): Int => asInt("\x41" + signed(n));
/** A number. */
export const number = (x: number): Float => asFloat("\x43" + float(x));

const binaryInt =
  (opcode: string) =>
  (a: Int, b: Int): Int =>
    asInt(a.bytes + b.bytes + opcode);
/** a + b */
export const add: (a: Int, b: Int) => Int = /* @__PURE__ */ binaryInt("\x6a");
/** a − b */
export const subtractInt: (a: Int, b: Int) => Int = /* @__PURE__ */ binaryInt("\x6b");
/** a · b */
export const multiplyInt: (a: Int, b: Int) => Int = /* @__PURE__ */ binaryInt("\x6c");
/** a / b, both taken as unsigned. */
export const divideInt: (a: Int, b: Int) => Int = /* @__PURE__ */ binaryInt("\x6e");
/** The first if the condition is not 0, else the second. */
export const chooseInt = (condition: Int, a: Int, b: Int): Int => asInt(a.bytes + b.bytes + condition.bytes + "\x1b");
/** Whether a < b, both taken as unsigned: addresses are. */
export const below: (a: Int, b: Int) => Int = /* @__PURE__ */ binaryInt("\x49");

/** The whole number at an address. */
export const loadInt = (address: Int, offset = 0): Int => asInt(address.bytes + "\x28" + at(offset));
/** The number at an address. */
export const load = (address: Int, offset = 0): Float => asFloat(address.bytes + "\x2a" + at(offset));
/** Four numbers from an address on. */
export const load4 = (address: Int, offset = 0): Vector => asVector(address.bytes + "\xfd\x00" + at(offset));
/** The number at an address, four times. */
export const splat = (address: Int, offset = 0): Vector => asVector(address.bytes + "\xfd\x09" + at(offset));
/** Sixteen bytes. */
export const bytes16 = (values: ArrayLike<number>): Vector => asVector("\xfd\x0c" + bytes(...Array.from(values)));
/** Four zeros. */
export const zero4: Vector = /* @__PURE__ */ bytes16(/* @__PURE__ */ new Uint8Array(16));
/** A number four times. */
export const each4 = (x: Float): Vector => asVector(x.bytes + "\xfd\x13");
/** One of four numbers. */
export const lane = (v: Vector, i: 0 | 1 | 2 | 3): Float => asFloat(v.bytes + "\xfd\x1f" + unsigned(i));

/** One number and three zeros. */
export const loadOne = (address: Int, offset = 0): Vector => asVector(address.bytes + "\xfd\x5c" + at(offset));
const bitwise =
  (opcode: string) =>
  (a: Vector, b: Vector): Vector =>
    asVector(a.bytes + b.bytes + opcode);
/** Bits that are in both. */
export const and4: (a: Vector, b: Vector) => Vector = /* @__PURE__ */ bitwise("\xfd\x4e");
/** Bits of the first that are not in the second. */
export const andNot4: (a: Vector, b: Vector) => Vector = /* @__PURE__ */ bitwise("\xfd\x4f");
/** Bits that are in either. */
export const or4: (a: Vector, b: Vector) => Vector = /* @__PURE__ */ bitwise("\xfd\x50");
/** Bits that are in one of both. */
export const xor4: (a: Vector, b: Vector) => Vector = /* @__PURE__ */ bitwise("\xfd\x51");
/** All bits of the numbers that differ; a number that is none differs from itself. */
export const differMask4 = (a: Vector, b: Vector): Vector => asVector(a.bytes + b.bytes + "\xfd\x42");

/** Not 0 if any bit is set. */
export const anyBit = (v: Vector): Int => asInt(v.bytes + "\xfd\x53");

/** Bits of the first where the mask has them set, of the second elsewhere. */
export const select4 = (mask: Vector, a: Vector, b: Vector): Vector =>
  asVector(a.bytes + b.bytes + mask.bytes + "\xfd\x52");

/** Opcodes of operations on numbers, one at a time and four at a time. */
const arithmetic = {
  add: ["\x92", "\xfd\xe4\x01"],
  sub: ["\x93", "\xfd\xe5\x01"],
  mul: ["\x94", "\xfd\xe6\x01"],
  div: ["\x95", "\xfd\xe7\x01"],
  min: ["\x96", "\xfd\xe8\x01"],
  max: ["\x97", "\xfd\xe9\x01"],
  neg: ["\x8c", "\xfd\xe1\x01"],
  abs: ["\x8b", "\xfd\xe0\x01"],
  sqrt: ["\x91", "\xfd\xe3\x01"],
} as const;
/** The name of an operation on numbers. */
export type Arithmetic = keyof typeof arithmetic;

/** An operation on numbers. */
export const calculate = (name: Arithmetic, a: Float, b?: Float): Float =>
  asFloat(a.bytes + (b?.bytes ?? "") + arithmetic[name][0]);
/** The same on four numbers each. */
export const calculate4 = (name: Arithmetic, a: Vector, b?: Vector): Vector =>
  asVector(a.bytes + (b?.bytes ?? "") + arithmetic[name][1]);
/** max(x, 0), and NaN for NaN. The maximum that does not look for NaN is one instruction on most machines. */
export const relu4 = (x: Vector): Vector => asVector(x.bytes + zero4.bytes + "\xfd\xeb\x01");

/** a · b + c, rounded once or twice, as the machine does it faster. */
export const relaxedMultiplyAdd4 = (a: Vector, b: Vector, c: Vector): Vector =>
  asVector(a.bytes + b.bytes + c.bytes + "\xfd\x85\x02");

/** Whether a number is not NaN. */
export const isNumber = (x: Local<"f32">): Int => asInt(x.bytes + x.bytes + "\x5b");

/** Opcodes of comparisons. */
const comparisons = { eq: "\xfd\x41", gt: "\xfd\x44", ge: "\xfd\x46" } as const;
/** The name of a comparison. */
export type Comparison = keyof typeof comparisons;

/** All bits of the numbers for which a comparison holds; NaN fails all. */
export const compare4 = (name: Comparison, a: Vector, b: Vector): Vector =>
  asVector(a.bytes + b.bytes + comparisons[name]);
