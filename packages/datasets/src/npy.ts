import { sizeOf, stepsOf, ValueError, type Shape } from "@convlens/backend";
import { ByteReader, numbersFrom, type ByteSource } from "./bytes.ts";

/** What an npy file holds, in row-major order. */
export interface Npy {
  readonly shape: Shape;
  readonly values:
    Float32Array | Float64Array | Int32Array | Int16Array | Int8Array | Uint8Array | Uint16Array | Uint32Array;
}

type NpyValues = Npy["values"];
const types: {
  readonly [code: string]: { readonly bytes: number; readonly make: (buffer: ArrayBuffer) => NpyValues };
} = {
  f4: { bytes: 4, make: (buffer) => new Float32Array(buffer) },
  f8: { bytes: 8, make: (buffer) => new Float64Array(buffer) },
  i1: { bytes: 1, make: (buffer) => new Int8Array(buffer) },
  i2: { bytes: 2, make: (buffer) => new Int16Array(buffer) },
  i4: { bytes: 4, make: (buffer) => new Int32Array(buffer) },
  // Whole numbers beyond 2⁵³ lose their last digits.
  i8: { bytes: 8, make: (buffer) => Float64Array.from(new BigInt64Array(buffer), Number) },
  u1: { bytes: 1, make: (buffer) => new Uint8Array(buffer) },
  u2: { bytes: 2, make: (buffer) => new Uint16Array(buffer) },
  u4: { bytes: 4, make: (buffer) => new Uint32Array(buffer) },
  b1: { bytes: 1, make: (buffer) => new Uint8Array(buffer) },
};
const MAGIC = [0x93, ...new TextEncoder().encode("NUMPY")];
const LARGEST_HEADER = 1 << 20;

const foreign = (what: string): ValueError =>
  new ValueError(`npy file: ${what}; is it an npy file, and whole?`, { operation: "readNpy" });

/**
 * Reads an npy file of NumPy (versions 1 to 3) of real numbers, in either byte order, C or Fortran order.
 *
 * @throws `ValueError` for a file that is foreign, truncated, or of a type that is not numbers.
 */
export async function readNpy(source: ByteSource): Promise<Npy> {
  const reader = await ByteReader.open("npy file", source);
  const start = await reader.take(8, "the header");
  if (!MAGIC.every((byte, i) => start[i] === byte)) throw foreign("it does not begin with \\x93NUMPY");
  const [major] = start.subarray(6) as unknown as [number];
  if (major < 1 || major > 3) throw foreign(`its version is ${major}, known are 1 to 3`);
  const lengthBytes = await reader.take(major === 1 ? 2 : 4, "the header");
  const length = lengthBytes.reduceRight((sum, byte) => sum * 256 + byte, 0);
  if (length > LARGEST_HEADER) throw foreign(`its header should have ${length} bytes`);
  const header = new TextDecoder(major === 3 ? "utf-8" : "latin1").decode(await reader.take(length, "the header"));
  const descr = /'descr'\s*:\s*'([<>|=])([a-z])(\d+)'/.exec(header);
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(header);
  const sizes = /'shape'\s*:\s*\(([\d,\s]*)\)/.exec(header);
  const type = descr === null ? undefined : types[`${descr[2]}${descr[3]}`];
  if (type === undefined || order === null || sizes === null)
    throw foreign(
      `the header ${JSON.stringify(header.trim())} does not describe numbers (known: ${Object.keys(types).join(", ")})`,
    );
  const shape = sizes[1]!
    .split(",")
    .filter((text) => text.trim() !== "")
    .map(Number);
  const bytes = sizeOf(shape) * type.bytes;
  if (!Number.isSafeInteger(bytes)) throw foreign(`the shape (${shape.join(", ")}) is more than can be held`);
  const values = numbersFrom(
    await reader.take(bytes, `the shape (${shape.join(", ")})`),
    type.bytes,
    descr![1] !== ">",
    type.make,
  );
  await reader.end();
  return { shape, values: order[1] === "True" ? rowMajor(values, shape) : values };
}

/** Numbers with the first axis contiguous, put so that the last one is. */
function rowMajor(values: NpyValues, shape: Shape): NpyValues {
  const fortran = stepsOf([...shape].reverse()).reverse();
  const steps = stepsOf(shape);
  return values.map((_: number, i: number) => {
    const from = shape.reduce((at, size, axis) => at + (Math.floor(i / steps[axis]!) % size) * fortran[axis]!, 0);
    return values[from]!;
  }) as NpyValues;
}

/** Writes an npy file (version 1, little-endian, C order): float64 for a `Float64Array`, bytes for bytes, else float32. */
export function writeNpy({
  shape,
  values,
}: {
  readonly shape: Shape;
  readonly values: Float32Array | Float64Array | Uint8Array;
}): Uint8Array {
  if (values.length !== sizeOf(shape))
    throw new ValueError(`writeNpy: expected ${sizeOf(shape)} values for [${shape.join(", ")}], got ${values.length}`, {
      operation: "writeNpy",
      expected: sizeOf(shape),
      got: values.length,
    });
  const code = values instanceof Float64Array ? "<f8" : values instanceof Uint8Array ? "|u1" : "<f4";
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
