import { fileKind } from "@convlens/backend";
import { decodeJpeg } from "./decodeJpeg.ts";
import { decodePng } from "./decodePng.ts";
import { imageError } from "./imageError.ts";
import type { Pixels } from "./pixels.ts";

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

/**
 * Reads the pixels of a PNG or JPEG file. The format is determined by the first bytes, not by the name.
 *
 * @throws `ValueError` for data that are not an image, for other formats, and for damaged or incomplete files.
 */
export function readImage(bytes: Uint8Array, name: string): Pixels {
  const fix = "give a PNG or a JPEG file";
  if (bytes.length === 0) throw imageError(name, "is empty", fix);
  const text = String.fromCharCode(...bytes.subarray(0, 16));
  if (text.startsWith("\x89PNG")) return decodePng(bytes, name);
  if (text.startsWith("\xff\xd8")) return decodeJpeg(bytes, name);
  const other = others.find(([, at, start]) => text.startsWith(start, at));
  if (other !== undefined) throw imageError(name, `is ${other[0]} file`, `${fix}: most image viewers can save one`);
  const kind = fileKind(bytes);
  if (kind !== undefined) throw imageError(name, `is not an image but ${kind.name}`, fix);
  throw imageError(name, `is not an image: it begins with ${JSON.stringify(text)}`, fix);
}
