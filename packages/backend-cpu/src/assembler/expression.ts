import { bytes, float, signed, unsigned } from "./encoding.ts";

/** The types that kernels use: addresses and counts, numbers, and four numbers side by side. */
export type WasmType = "i32" | "f32" | "v128";

/** A part of a program. */
export interface Code {
  /** As a module has it: a character for each byte. */
  readonly bytes: string;
  /** As a person reads it. */
  readonly text: () => string;
}

/** Code that leaves a value of a type. The type is checked by the compiler, not when it runs. */
export interface Expression<T extends WasmType> extends Code {
  readonly type: T;
}

/** A variable of a function. */
export interface Local<T extends WasmType> extends Expression<T> {
  readonly name: string;
  readonly index: number;
}

const textOf = (name: string, operands: readonly Code[]): string =>
  `(${[name, ...operands.map((each) => each.text())].join(" ")})`;

/** An instruction over operands that stand before it; immediates are unsigned numbers that follow its opcode. */
export function instruction<T extends WasmType>(
  type: T,
  name: string,
  opcode: string,
  operands: readonly Code[],
  immediates?: readonly number[],
): Expression<T> {
  let bytes = "";
  for (let i = 0; i < operands.length; i++) bytes += operands[i]!.bytes;
  bytes += opcode;
  if (immediates !== undefined) for (let i = 0; i < immediates.length; i++) bytes += unsigned(immediates[i]!);
  return { type, bytes, text: () => textOf([name, ...(immediates ?? [])].join(" "), operands) };
}

/** An instruction that reads or writes the memory `offset` bytes after its first operand. */
export function access<T extends WasmType>(
  type: T,
  name: string,
  opcode: string,
  operands: readonly Code[],
  offset: number,
): Expression<T> {
  const { bytes } = instruction(type, name, opcode, operands, [ALIGNMENT, offset]);
  return { type, bytes, text: () => textOf(offset === 0 ? name : `${name} offset=${offset}`, operands) };
}
/** Numbers begin at multiples of 2² bytes. */
export const ALIGNMENT = 2;

/** A value that is written in the code itself. */
const literally = <T extends WasmType>(type: T, bytes: string, text: () => string): Expression<T> => ({
  type,
  bytes,
  text: () => `(${text()})`,
});

/** The opcode of an instruction on sixteen bytes: a prefix, and a number. */
export const simd = (opcode: number): string => "\xfd" + unsigned(opcode);
/** The opcode of an instruction on stretches of memory. */
export const bulk = (opcode: number): string => "\xfc" + unsigned(opcode);

type Int = Expression<"i32">;
type Float = Expression<"f32">;
type Vector = Expression<"v128">;

/** A whole number. */
export const int = (n: number): Int => literally("i32", "\x41" + signed(n), () => `i32.const ${n | 0}`);
/** A number as WebAssembly's text has it. */
export const literal = (x: number): string => {
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "inf" : "-inf";
  return Object.is(x, -0) ? "-0" : `${x}`;
};
/** A number. */
export const number = (x: number): Float => literally("f32", "\x43" + float(x), () => `f32.const ${literal(x)}`);

const binaryInt =
  (name: string, opcode: string) =>
  (a: Int, b: Int): Int =>
    instruction("i32", `i32.${name}`, opcode, [a, b]);
/** a + b */
export const add: (a: Int, b: Int) => Int = /* @__PURE__ */ binaryInt("add", "\x6a");
/** a − b */
export const subtractInt: (a: Int, b: Int) => Int = /* @__PURE__ */ binaryInt("sub", "\x6b");
/** a · b */
export const multiplyInt: (a: Int, b: Int) => Int = /* @__PURE__ */ binaryInt("mul", "\x6c");
/** a / b, both taken as unsigned. */
export const divideInt: (a: Int, b: Int) => Int = /* @__PURE__ */ binaryInt("div_u", "\x6e");
/** The first if the condition is not 0, else the second. */
export const chooseInt = (condition: Int, a: Int, b: Int): Int =>
  instruction("i32", "select", "\x1b", [a, b, condition]);
/** Whether a < b, both taken as unsigned: addresses are. */
export const below: (a: Int, b: Int) => Int = /* @__PURE__ */ binaryInt("lt_u", "\x49");

/** The whole number at an address. */
export const loadInt = (address: Int, offset = 0): Int => access("i32", "i32.load", "\x28", [address], offset);
/** The number at an address. */
export const load = (address: Int, offset = 0): Float => access("f32", "f32.load", "\x2a", [address], offset);
/** Four numbers from an address on. */
export const load4 = (address: Int, offset = 0): Vector => access("v128", "v128.load", simd(0x00), [address], offset);
/** The number at an address, four times. */
export const splat = (address: Int, offset = 0): Vector =>
  access("v128", "v128.load32_splat", simd(0x09), [address], offset);
/** Sixteen bytes. */
export const bytes16 = (text: () => string, values: ArrayLike<number>): Vector =>
  literally("v128", "\xfd\x0c" + bytes(...Array.from(values)), () => `v128.const ${text()}`);
/** Four zeros. */
export const zero4: Vector = /* @__PURE__ */ bytes16(() => "f32x4 0 0 0 0", /* @__PURE__ */ new Uint8Array(16));
/** A number four times. */
export const each4 = (x: Float): Vector => instruction("v128", "f32x4.splat", simd(0x13), [x]);
/** One of four numbers. */
export const lane = (v: Vector, i: 0 | 1 | 2 | 3): Float =>
  instruction("f32", "f32x4.extract_lane", simd(0x1f), [v], [i]);

/** One number and three zeros. */
export const loadOne = (address: Int, offset = 0): Vector =>
  access("v128", "v128.load32_zero", simd(0x5c), [address], offset);
const bitwise =
  (name: string, opcode: number) =>
  (a: Vector, b: Vector): Vector =>
    instruction("v128", `v128.${name}`, simd(opcode), [a, b]);
/** Bits that are in both. */
export const and4: (a: Vector, b: Vector) => Vector = /* @__PURE__ */ bitwise("and", 0x4e);
/** Bits of the first that are not in the second. */
export const andNot4: (a: Vector, b: Vector) => Vector = /* @__PURE__ */ bitwise("andnot", 0x4f);
/** Bits that are in either. */
export const or4: (a: Vector, b: Vector) => Vector = /* @__PURE__ */ bitwise("or", 0x50);
/** Bits that are in one of both. */
export const xor4: (a: Vector, b: Vector) => Vector = /* @__PURE__ */ bitwise("xor", 0x51);
/** All bits of the numbers that differ; a number that is none differs from itself. */
export const differMask4 = (a: Vector, b: Vector): Vector => instruction("v128", "f32x4.ne", simd(0x42), [a, b]);

/** Bits of the first where the mask has them set, of the second elsewhere. */
export const select4 = (mask: Vector, a: Vector, b: Vector): Vector =>
  instruction("v128", "v128.bitselect", simd(0x52), [a, b, mask]);

/** Opcodes of operations on numbers, one at a time and four at a time. */
const arithmetic = {
  add: ["\x92", 0xe4],
  sub: ["\x93", 0xe5],
  mul: ["\x94", 0xe6],
  div: ["\x95", 0xe7],
  min: ["\x96", 0xe8],
  max: ["\x97", 0xe9],
  neg: ["\x8c", 0xe1],
  abs: ["\x8b", 0xe0],
  sqrt: ["\x91", 0xe3],
} as const;
/** The name of an operation on numbers. */
export type Arithmetic = keyof typeof arithmetic;

/** An operation on numbers. */
export const calculate = (name: Arithmetic, ...x: readonly Float[]): Float =>
  instruction("f32", `f32.${name}`, arithmetic[name][0], x);
/** The same on four numbers each. */
export const calculate4 = (name: Arithmetic, ...x: readonly Vector[]): Vector =>
  instruction("v128", `f32x4.${name}`, simd(arithmetic[name][1]), x);
/** max(x, 0), and NaN for NaN. The maximum that does not look for NaN is one instruction on most machines. */
export const relu4 = (x: Vector): Vector => instruction("v128", "f32x4.pmax", simd(0xeb), [x, zero4]);

/** a · b + c, rounded once or twice, as the machine does it faster. */
export const relaxedMultiplyAdd4 = (a: Vector, b: Vector, c: Vector): Vector =>
  instruction("v128", "f32x4.relaxed_madd", simd(0x105), [a, b, c]);

/** Opcodes of comparisons. */
const comparisons = { eq: 0x41, gt: 0x44, ge: 0x46 } as const;
/** The name of a comparison. */
export type Comparison = keyof typeof comparisons;

/** All bits of the numbers for which a comparison holds; NaN fails all. */
export const compare4 = (name: Comparison, a: Vector, b: Vector): Vector =>
  instruction("v128", `f32x4.${name}`, simd(comparisons[name]), [a, b]);
