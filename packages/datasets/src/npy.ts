import { halfToNumber, showShape, sizeOf, stepsOf, ValueError, type Shape } from "@convlens/backend";
import { arrayLayout, readArray, type ArrayLayout, type ItemType } from "./arrayLayout.ts";
import { ByteReader, numbersFrom, type ByteSource } from "./bytes.ts";
import { pythonLiteral, type PythonValue } from "./pythonLiteral.ts";

/** The content of an npy file, in row-major order. */
export interface Npy {
  readonly shape: Shape;
  readonly values:
    Float32Array | Float64Array | Int32Array | Int16Array | Int8Array | Uint8Array | Uint16Array | Uint32Array;
}

type NpyValues = Npy["values"];
const types: { readonly [code: string]: ItemType<NpyValues> } = {
  f2: { bytes: 2, make: (buffer) => Float32Array.from(new Uint16Array(buffer), halfToNumber) },
  f4: { bytes: 4, make: (buffer) => new Float32Array(buffer) },
  f8: { bytes: 8, make: (buffer) => new Float64Array(buffer) },
  i1: { bytes: 1, make: (buffer) => new Int8Array(buffer) },
  i2: { bytes: 2, make: (buffer) => new Int16Array(buffer) },
  i4: { bytes: 4, make: (buffer) => new Int32Array(buffer) },
  // Whole numbers beyond 2⁵³ are rounded to the nearest float64.
  i8: { bytes: 8, make: (buffer) => Float64Array.from(new BigInt64Array(buffer), Number) },
  u1: { bytes: 1, make: (buffer) => new Uint8Array(buffer) },
  u2: { bytes: 2, make: (buffer) => new Uint16Array(buffer) },
  u4: { bytes: 4, make: (buffer) => new Uint32Array(buffer) },
  u8: { bytes: 8, make: (buffer) => Float64Array.from(new BigUint64Array(buffer), Number) },
  b1: { bytes: 1, make: (buffer) => new Uint8Array(buffer) },
};

/** Types other than real numbers, by their letter. */
const otherTypes: Readonly<Record<string, string>> = {
  c: "complex numbers",
  f: "floats of this size",
  U: "texts",
  S: "texts",
  a: "texts",
  V: "raw bytes",
  O: "Python objects (a pickle)",
  M: "dates",
  m: "durations",
};

/** Type codes of the arrays that {@link writeNpy} writes. */
const written: Readonly<Record<string, string>> = {
  Float32Array: "<f4",
  Float64Array: "<f8",
  Int8Array: "|i1",
  Int16Array: "<i2",
  Int32Array: "<i4",
  Uint8Array: "|u1",
  Uint8ClampedArray: "|u1",
  Uint16Array: "<u2",
  Uint32Array: "<u4",
};

const MAGIC = [0x93, ...new TextEncoder().encode("NUMPY")];
const KEYS = ["descr", "fortran_order", "shape"];
const LARGEST_HEADER = 1 << 20;
/** Largest number of axes, the limit of NumPy. */
const MOST_AXES = 64;

const wrong = (problem: string, fix = "is it a complete npy file?", cause?: unknown): ValueError =>
  new ValueError({ operation: "npy file", problem, fix, cause });

/** Header of an npy file. */
interface NpyHeader {
  readonly shape: Shape;
  readonly type: ItemType<NpyValues>;
  readonly littleEndian: boolean;
  readonly isFortran: boolean;
}

/**
 * Reads an npy file of NumPy (versions 1 to 3), gzipped or not: real numbers in either byte order, in C or Fortran order.
 * float16 becomes float32; int64 and uint64 become float64, which rounds numbers beyond 2⁵³; booleans become bytes.
 *
 * @throws `ValueError` for a file that is of another kind, truncated or larger than 2 GiB, or whose type is not real numbers.
 */
export const readNpy = (source: ByteSource): Promise<Npy> =>
  ByteReader.read("npy file", source, contentOf, "an npy file");

async function contentOf(reader: ByteReader): Promise<Npy> {
  const layout = await npyLayout(reader);
  const { shape, isFortran } = layout;
  const values = await readArray(reader, layout, `(${shape.join(", ")})`);
  return { shape, values: isFortran ? rowMajor(values, shape) : values };
}

/** Reads the header of an npy file. */
export async function npyLayout(reader: ByteReader): Promise<ArrayLayout<NpyValues> & { readonly isFortran: boolean }> {
  const { shape, type, littleEndian, isFortran } = await headerOf(reader);
  return { ...arrayLayout(shape, type, littleEndian), isFortran };
}

async function headerOf(reader: ByteReader): Promise<NpyHeader> {
  const start = await reader.take(8, "the header");
  if (!MAGIC.every((byte, i) => start[i] === byte)) throw wrong("it does not begin with \\x93NUMPY");
  const [major, minor] = start.subarray(6) as unknown as [number, number];
  if (major < 1 || major > 3 || minor !== 0)
    throw wrong(`its version is ${major}.${minor}, known are 1.0, 2.0 and 3.0`);
  const lengthBytes = await reader.take(major === 1 ? 2 : 4, "the header");
  const length = lengthBytes.reduceRight((sum, byte) => sum * 256 + byte, 0);
  if (length > LARGEST_HEADER)
    throw wrong(`its header should have ${length} bytes, at most ${LARGEST_HEADER} are read`);
  const text = new TextDecoder(major === 3 ? "utf-8" : "latin1").decode(await reader.take(length, "the header"));
  let header: PythonValue;
  try {
    header = pythonLiteral(text);
  } catch (cause) {
    throw wrong(
      `the header ${shown(text)} is not a dictionary of Python: ${(cause as Error).message}`,
      undefined,
      cause,
    );
  }
  if (!(header instanceof Map) || header.size !== KEYS.length || !KEYS.every((key) => header.has(key)))
    throw wrong(`the header ${shown(text)} should be a dictionary of ${KEYS.join(", ")}`);
  const isFortran = header.get("fortran_order");
  if (typeof isFortran !== "boolean") throw wrong(`fortran_order is ${shown(isFortran)}, expected True or False`);
  return { ...typeOf(header.get("descr")), shape: shapeOf(header.get("shape")), isFortran };
}

/** Part of a header in a message, shortened. */
function shown(part: unknown): string {
  const text = JSON.stringify(typeof part === "string" ? part.trim() : part) ?? "missing";
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

function typeOf(descr: PythonValue | undefined): Pick<NpyHeader, "type" | "littleEndian"> {
  if (Array.isArray(descr))
    throw wrong(`its elements are records (structured type ${shown(descr)})`, "save each field as an array of its own");
  const found = typeof descr === "string" ? /^([<>=|]?)([A-Za-z?])(\d*)$/.exec(descr) : null;
  const code = found === null ? "" : found[2] === "?" ? "b1" : `${found[2]}${found[3]}`;
  if (found !== null && Object.hasOwn(types, code)) return { type: types[code]!, littleEndian: found[1] !== ">" };
  const kind = found !== null && Object.hasOwn(otherTypes, found[2]!) ? ` (${otherTypes[found[2]!]})` : "";
  throw wrong(
    `its type ${shown(descr)}${kind} is not one of those that are read: ${Object.keys(types).join(", ")}`,
    "save it as numbers: array.astype(numpy.float32)",
  );
}

function shapeOf(shape: PythonValue | undefined): Shape {
  if (!Array.isArray(shape) || !shape.every((size) => Number.isSafeInteger(size) && (size as number) >= 0))
    throw wrong(`its shape is ${shown(shape)}, expected a tuple of whole numbers, such as (2, 3) or (2,)`);
  if (shape.length > MOST_AXES) throw wrong(`its shape has ${shape.length} axes, at most ${MOST_AXES} are read`);
  return shape as Shape;
}

/** Numbers with the first axis contiguous, in the order in which the last one is. */
function rowMajor(values: NpyValues, shape: Shape): NpyValues {
  const fortran = stepsOf([...shape].reverse()).reverse();
  const steps = stepsOf(shape);
  return values.map((_: number, i: number) => {
    const from = shape.reduce((at, size, axis) => at + (Math.floor(i / steps[axis]!) % size) * fortran[axis]!, 0);
    return values[from]!;
  });
}

/**
 * Writes an npy file (version 1, little-endian, C order) of the type that the array has.
 *
 * @throws `ValueError` for values that do not fill the shape, and for what is no array of numbers.
 */
export function writeNpy({
  shape,
  values,
}: {
  readonly shape: Shape;
  readonly values: NpyValues | Uint8ClampedArray;
}): Uint8Array {
  const code = written[values?.constructor?.name ?? ""];
  if (code === undefined)
    throw new ValueError({
      operation: "writeNpy",
      what: "values",
      expected: `one of ${Object.keys(written).join(", ")}`,
      got: values,
      fix: "make one, for example Float32Array.from(values)",
    });
  if (values.length !== sizeOf(shape) || shape.length > MOST_AXES)
    throw new ValueError({
      operation: "writeNpy",
      expected: `${sizeOf(shape)} values for ${showShape(shape)} (at most ${MOST_AXES} axes)`,
      got: values.length,
    });
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${code}', 'fortran_order': False, 'shape': (${sizes}), }`;
  // Magic, version, length and header together are a multiple of 64 bytes, ending in a new line.
  const header = `${text.padEnd(Math.ceil((10 + text.length + 1) / 64) * 64 - 11)}\n`;
  const file = new Uint8Array(10 + header.length + values.byteLength);
  file.set([...MAGIC, 1, 0, header.length & 255, header.length >> 8]);
  file.set(new TextEncoder().encode(header), 10);
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  file.set(
    numbersFrom(bytes, values.BYTES_PER_ELEMENT, true, (buffer) => new Uint8Array(buffer)),
    10 + header.length,
  );
  return file;
}
