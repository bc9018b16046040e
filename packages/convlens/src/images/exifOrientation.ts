/** The tag of how the camera was held. */
const ORIENTATION = 0x0112;
/** Where the TIFF header begins, behind "Exif\0\0". */
const TIFF = 6;

/** How the camera was held, 1 to 8, from the EXIF segment of a JPEG file; `undefined` where it does not say. */
export function exifOrientation(segment: Uint8Array): number | undefined {
  if (segment.length < TIFF + 14 || String.fromCharCode(...segment.subarray(0, 4)) !== "Exif") return undefined;
  const view = new DataView(segment.buffer, segment.byteOffset + TIFF, segment.byteLength - TIFF);
  const isLittle = view.getUint16(0) === 0x4949;
  const first = view.getUint32(4, isLittle);
  if (first + 2 > view.byteLength) return undefined;
  const entries = view.getUint16(first, isLittle);
  for (let i = 0, at = first + 2; i < entries && at + 12 <= view.byteLength; i++, at += 12) {
    if (view.getUint16(at, isLittle) !== ORIENTATION) continue;
    const value = view.getUint16(at + 8, isLittle);
    return value >= 1 && value <= 8 ? value : undefined;
  }
  return undefined;
}
