import { halfToNumber, showShape, sizeOf, ValueError, type Shape, type Values } from "@convlens/backend";
import { checkHeaderText } from "./safetensorsHeader.ts";

/** A tensor of a file. */
export interface StoredTensor {
  readonly shape: Shape;
  readonly values: Values;
}

/** The content of a safetensors file. */
export interface Safetensors {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Free text beside the tensors. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Largest size of a header in bytes: 16 MiB, enough for more than 100,000 tensors. */
const LARGEST_HEADER = 2 ** 24;
/** Largest number of axes of a tensor. */
const MOST_AXES = 64;
const METADATA = "__metadata__";

/** Other kinds of files that hold weights, by their first byte. */
const otherKinds: { readonly [byte: number]: string } = {
  0x50: "a zip archive, such as a .pt or .npz file",
  0x1f: "a gzip file",
  0x80: "a Python pickle",
  0x3c: "a web page",
};

/** A type of numbers in a file. */
interface StoredType {
  readonly bytes: number;
  /** The array that holds them: float64 where float32 would round. Whole numbers beyond 2⁵³ are rounded in both. */
  readonly Numbers: typeof Float32Array | typeof Float64Array;
  readonly read: (view: DataView, at: number) => number;
}

const types: { readonly [dtype: string]: StoredType } = {
  F64: { bytes: 8, Numbers: Float64Array, read: (view, at) => view.getFloat64(at, true) },
  F32: { bytes: 4, Numbers: Float32Array, read: (view, at) => view.getFloat32(at, true) },
  F16: { bytes: 2, Numbers: Float32Array, read: (view, at) => halfToNumber(view.getUint16(at, true)) },
  BF16: { bytes: 2, Numbers: Float32Array, read: (view, at) => bfloatToNumber(view.getUint16(at, true)) },
  I64: { bytes: 8, Numbers: Float64Array, read: (view, at) => Number(view.getBigInt64(at, true)) },
  U64: { bytes: 8, Numbers: Float64Array, read: (view, at) => Number(view.getBigUint64(at, true)) },
  I32: { bytes: 4, Numbers: Float64Array, read: (view, at) => view.getInt32(at, true) },
  U32: { bytes: 4, Numbers: Float64Array, read: (view, at) => view.getUint32(at, true) },
  I16: { bytes: 2, Numbers: Float32Array, read: (view, at) => view.getInt16(at, true) },
  U16: { bytes: 2, Numbers: Float32Array, read: (view, at) => view.getUint16(at, true) },
  I8: { bytes: 1, Numbers: Float32Array, read: (view, at) => view.getInt8(at) },
  U8: { bytes: 1, Numbers: Float32Array, read: (view, at) => view.getUint8(at) },
  BOOL: { bytes: 1, Numbers: Float32Array, read: (view, at) => view.getUint8(at) },
};

/** The number whose float32 begins with these 16 bits. */
function bfloatToNumber(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, bits << 16);
  return view.getFloat32(0);
}

/**
 * Writes tensors in the safetensors format: the length of the header (8 bytes), the header in JSON, the numbers. They are
 * stored as float32, those of a `Float64Array` as float64.
 *
 * @throws `ValueError` for values that do not fill their shape, and for values and metadata that the format cannot hold.
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  for (const [key, text] of Object.entries(metadata))
    if (typeof text !== "string")
      throw new ValueError({
        operation: "writeSafetensors",
        what: `the metadata "${key}"`,
        expected: "a string",
        got: text,
      });
  const entries: [string, unknown][] = Object.keys(metadata).length === 0 ? [] : [[METADATA, metadata]];
  let length = 0;
  for (const [name, { shape, values }] of tensors) {
    if (name === METADATA)
      throw new ValueError({
        operation: "writeSafetensors",
        problem: `"${METADATA}" is the name of the metadata`,
        fix: "give the tensor another name",
      });
    if (!(values instanceof Float32Array || values instanceof Float64Array))
      throw new ValueError({
        operation: "writeSafetensors",
        what: `the values of "${name}"`,
        expected: "a Float32Array or a Float64Array",
        got: values,
        fix: "make one, for example Float32Array.from(values)",
      });
    if (values.length !== sizeOf(shape))
      throw new ValueError({
        operation: "writeSafetensors",
        what: `the number of values of "${name}" ${showShape(shape)}`,
        expected: sizeOf(shape),
        got: values.length,
      });
    const dtype = values instanceof Float64Array ? "F64" : "F32";
    entries.push([name, { dtype, shape, data_offsets: [length, length + values.byteLength] }]);
    length += values.byteLength;
  }
  // fromEntries, since assigning to `__proto__` would not make a key.
  const text = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  // Spaces align the numbers to 8 bytes.
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

const wrong = (problem: string, fix = "check that it is a complete safetensors file"): ValueError =>
  new ValueError({ operation: "readSafetensors", problem, fix });

/**
 * Reads a safetensors file. Every length and offset is checked before it is used. Numbers become float32, or float64 where
 * float32 would round them. Whole numbers beyond 2⁵³ are rounded.
 *
 * @throws `ValueError` for a file that is truncated, inconsistent or of another kind, and for a header larger than 16 MiB.
 */
export function readSafetensors(file: Uint8Array | ArrayBuffer): Safetensors {
  if (!(file instanceof ArrayBuffer || file instanceof Uint8Array))
    throw new ValueError({
      operation: "readSafetensors",
      expected: "the bytes of a file (a Uint8Array or an ArrayBuffer)",
      got: file,
      fix: "read or fetch the file first",
    });
  const bytes = file instanceof ArrayBuffer ? new Uint8Array(file) : file;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // The length of a header may look like the first byte of another kind of file, but then "{" follows it.
  const kind = bytes[8] === 0x7b ? undefined : otherKinds[bytes[0]!];
  if (kind !== undefined) throw wrong(`this is ${kind}`, "give a safetensors file");
  if (bytes.length < 8) throw wrong(`the file has ${bytes.length} bytes, fewer than the 8 of the header's length`);
  const headerLength = Number(view.getBigUint64(0, true));
  if (headerLength > LARGEST_HEADER)
    throw wrong(`the header should have ${headerLength} bytes, the limit is ${LARGEST_HEADER}`);
  const start = 8 + headerLength;
  const available = bytes.length - start;
  if (available < 0) throw wrong(`the header should have ${headerLength} bytes, but only ${bytes.length - 8} follow`);
  const { [METADATA]: metadata, ...entries } = parseHeader(bytes.subarray(8, start));
  const found = Object.entries(entries).map(([name, entry]) => checkEntry(name, entry, available));
  checkRanges(found, available);
  const tensors = new Map<string, StoredTensor>();
  for (const { name, type, shape, begin, end } of found) {
    const values: Values = new type.Numbers((end - begin) / type.bytes);
    for (let i = 0; i < values.length; i++) values[i] = type.read(view, start + begin + i * type.bytes);
    tensors.set(name, { shape, values });
  }
  return { tensors, metadata: checkMetadata(metadata ?? {}) };
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  let header: unknown;
  try {
    checkHeaderText(bytes);
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (cause) {
    throw wrong(`the header is not valid JSON (${(cause as Error).message})`);
  }
  if (typeof header !== "object" || header === null || Array.isArray(header))
    throw wrong("the header is not a JSON object");
  return header as Record<string, unknown>;
}

function checkMetadata(entry: unknown): Record<string, string> {
  const isObject = typeof entry === "object" && entry !== null && !Array.isArray(entry);
  if (!isObject || !Object.values(entry).every((value) => typeof value === "string"))
    throw wrong("the metadata is not an object of strings");
  return entry as Record<string, string>;
}

/** The checked header entry of a tensor. */
interface Entry {
  readonly name: string;
  readonly type: StoredType;
  readonly shape: Shape;
  readonly begin: number;
  readonly end: number;
}

function checkEntry(name: string, entry: unknown, available: number): Entry {
  const {
    dtype,
    shape,
    data_offsets: offsets,
  } = (entry ?? {}) as { dtype?: unknown; shape?: unknown; data_offsets?: unknown };
  const natural = (x: unknown): x is number => Number.isSafeInteger(x) && (x as number) >= 0 && !Object.is(x, -0);
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
    throw wrong(`"${name}" has the unknown dtype ${dtype}`, `the known ones are ${Object.keys(types).join(", ")}`);
  if (shape.length > MOST_AXES) throw wrong(`"${name}" has ${shape.length} axes, the limit is ${MOST_AXES}`);
  const [begin, end] = offsets as [number, number];
  if (offsets.length !== 2 || begin > end || end > available)
    throw wrong(
      `"${name}" has the offsets ${offsets.slice(0, 3).join(" to ")}, but there are ${available} bytes of numbers`,
    );
  const size = shape.includes(0) ? 0 : sizeOf(shape);
  if (end - begin !== size * type.bytes)
    throw wrong(`"${name}" has ${end - begin} bytes for the shape [${shape.join(", ")}] of ${dtype}`);
  return { name, type, shape: shape, begin, end };
}

/** @throws `ValueError` unless the numbers of all tensors fill the file without gap and overlap. */
function checkRanges(entries: readonly Entry[], available: number): void {
  let at = 0;
  for (const { name, begin, end } of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== at) throw wrong(`"${name}" begins at ${begin}, but the numbers before it end at ${at}`);
    at = end;
  }
  if (at !== available) throw wrong(`${available - at} bytes at the end belong to no tensor`);
}
