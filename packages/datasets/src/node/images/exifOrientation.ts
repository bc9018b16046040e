import { viewOf } from "./viewOf.ts";

/** The tag of the orientation, and the number types it may have. */
const [ORIENTATION, SHORT, LONG] = [0x0112, 3, 4];
/** "II" for little-endian, "MM" for big-endian; then 42. */
const [LITTLE, BIG, MAGIC] = [0x4949, 0x4d4d, 42];

/**
 * Reads the orientation, 1 to 8, from EXIF data, which has the form of a TIFF file.
 *
 * @param tiff - The data from the byte order on: what follows "Exif\0\0" in a JPEG file, or the chunk eXIf of a PNG file.
 * @returns `undefined` if the data have no orientation or are damaged.
 */
export function exifOrientation(tiff: Uint8Array): number | undefined {
  if (tiff.length < 14) return undefined;
  const view = viewOf(tiff);
  const order = view.getUint16(0);
  const isLittle = order === LITTLE;
  if ((!isLittle && order !== BIG) || view.getUint16(2, isLittle) !== MAGIC) return undefined;
  const first = view.getUint32(4, isLittle);
  if (first + 2 > view.byteLength) return undefined;
  const entries = view.getUint16(first, isLittle);
  for (let i = 0, at = first + 2; i < entries && at + 12 <= view.byteLength; i++, at += 12) {
    if (view.getUint16(at, isLittle) !== ORIENTATION) continue;
    const type = view.getUint16(at + 2, isLittle);
    const value =
      type === SHORT ? view.getUint16(at + 8, isLittle) : type === LONG ? view.getUint32(at + 8, isLittle) : 0;
    return value >= 1 && value <= 8 ? value : undefined;
  }
  return undefined;
}
