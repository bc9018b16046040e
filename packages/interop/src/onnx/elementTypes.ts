import { halfToNumber, showShape, sizeOf } from "@convlens/backend";
import { aligned, copyVarints, countVarints, malformed } from "../wire/reader.ts";
import type { StoredTensor } from "./onnxFile.ts";

/** Numbers of a constant: those of floating point in 32 bits, others in 64, which hold whole numbers up to 2⁵³. */
export type Numbers = Float32Array | Float64Array;

/** Element types by their number in the file. */
const names = {
  1: "float32",
  2: "uint8",
  3: "int8",
  4: "uint16",
  5: "int16",
  6: "int32",
  7: "int64",
  9: "bool",
  10: "float16",
  11: "float64",
  12: "uint32",
  13: "uint64",
  16: "bfloat16",
} as const;

/** An element type. Everything is computed in float32. */
export type ElementType = (typeof names)[keyof typeof names];

/** Names of types that the format has and that cannot be read here. */
const others: Readonly<Record<number, string>> = {
  8: "string",
  14: "complex64",
  15: "complex128",
  17: "float8e4m3fn",
  18: "float8e4m3fnuz",
  19: "float8e5m2",
  20: "float8e5m2fnuz",
  21: "uint4",
  22: "int4",
  23: "float4e2m1",
};

/** The type of a number in the file; `undefined` for one that cannot be read here. */
export const elementType = (type: number): ElementType | undefined => (names as Record<number, ElementType>)[type];

/** Name of a type for messages. */
export const typeName = (type: number): string => elementType(type) ?? others[type] ?? `the unknown type ${type}`;

const floating: ReadonlySet<ElementType> = new Set(["float32", "float16", "bfloat16", "float64"]);

/** Whether a type is of floating point. */
export const isFloating = (type: ElementType): boolean => floating.has(type);

/** Memory for constants of a type. */
export const numbersFor = (type: ElementType, count: number): Numbers =>
  isFloating(type) && type !== "float64" ? new Float32Array(count) : new Float64Array(count);

/** Bytes of a number. */
const widths: Readonly<Record<ElementType, number>> = {
  float32: 4,
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  int32: 4,
  int64: 8,
  bool: 1,
  float16: 2,
  float64: 8,
  uint32: 4,
  uint64: 8,
  bfloat16: 2,
};

/** Field of a stored tensor that has the numbers of a type, if they are not raw bytes. */
const fields: Readonly<Record<ElementType, number>> = {
  float32: 4,
  uint8: 5,
  int8: 5,
  uint16: 5,
  int16: 5,
  int32: 5,
  bool: 5,
  float16: 5,
  bfloat16: 5,
  int64: 7,
  float64: 10,
  uint32: 11,
  uint64: 11,
};

const bits32 = /* @__PURE__ */ new Uint32Array(1);
const float32 = /* @__PURE__ */ new Float32Array(bits32.buffer);

/** The number that the upper 16 bits of a float32 stand for. */
function fromBfloat(bits: number): number {
  bits32[0] = (bits & 0xffff) * 2 ** 16;
  return float32[0]!;
}

const isPlain = (type: ElementType): boolean => type === "float32" || type === "float64";

/**
 * Checks that a tensor has as many numbers as its shape says, without reading them.
 *
 * @param external - Its bytes, if they lie in another file.
 */
export function checkNumbers(tensor: StoredTensor, type: ElementType, external?: Uint8Array): void {
  const count = sizeOf(tensor.shape);
  const bytes = external ?? tensor.raw;
  const parts = tensor.typed.get(fields[type]) ?? [];
  const found =
    bytes !== undefined
      ? bytes.length / widths[type]
      : parts.reduce((total, part) => total + (isPlain(type) ? part.length / widths[type] : countVarints(part)), 0);
  if (found !== count)
    throw malformed(`"${tensor.name}" of shape ${showShape(tensor.shape)} has ${found} numbers of type ${type}`);
}

/** Reads the numbers of a tensor that {@link checkNumbers} has checked. */
export function readNumbers(tensor: StoredTensor, type: ElementType, external?: Uint8Array): Numbers {
  const count = sizeOf(tensor.shape);
  const bytes = external ?? tensor.raw;
  if (bytes !== undefined) return fromBytes(bytes, type, count);
  const numbers = numbersFor(type, count);
  let at = 0;
  for (const part of tensor.typed.get(fields[type]) ?? []) {
    if (!isPlain(type)) at = copyVarints(part, numbers, at);
    else {
      numbers.set(type === "float32" ? new Float32Array(aligned(part, 4)) : new Float64Array(aligned(part, 8)), at);
      at += part.length / widths[type];
    }
  }
  const decode = type === "float16" ? halfToNumber : type === "bfloat16" ? fromBfloat : undefined;
  return decode === undefined ? numbers : numbers.map((bits) => decode(bits));
}

function fromBytes(bytes: Uint8Array, type: ElementType, count: number): Numbers {
  const buffer = aligned(bytes, widths[type]);
  const halves = (decode: (bits: number) => number): Float32Array =>
    Float32Array.from(new Uint16Array(buffer), (bits) => decode(bits));
  const readers: Readonly<Record<ElementType, () => Numbers>> = {
    float32: () => new Float32Array(buffer),
    float64: () => new Float64Array(buffer),
    float16: () => halves(halfToNumber),
    bfloat16: () => halves(fromBfloat),
    uint8: () => new Float64Array(new Uint8Array(buffer)),
    bool: () => new Float64Array(new Uint8Array(buffer)),
    int8: () => new Float64Array(new Int8Array(buffer)),
    uint16: () => new Float64Array(new Uint16Array(buffer)),
    int16: () => new Float64Array(new Int16Array(buffer)),
    uint32: () => new Float64Array(new Uint32Array(buffer)),
    int32: () => new Float64Array(new Int32Array(buffer)),
    int64: () => longs(new DataView(buffer), count, true),
    uint64: () => longs(new DataView(buffer), count, false),
  };
  return readers[type]();
}

function longs(view: DataView, count: number, isSigned: boolean): Float64Array {
  const numbers = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const high = isSigned ? view.getInt32(8 * i + 4, true) : view.getUint32(8 * i + 4, true);
    numbers[i] = high * 2 ** 32 + view.getUint32(8 * i, true);
  }
  return numbers;
}
