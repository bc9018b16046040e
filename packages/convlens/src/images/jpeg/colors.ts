import type { Component, Frame } from "./frame.ts";
import { enlargedRow } from "./enlarge.ts";
import { samplesOf } from "./samples.ts";

/** What the numbers of a pixel stand for. */
export type ColorSpace = "grey" | "RGB" | "YCbCr" | "CMYK" | "YCCK";

/**
 * Tells what the numbers of a pixel stand for, by the rules of libjpeg: the marker of JFIF comes first, then Adobe's, then the
 * names of the components.
 */
export function colorSpaceOf(
  components: readonly Pick<Component, "id">[],
  isJfif: boolean,
  adobeTransform: number | undefined,
): ColorSpace {
  if (components.length === 1) return "grey";
  if (components.length === 4) return adobeTransform === undefined || adobeTransform === 0 ? "CMYK" : "YCCK";
  if (isJfif) return "YCbCr";
  if (adobeTransform !== undefined) return adobeTransform === 0 ? "RGB" : "YCbCr";
  return String.fromCharCode(...components.map(({ id }) => id)) === "RGB" ? "RGB" : "YCbCr";
}

/** Makes luma and colour differences (BT.601, the full range) into red, green and blue, in multiples of 2⁻¹⁶. */
function fromYCbCr(y: number, cb: number, cr: number, to: Uint8ClampedArray): void {
  const [blue, red] = [cb - 128, cr - 128];
  to[0] = y + ((91881 * red + 32768) >> 16);
  to[1] = y + ((-22554 * blue - 46802 * red + 32768) >> 16);
  to[2] = y + ((116130 * blue + 32768) >> 16);
}

/** The pixels of a decoded frame: greys, or red, green and blue. Inks are taken as stored inverted, as all programs write them. */
export function pixelsOf(
  frame: Frame,
  space: ColorSpace,
): { readonly channels: 1 | 3; readonly data: Uint8ClampedArray } {
  const { width, height, maxH, maxV } = frame;
  const channels = space === "grey" ? 1 : 3;
  const planes = frame.components.map((component) => {
    const plane = samplesOf(component);
    // Not needed any more: of a large image hundreds of megabytes.
    component.coefficients = undefined;
    return { plane, scaleX: maxH / component.h, scaleY: maxV / component.v, row: new Int32Array(width) };
  });
  const data = new Uint8ClampedArray(width * height * channels);
  const rows = planes.map(({ row }) => row);
  const pixel = new Uint8ClampedArray(3);
  for (let y = 0, at = 0; y < height; y++) {
    for (const { plane, scaleX, scaleY, row } of planes) enlargedRow(plane, y, scaleX, scaleY, row);
    const [first, second, third, fourth] = rows as [Int32Array, Int32Array, Int32Array, Int32Array];
    for (let x = 0; x < width; x++, at += channels) {
      if (space === "grey") {
        data[at] = first[x]!;
        continue;
      }
      if (space === "YCbCr" || space === "YCCK") fromYCbCr(first[x]!, second[x]!, third[x]!, pixel);
      else [pixel[0], pixel[1], pixel[2]] = [first[x]!, second[x]!, third[x]!];
      for (let k = 0; k < 3; k++) {
        // Stored are 255 − ink, of YCCK the ink.
        const light = space === "YCCK" ? 255 - pixel[k]! : pixel[k]!;
        data[at + k] = fourth === undefined ? light : (light * fourth[x]!) / 255;
      }
    }
  }
  return { channels, data };
}
