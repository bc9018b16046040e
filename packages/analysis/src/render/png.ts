import { encode } from "fast-png";
import type { Raster } from "./raster.ts";

/**
 * A picture as a PNG file.
 *
 * @example
 * ```ts
 * const file = encodePng(paintMap({ shape: [2, 2], values: [0, 1, 2, 3] }));
 * file.subarray(1, 4); // "PNG"
 * ```
 */
export const encodePng = ({ width, height, data }: Raster): Uint8Array =>
  encode({ width, height, data: new Uint8Array(data.buffer, data.byteOffset, data.length), channels: 4, depth: 8 });

/** Bytes in one call of `String.fromCharCode`, which limits its arguments. */
const CHUNK = 0x8000;

/**
 * A picture as a data URL, for `<img src>` and for SVG's `<image href>`.
 *
 * @example
 * ```ts
 * const url = pngUrl(paintMap({ shape: [2, 2], values: [0, 1, 2, 3] }));
 * `<img src="${url}" style="width: 200px; image-rendering: pixelated">`;
 * ```
 */
export function pngUrl(raster: Raster): string {
  const bytes = encodePng(raster);
  let text = "";
  for (let i = 0; i < bytes.length; i += CHUNK) text += String.fromCharCode(...bytes.subarray(i, i + CHUNK));
  return `data:image/png;base64,${btoa(text)}`;
}
