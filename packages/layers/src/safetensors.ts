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
  /** What holds them all: float64 where float32 is too short, though an I64 beyond 2⁵³ is rounded even so. */
  readonly Numbers: typeof Float32Array | typeof Float64Array;
  readonly read: (view: DataView, at: number) => number;
}

const types: { readonly [dtype: string]: StoredType } = {
  F64: { bytes: 8, Numbers: Float64Array, read: (view, at) => view.getFloat64(at, true) },
  F32: { bytes: 4, Numbers: Float32Array, read: (view, at) => view.getFloat32(at, true) },
  F16: { bytes: 2, Numbers: Float32Array, read: (view, at) => halfToNumber(view.getUint16(at, true)) },
  BF16: { bytes: 2, Numbers: Float32Array, read: (view, at) => bfloatToNumber(view.getUint16(at, true)) },
  I64: { bytes: 8, Numbers: Float64Array, read: (view, at) => Number(view.getBigInt64(at, true)) },
  I32: { bytes: 4, Numbers: Float64Array, read: (view, at) => view.getInt32(at, true) },
  I16: { bytes: 2, Numbers: Float32Array, read: (view, at) => view.getInt16(at, true) },
  I8: { bytes: 1, Numbers: Float32Array, read: (view, at) => view.getInt8(at) },
  U8: { bytes: 1, Numbers: Float32Array, read: (view, at) => view.getUint8(at) },
  BOOL: { bytes: 1, Numbers: Float32Array, read: (view, at) => view.getUint8(at) },
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
  const entries: [string, unknown][] = Object.keys(metadata).length === 0 ? [] : [[METADATA, metadata]];
  let length = 0;
  for (const [name, { shape, values }] of tensors) {
    if (name === METADATA)
      throw new ValueError(`safetensors: "${METADATA}" is kept for free text, no tensor can have that name`, {
        operation: "writeSafetensors",
        got: name,
      });
    if (values.length !== sizeOf(shape))
      throw new ValueError(
        `safetensors: the tensor "${name}" has ${values.length} values for the shape [${shape.join(", ")}]`,
        { operation: "writeSafetensors", expected: sizeOf(shape), got: values.length },
      );
    const dtype = values instanceof Float64Array ? "F64" : "F32";
    entries.push([name, { dtype, shape, data_offsets: [length, length + values.byteLength] }]);
    length += values.byteLength;
  }
  // Of entries, for assigning to `__proto__` would make no key.
  const text = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
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
  if (headerLength > LARGEST_HEADER)
    throw wrong(`the header should have ${headerLength} bytes, more than the ${LARGEST_HEADER} that are allowed`);
  const start = 8 + headerLength;
  const available = file.length - start;
  if (available < 0) throw wrong(`the header should have ${headerLength} bytes, but only ${file.length - 8} follow`);
  const { [METADATA]: metadata = {}, ...entries } = parseHeader(file.subarray(8, start));
  const found = Object.entries(entries).map(([name, entry]) => checkEntry(name, entry, available));
  checkRanges(found, available);
  const tensors = new Map<string, StoredTensor>();
  for (const { name, type, shape, begin } of found) {
    const values: Values = new type.Numbers(sizeOf(shape));
    for (let i = 0; i < values.length; i++) values[i] = type.read(view, start + begin + i * type.bytes);
    tensors.set(name, { shape, values });
  }
  return { tensors, metadata: checkMetadata(metadata) };
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    header = JSON.parse(text);
  } catch (cause) {
    throw wrong(`the header is no JSON (${(cause as Error).message})`);
  }
  if (typeof header !== "object" || header === null || Array.isArray(header))
    throw wrong("the header is no JSON object");
  const names = namesIn(text);
  const twice = names.find((name, i) => i > 0 && name === names[i - 1]);
  if (twice !== undefined) throw wrong(`the header has two entries "${twice}"`);
  return header as Record<string, unknown>;
}

/** The names of a JSON object, sorted, those that stand there twice too: of which `JSON.parse` keeps the last. */
function namesIn(json: string): string[] {
  const names: string[] = [];
  let depth = 0;
  for (const [token, colon] of json.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?|[{}[\]]/g)) {
    if (token === "{" || token === "[") depth++;
    else if (token === "}" || token === "]") depth--;
    else if (depth === 1 && colon !== undefined) names.push(JSON.parse(token.slice(0, -colon.length)) as string);
  }
  return names.sort();
}

function checkMetadata(entry: unknown): Record<string, string> {
  const isObject = typeof entry === "object" && entry !== null && !Array.isArray(entry);
  if (!isObject || !Object.values(entry).every((value) => typeof value === "string"))
    throw wrong("the metadata is not an object of texts");
  return entry as Record<string, string>;
}

/** A tensor's place in the file, checked. */
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
  return { name, type, shape: shape as Shape, begin, end };
}

/** The numbers of all tensors must fill the file: no gap that could hide something, no overlap. */
function checkRanges(entries: readonly Entry[], available: number): void {
  let at = 0;
  for (const { name, begin, end } of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== at) throw wrong(`"${name}" begins at ${begin}, but what is before it ends at ${at}`);
    at = end;
  }
  if (at !== available) throw wrong(`${available - at} bytes at the end belong to no tensor`);
}
