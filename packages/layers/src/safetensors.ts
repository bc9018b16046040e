import { sizeOf, ValueError, type Shape, type Values } from "@convlens/backend";

/** A tensor in a file. */
export interface StoredTensor {
  readonly shape: Shape;
  readonly values: Values;
}

/** What a file holds. */
export interface Safetensors {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Free text beside them. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Headers beyond this are refused, as by the format's own reader. */
const LARGEST_HEADER = 100_000_000;
const METADATA = "__metadata__";

/** How the numbers of a type are read. */
interface StoredType {
  readonly bytes: number;
  readonly read: (view: DataView, at: number) => number;
}

const types: { readonly [dtype: string]: StoredType } = {
  F64: { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
  F32: { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  F16: { bytes: 2, read: (view, at) => halfToNumber(view.getUint16(at, true)) },
  BF16: { bytes: 2, read: (view, at) => bfloatToNumber(view.getUint16(at, true)) },
  I64: { bytes: 8, read: (view, at) => Number(view.getBigInt64(at, true)) },
  I32: { bytes: 4, read: (view, at) => view.getInt32(at, true) },
  I16: { bytes: 2, read: (view, at) => view.getInt16(at, true) },
  I8: { bytes: 1, read: (view, at) => view.getInt8(at) },
  U8: { bytes: 1, read: (view, at) => view.getUint8(at) },
  BOOL: { bytes: 1, read: (view, at) => view.getUint8(at) },
};

/** 1 bit of sign, 5 of exponent, 10 of fraction. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

/** The upper half of a float32. */
function bfloatToNumber(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, bits << 16);
  return view.getFloat32(0);
}

/**
 * Writes tensors in the safetensors format: the length of the header (8 bytes), the header in JSON, the numbers. float32, or
 * float64 for a `Float64Array`.
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const header: Record<string, unknown> = Object.keys(metadata).length === 0 ? {} : { [METADATA]: metadata };
  let length = 0;
  for (const [name, { shape, values }] of tensors) {
    if (name === METADATA || values.length !== sizeOf(shape))
      throw new ValueError(
        `safetensors: the tensor "${name}" has ${values.length} values for the shape [${shape.join(", ")}]`,
        {
          expected: sizeOf(shape),
          got: values.length,
        },
      );
    header[name] = {
      dtype: values instanceof Float64Array ? "F64" : "F32",
      shape,
      data_offsets: [length, length + values.byteLength],
    };
    length += values.byteLength;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  // Spaces bring the numbers to a multiple of 8.
  const headerLength = Math.ceil(text.length / 8) * 8;
  const file = new Uint8Array(8 + headerLength + length).fill(0x20, 8, 8 + headerLength);
  const view = new DataView(file.buffer);
  view.setBigUint64(0, BigInt(headerLength), true);
  file.set(text, 8);
  let at = 8 + headerLength;
  for (const { values } of tensors.values())
    for (const value of values) {
      if (values instanceof Float64Array) view.setFloat64(at, value, true);
      else view.setFloat32(at, value, true);
      at += values.BYTES_PER_ELEMENT;
    }
  return file;
}

const wrong = (what: string, fix = "is it a safetensors file, and whole?"): ValueError =>
  new ValueError(`safetensors: ${what}; ${fix}`, { operation: "readSafetensors", fix });

/**
 * Reads a safetensors file. Every length and offset is checked before it is used.
 *
 * @throws `ValueError` for a file that is truncated, foreign or inconsistent.
 */
export function readSafetensors(file: Uint8Array): Safetensors {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < 8) throw wrong(`the file has ${file.length} bytes, fewer than the 8 that every one begins with`);
  const headerLength = Number(view.getBigUint64(0, true));
  if (headerLength > LARGEST_HEADER || headerLength > file.length - 8)
    throw wrong(`the header should have ${headerLength} bytes, but only ${file.length - 8} follow`);
  const header = parseHeader(file.subarray(8, 8 + headerLength));
  const start = 8 + headerLength;
  const tensors = new Map<string, StoredTensor>();
  const ranges: { readonly name: string; readonly begin: number; readonly end: number }[] = [];
  let metadata: Record<string, string> = {};
  for (const [name, entry] of Object.entries(header)) {
    if (name === METADATA) {
      metadata = checkMetadata(entry);
      continue;
    }
    const { type, shape, begin, end } = checkEntry(name, entry, file.length - start);
    ranges.push({ name, begin, end });
    const Numbers =
      type === types["F64"] || type === types["I64"] || type === types["I32"] ? Float64Array : Float32Array;
    const values: Values = new Numbers(sizeOf(shape));
    for (let i = 0; i < values.length; i++) values[i] = type.read(view, start + begin + i * type.bytes);
    tensors.set(name, { shape, values });
  }
  checkRanges(ranges, file.length - start);
  return { tensors, metadata };
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw wrong(`the header is no JSON (${(cause as Error).message})`);
  }
  if (typeof header !== "object" || header === null || Array.isArray(header))
    throw wrong("the header is no JSON object");
  return header as Record<string, unknown>;
}

function checkMetadata(entry: unknown): Record<string, string> {
  if (typeof entry !== "object" || entry === null || !Object.values(entry).every((value) => typeof value === "string"))
    throw wrong("the metadata is not an object of texts");
  return entry as Record<string, string>;
}

function checkEntry(
  name: string,
  entry: unknown,
  available: number,
): { type: StoredType; shape: Shape; begin: number; end: number } {
  const {
    dtype,
    shape,
    data_offsets: offsets,
  } = (entry ?? {}) as { dtype?: unknown; shape?: unknown; data_offsets?: unknown };
  const natural = (x: unknown): x is number => Number.isSafeInteger(x) && (x as number) >= 0;
  if (
    typeof dtype !== "string" ||
    !Array.isArray(shape) ||
    !shape.every(natural) ||
    !Array.isArray(offsets) ||
    !offsets.every(natural)
  )
    throw wrong(`the entry of "${name}" lacks a dtype, shape or data_offsets`);
  const type = Object.hasOwn(types, dtype) ? types[dtype]! : undefined;
  if (type === undefined)
    throw wrong(`"${name}" has the dtype ${dtype}, which is not known`, `known are ${Object.keys(types).join(", ")}`);
  const [begin, end] = offsets as [number, number];
  if (offsets.length !== 2 || begin > end || end > available)
    throw wrong(`"${name}" should lie at ${offsets.join(" to ")}, but there are ${available} bytes of numbers`);
  if (end - begin !== sizeOf(shape as Shape) * type.bytes)
    throw wrong(`"${name}" has ${end - begin} bytes for the shape [${shape.join(", ")}] of ${dtype}`);
  return { type, shape: shape as Shape, begin, end };
}

/** The numbers of all tensors must fill the file: no gap that could hide something, no overlap. */
function checkRanges(
  ranges: { readonly name: string; readonly begin: number; readonly end: number }[],
  available: number,
): void {
  let at = 0;
  for (const { name, begin, end } of ranges.sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== at) throw wrong(`"${name}" begins at ${begin}, but what is before it ends at ${at}`);
    at = end;
  }
  if (at !== available) throw wrong(`${available - at} bytes at the end belong to no tensor`);
}
