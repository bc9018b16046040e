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
function fromYCbCr(y: number, cb: number, cr: number, to: Uint8ClampedArray, at: number): void {
  const blue = cb - 128;
  const red = cr - 128;
  to[at] = y + ((91881 * red + 32768) >> 16);
  to[at + 1] = y + ((-22554 * blue - 46802 * red + 32768) >> 16);
  to[at + 2] = y + ((116130 * blue + 32768) >> 16);
}

/** Writes a row of pixels. Inks are taken as stored inverted, as programs write them: 255 − ink, and of YCCK the ink. */
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

/** The pixels of a decoded frame: greys, or red, green and blue. */
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
  const rows = planes.map(({ row }) => row);
  const data = new Uint8ClampedArray(width * height * channels);
  for (let y = 0; y < height; y++) {
    for (const { plane, scaleX, scaleY, row } of planes) enlargedRow(plane, y, scaleX, scaleY, row);
    writeRow(rows, space, data, y * width * channels);
  }
  return { channels, data };
}
