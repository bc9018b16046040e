import { bytes, float, signed, unsigned } from "./encoding.ts";

/** The types that kernels use: addresses and counts, numbers, and four numbers side by side. */
export type WasmType = "i32" | "f32" | "v128";

/**
 * Code that leaves a value of a type, or does something (then the type says nothing). The type is checked by the compiler, not
 * when it runs.
 */
export interface Expression<T extends WasmType> {
  readonly type: T;
  /** As a module has it: a character for each byte. */
  readonly bytes: string;
}

/** A variable of a function. */
export interface Local<T extends WasmType> extends Expression<T> {
  /** For people, and need not be the only one. */
  readonly name: string;
  readonly index: number;
}

/**
 * An instruction over operands that stand before it; immediates are unsigned numbers that follow its opcode. Opcodes are as a
 * module has them, where \xfd begins those on sixteen bytes; `test/readable.ts` has their names.
 */
export function instruction<T extends WasmType>(
  type: T,
  opcode: string,
  operands: readonly Expression<WasmType>[],
  immediates?: readonly number[],
): Expression<T> {
  let bytes = "";
  for (let i = 0; i < operands.length; i++) bytes += operands[i]!.bytes;
  bytes += opcode;
  if (immediates !== undefined) for (let i = 0; i < immediates.length; i++) bytes += unsigned(immediates[i]!);
  return { type, bytes };
}

/** An instruction that reads or writes the memory `offset` bytes after its first operand. */
export const access = <T extends WasmType>(
  type: T,
  opcode: string,
  operands: readonly Expression<WasmType>[],
  offset: number,
): Expression<T> => instruction(type, opcode, operands, [ALIGNMENT, offset]);
/** Numbers begin at multiples of 2² bytes. */
export const ALIGNMENT = 2;

type Int = Expression<"i32">;
type Float = Expression<"f32">;
type Vector = Expression<"v128">;

/** A whole number. */
export const int = (n: number): Int => ({ type: "i32", bytes: "\x41" + signed(n) });
/** A number. */
export const number = (x: number): Float => ({ type: "f32", bytes: "\x43" + float(x) });

const binaryInt =
  (opcode: string) =>
  (a: Int, b: Int): Int =>
    instruction("i32", opcode, [a, b]);
/** a + b */
export const add: (a: Int, b: Int) => Int = /* @__PURE__ */ binaryInt("\x6a");
/** a − b */
export const subtractInt: (a: Int, b: Int) => Int = /* @__PURE__ */ binaryInt("\x6b");
/** a · b */
export const multiplyInt: (a: Int, b: Int) => Int = /* @__PURE__ */ binaryInt("\x6c");
/** a / b, both taken as unsigned. */
export const divideInt: (a: Int, b: Int) => Int = /* @__PURE__ */ binaryInt("\x6e");
/** The first if the condition is not 0, else the second. */
export const chooseInt = (condition: Int, a: Int, b: Int): Int => instruction("i32", "\x1b", [a, b, condition]);
/** Whether a < b, both taken as unsigned: addresses are. */
export const below: (a: Int, b: Int) => Int = /* @__PURE__ */ binaryInt("\x49");

/** The whole number at an address. */
export const loadInt = (address: Int, offset = 0): Int => access("i32", "\x28", [address], offset);
/** The number at an address. */
export const load = (address: Int, offset = 0): Float => access("f32", "\x2a", [address], offset);
/** Four numbers from an address on. */
export const load4 = (address: Int, offset = 0): Vector => access("v128", "\xfd\x00", [address], offset);
/** The number at an address, four times. */
export const splat = (address: Int, offset = 0): Vector => access("v128", "\xfd\x09", [address], offset);
/** Sixteen bytes. */
export const bytes16 = (values: ArrayLike<number>): Vector => ({
  type: "v128",
  bytes: "\xfd\x0c" + bytes(...Array.from(values)),
});
/** Four zeros. */
export const zero4: Vector = /* @__PURE__ */ bytes16(/* @__PURE__ */ new Uint8Array(16));
/** A number four times. */
export const each4 = (x: Float): Vector => instruction("v128", "\xfd\x13", [x]);
/** One of four numbers. */
export const lane = (v: Vector, i: 0 | 1 | 2 | 3): Float => instruction("f32", "\xfd\x1f", [v], [i]);

/** One number and three zeros. */
export const loadOne = (address: Int, offset = 0): Vector => access("v128", "\xfd\x5c", [address], offset);
const bitwise =
  (opcode: string) =>
  (a: Vector, b: Vector): Vector =>
    instruction("v128", opcode, [a, b]);
/** Bits that are in both. */
export const and4: (a: Vector, b: Vector) => Vector = /* @__PURE__ */ bitwise("\xfd\x4e");
/** Bits of the first that are not in the second. */
export const andNot4: (a: Vector, b: Vector) => Vector = /* @__PURE__ */ bitwise("\xfd\x4f");
/** Bits that are in either. */
export const or4: (a: Vector, b: Vector) => Vector = /* @__PURE__ */ bitwise("\xfd\x50");
/** Bits that are in one of both. */
export const xor4: (a: Vector, b: Vector) => Vector = /* @__PURE__ */ bitwise("\xfd\x51");
/** All bits of the numbers that differ; a number that is none differs from itself. */
export const differMask4 = (a: Vector, b: Vector): Vector => instruction("v128", "\xfd\x42", [a, b]);

/** Bits of the first where the mask has them set, of the second elsewhere. */
export const select4 = (mask: Vector, a: Vector, b: Vector): Vector => instruction("v128", "\xfd\x52", [a, b, mask]);

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
export const calculate = (name: Arithmetic, ...x: readonly Float[]): Float =>
  instruction("f32", arithmetic[name][0], x);
/** The same on four numbers each. */
export const calculate4 = (name: Arithmetic, ...x: readonly Vector[]): Vector =>
  instruction("v128", arithmetic[name][1], x);
/** max(x, 0), and NaN for NaN. The maximum that does not look for NaN is one instruction on most machines. */
export const relu4 = (x: Vector): Vector => instruction("v128", "\xfd\xeb\x01", [x, zero4]);

/** a · b + c, rounded once or twice, as the machine does it faster. */
export const relaxedMultiplyAdd4 = (a: Vector, b: Vector, c: Vector): Vector =>
  instruction("v128", "\xfd\x85\x02", [a, b, c]);

/** Opcodes of comparisons. */
const comparisons = { eq: "\xfd\x41", gt: "\xfd\x44", ge: "\xfd\x46" } as const;
/** The name of a comparison. */
export type Comparison = keyof typeof comparisons;

/** All bits of the numbers for which a comparison holds; NaN fails all. */
export const compare4 = (name: Comparison, a: Vector, b: Vector): Vector =>
  instruction("v128", comparisons[name], [a, b]);
