import type { Component, Frame } from "./frame.ts";
import { enlargedRow } from "./enlarge.ts";
import { samplesOf } from "./samples.ts";

/** The colour space of a pixel. */
export type ColorSpace = "grey" | "RGB" | "YCbCr" | "CMYK" | "YCCK";

/**
 * Determines the colour space by the rules of libjpeg: the JFIF marker takes precedence, then Adobe's, then the component
 * names.
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

/** Converts YCbCr (BT.601, full range) to RGB in fixed point, in multiples of 2⁻¹⁶. */
function fromYCbCr(y: number, cb: number, cr: number, to: Uint8ClampedArray, at: number): void {
  const blue = cb - 128;
  const red = cr - 128;
  to[at] = y + ((91881 * red + 32768) >> 16);
  to[at + 1] = y + ((-22554 * blue - 46802 * red + 32768) >> 16);
  to[at + 2] = y + ((116130 * blue + 32768) >> 16);
}

/** Writes a row of pixels. Samples of CMYK are 255 − ink, as programs write them; the YCbCr part of YCCK gives the ink itself. */
function writeRow(rows: readonly Int32Array[], space: ColorSpace, data: Uint8ClampedArray, from: number): void {
  const [first, second, third, fourth] = rows as [Int32Array, Int32Array, Int32Array, Int32Array];
  if (space === "grey") {
    data.set(first, from);
    return;
  }
  const isLuma = space === "YCbCr" || space === "YCCK";
  for (let x = 0, at = from; x < first.length; x++, at += 3) {
    if (isLuma) fromYCbCr(first[x]!, second[x]!, third[x]!, data, at);
    else {
      data[at] = first[x]!;
      data[at + 1] = second[x]!;
      data[at + 2] = third[x]!;
    }
    if (fourth === undefined) continue;
    for (let k = at; k < at + 3; k++) data[k] = ((space === "YCCK" ? 255 - data[k]! : data[k]!) * fourth[x]!) / 255;
  }
}

/** Returns the pixels of a decoded frame: greyscale or RGB. */
export function pixelsOf(
  frame: Frame,
  space: ColorSpace,
): { readonly channels: 1 | 3; readonly data: Uint8ClampedArray } {
  const { width, height, maxH, maxV } = frame;
  const channels = space === "grey" ? 1 : 3;
  const planes = frame.components.map((component) => {
    const plane = samplesOf(component);
    // Frees the coefficients, hundreds of megabytes for a large image.
    component.coefficients = undefined;
    return { plane, scaleX: maxH / component.h, scaleY: maxV / component.v, row: new Int32Array(width) };
  });
  const rows = planes.map(({ row }) => row);
  const data = new Uint8ClampedArray(width * height * channels);
  for (let y = 0; y < height; y++) {
    for (const { plane, scaleX, scaleY, row } of planes) enlargedRow(plane, y, scaleX, scaleY, row);
    writeRow(rows, space, data, y * width * channels);
  }
  return { channels, data };
}
