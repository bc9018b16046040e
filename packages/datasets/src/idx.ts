import { ValueError, type Shape } from "@convlens/backend";
import { arrayLayout, readArray, type ArrayLayout, type ItemType } from "./arrayLayout.ts";
import { ByteReader, numbersFrom, type ByteSource } from "./bytes.ts";

/** Numbers of an IDX file, in the type of the file. */
export type IdxValues = Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;

/** The content of an IDX file. */
export interface Idx {
  readonly shape: Shape;
  readonly values: IdxValues;
}

const types: { readonly [code: number]: ItemType<IdxValues> } = {
  0x08: { bytes: 1, make: (buffer) => new Uint8Array(buffer) },
  0x09: { bytes: 1, make: (buffer) => new Int8Array(buffer) },
  0x0b: { bytes: 2, make: (buffer) => new Int16Array(buffer) },
  0x0c: { bytes: 4, make: (buffer) => new Int32Array(buffer) },
  0x0d: { bytes: 4, make: (buffer) => new Float32Array(buffer) },
  0x0e: { bytes: 8, make: (buffer) => new Float64Array(buffer) },
};

/**
 * Reads an IDX file, the format of MNIST, gzipped or not.
 *
 * @throws `ValueError` for a file that is of another kind, truncated, longer than its header says, or larger than 2 GiB.
 */
export const readIdx = (source: ByteSource): Promise<Idx> => ByteReader.read("IDX file", source, contentOf);

async function contentOf(reader: ByteReader): Promise<Idx> {
  const layout = await idxLayout(reader);
  return { shape: layout.shape, values: await readArray(reader, layout, `[${layout.shape.join(", ")}]`) };
}

/** Reads the header of an IDX file: two zeros, the type, the number of axes, their sizes; all big-endian, as the numbers. */
export async function idxLayout(reader: ByteReader): Promise<ArrayLayout<IdxValues>> {
  const [zero, alsoZero, code, rank] = (await reader.take(4, "the header")) as unknown as [
    number,
    number,
    number,
    number,
  ];
  const type = types[code];
  if (zero !== 0 || alsoZero !== 0 || type === undefined)
    throw new ValueError({
      operation: "IDX file",
      expected: "00 00, a type from 08 to 0e and the number of axes as the first bytes",
      got: [zero, alsoZero, code, rank],
      gotWords: [zero, alsoZero, code, rank].map((byte) => byte.toString(16).padStart(2, "0")).join(" "),
      fix: "it is another kind of file",
    });
  const shape = [
    ...numbersFrom(await reader.take(4 * rank, "the sizes of the axes"), 4, false, (buffer) => new Uint32Array(buffer)),
  ];
  return arrayLayout(shape, type, false);
}
