import { fileKind } from "@convlens/backend";
import { decodeJpeg } from "./decodeJpeg.ts";
import { decodePng, decodePngLabels } from "./decodePng.ts";
import { imageError } from "./imageError.ts";
import type { Pixels } from "./pixels.ts";
import type { LabelImage } from "./resample.ts";

/** Signatures of other image formats, for error messages. */
const others: readonly (readonly [kind: string, at: number, text: string])[] = [
  ["a GIF", 0, "GIF8"],
  ["a WebP", 8, "WEBP"],
  ["a BMP", 0, "BM"],
  ["an AVIF or HEIC", 4, "ftyp"],
  ["a TIFF", 0, "II*\0"],
  ["a TIFF", 0, "MM\0*"],
  ["a PDF", 0, "%PDF"],
  ["an SVG", 0, "<svg"],
];

const isPng = (bytes: Uint8Array): boolean => begins(bytes).startsWith("\x89PNG");
const isJpeg = (bytes: Uint8Array): boolean => begins(bytes).startsWith("\xff\xd8");
const begins = (bytes: Uint8Array): string => String.fromCharCode(...bytes.subarray(0, 16));

/** The error of a file that is not a PNG or JPEG image. */
function otherKind(bytes: Uint8Array, name: string): Error {
  const fix = "give a PNG or a JPEG file";
  if (bytes.length === 0) return imageError(name, "is empty", fix);
  const text = begins(bytes);
  const other = others.find(([, at, start]) => text.startsWith(start, at));
  if (other !== undefined) return imageError(name, `is ${other[0]} file`, `${fix}: most image viewers can save one`);
  const kind = fileKind(bytes);
  if (kind !== undefined) return imageError(name, `is not an image but ${kind.name}`, fix);
  return imageError(name, `is not an image: it begins with ${JSON.stringify(text)}`, fix);
}

/**
 * Reads the pixels of a PNG or JPEG file. The format is determined by the first bytes, not by the name.
 *
 * @param name - Name of the file in messages.
 * @throws `ValueError` for data that are not an image, for other formats, for damaged or incomplete files, and for more than 50
 * million pixels.
 *
 * @example
 * ```ts
 * const { width, height, channels, data } = readImage(await readFile(photo), "photo.png");
 * data.length === width * height * channels; // true
 * ```
 */
export function readImage(bytes: Uint8Array, name: string): Pixels {
  if (isPng(bytes)) return decodePng(bytes, name);
  if (isJpeg(bytes)) return decodeJpeg(bytes, name);
  throw otherKind(bytes, name);
}

/**
 * Reads an image of labels from a PNG file.
 *
 * @throws `ValueError` as {@link readImage}, and for a JPEG file, whose compression changes labels.
 */
export function readLabels(bytes: Uint8Array, name: string): LabelImage {
  if (isPng(bytes)) return decodePngLabels(bytes, name);
  if (isJpeg(bytes))
    throw imageError(name, "is a JPEG file, whose compression changes labels", "give a PNG file as a mask");
  throw otherKind(bytes, name);
}
