import { sizeOf, type Shape } from "@convlens/backend";
import { numbersFrom, type ByteReader } from "./bytes.ts";

/** How an array is stored in a file, from the end of its header on. */
export interface ArrayLayout<V> {
  readonly shape: Shape;
  /** Bytes of a number. */
  readonly itemBytes: number;
  /** Returns the numbers that some bytes store. */
  readonly decode: (bytes: Uint8Array) => V;
}

/** A type of numbers in a file. */
export interface ItemType<V> {
  readonly bytes: number;
  readonly make: (buffer: ArrayBuffer) => V;
}

/** Makes a layout. */
export const arrayLayout = <V>(shape: Shape, { bytes, make }: ItemType<V>, littleEndian: boolean): ArrayLayout<V> => ({
  shape,
  itemBytes: bytes,
  decode: (stored) => numbersFrom(stored, bytes, littleEndian, make),
});

/** Number of elements, also of a shape whose product is too large for {@link sizeOf} but has a zero. */
export const itemCount = (shape: Shape): number => (shape.includes(0) ? 0 : sizeOf(shape));

/** Reads the numbers of an array, after which its file ends. */
export async function readArray<V>(
  reader: ByteReader,
  { shape, itemBytes, decode }: ArrayLayout<V>,
  shownShape: string,
): Promise<V> {
  const bytes = await reader.take(itemCount(shape) * itemBytes, `the shape ${shownShape}`);
  const values = decode(bytes);
  await reader.end();
  return values;
}
