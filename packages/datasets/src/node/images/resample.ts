import type { ImageSize } from "../../fit.ts";
import type { Pixels } from "./pixels.ts";

/** An image with values from 0 (black) to 1 (white). */
export interface FloatImage {
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
  /** Row by row, pixel by pixel. */
  readonly values: Float64Array;
}

/** Weights of red, green and blue in luma (ITU-R BT.601). */
const LUMA = [0.299, 0.587, 0.114] as const;

/** Writes a row of pixels: transparent pixels over white, colours as greys if one channel is wanted. */
function lightOfRow({ width, channels, data, white }: Pixels, row: number, wanted: 1 | 3, to: Float64Array): void {
  const [colors, hasOpacity] = [channels < 3 ? 1 : 3, channels === 2 || channels === 4];
  if (wanted === channels) {
    for (let i = 0, at = row * width * channels; i < width * channels; i++, at++) to[i] = data[at]! / white;
    return;
  }
  for (let x = 0; x < width; x++) {
    const at = (row * width + x) * channels;
    const opacity = hasOpacity ? data[at + colors]! / white : 1;
    const color = (k: number): number => (opacity * data[at + (colors === 1 ? 0 : k)]!) / white + 1 - opacity;
    if (wanted === 3) for (let k = 0; k < 3; k++) to[3 * x + k] = color(k);
    else to[x] = colors === 1 ? color(0) : LUMA[0] * color(0) + LUMA[1] * color(1) + LUMA[2] * color(2);
  }
}

/** The source pixels of a new pixel and their weights. */
interface Taps {
  readonly first: number;
  readonly weights: Float64Array;
}

/** Position in a line of `whole` pixels of the middle of new pixel `i`, where `to` pixels cover the middle `part` of the line. */
const middleOf = (i: number, whole: number, part: number, to: number): number =>
  (whole - part) / 2 + ((i + 0.5) * part) / to;

/** A triangle filter of twice the larger pixel spacing: bilinear when enlarging, antialiased when reducing. */
function tapsOf(whole: number, part: number, to: number): Taps[] {
  const reach = Math.max(1, part / to);
  return Array.from({ length: to }, (_, i) => {
    const center = middleOf(i, whole, part, to) - 0.5;
    const first = Math.max(0, Math.ceil(center - reach));
    const last = Math.min(whole - 1, Math.floor(center + reach));
    const weights = Float64Array.from({ length: last - first + 1 }, (_unused, k) =>
      Math.max(0, 1 - Math.abs(first + k - center) / reach),
    );
    const sum = weights.reduce((a, b) => a + b, 0);
    return { first, weights: weights.map((weight) => weight / sum) };
  });
}

/**
 * Resizes the middle of an image row by row, so that a large one is never copied.
 *
 * @param part - Height and width of the part in the middle, at most those of the image.
 * @param to - New height and width of the part.
 */
export function resample(pixels: Pixels, part: ImageSize, [height, width]: ImageSize, channels: 1 | 3): FloatImage {
  const values = new Float64Array(height * width * channels);
  const isWhole = part[0] === height && part[1] === width && height === pixels.height && width === pixels.width;
  if (isWhole) {
    const length = width * channels;
    for (let row = 0; row < height; row++)
      lightOfRow(pixels, row, channels, values.subarray(row * length, (row + 1) * length));
    return { height, width, channels, values };
  }
  const [down, across] = [tapsOf(pixels.height, part[0], height), tapsOf(pixels.width, part[1], width)];
  const [whole, narrow] = [new Float64Array(pixels.width * channels), new Float64Array(width * channels)];
  const lastTaps = down.at(-1)!;
  for (let row = down[0]!.first; row < lastTaps.first + lastTaps.weights.length; row++) {
    lightOfRow(pixels, row, channels, whole);
    for (let x = 0; x < width; x++) {
      const { first, weights } = across[x]!;
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let k = 0; k < weights.length; k++) sum += weights[k]! * whole[(first + k) * channels + c]!;
        narrow[x * channels + c] = sum;
      }
    }
    for (let y = 0; y < height; y++) {
      const { first, weights } = down[y]!;
      const weight = weights[row - first];
      if (weight === undefined || weight === 0) continue;
      for (let i = 0; i < narrow.length; i++) values[y * narrow.length + i]! += weight * narrow[i]!;
    }
  }
  return { height, width, channels, values };
}

/** Labels of pixels, row by row. */
export interface LabelImage {
  readonly height: number;
  readonly width: number;
  readonly data: Uint8Array | Uint16Array;
  /** The EXIF orientation, 1 to 8. */
  readonly orientation: number;
}

/** Resizes the middle of an image of labels: each new pixel has the label of the nearest one. */
export function nearestLabels(from: LabelImage, part: ImageSize, [height, width]: ImageSize): LabelImage {
  const nearest = (whole: number, size: number, to: number): number[] =>
    Array.from({ length: to }, (_, i) => Math.min(whole - 1, Math.floor(middleOf(i, whole, size, to))));
  const columns = nearest(from.width, part[1], width);
  const data = new (from.data.constructor as Uint8ArrayConstructor)(height * width);
  for (const [y, row] of nearest(from.height, part[0], height).entries())
    for (const [x, column] of columns.entries()) data[y * width + x] = from.data[row * from.width + column]!;
  return { ...from, height, width, data };
}

/** Mirrors and rotates numbers of pixels to an EXIF orientation. */
export function upright<A extends Float64Array | Uint8Array | Uint16Array>(
  values: A,
  [height, width]: ImageSize,
  channels: number,
  orientation: number,
): A {
  if (orientation === 1) return values;
  const isTurned = orientation >= 5;
  const [tall, wide] = isTurned ? [width, height] : [height, width];
  const turned = new (values.constructor as new (length: number) => A)(values.length);
  for (let y = 0; y < tall; y++)
    for (let x = 0; x < wide; x++) {
      // Orientations from 5 on exchange rows and columns.
      const [a, b] = isTurned ? [x, y] : [y, x];
      const row = [3, 4, 6, 7].includes(orientation) ? height - 1 - a : a;
      const column = [2, 3, 7, 8].includes(orientation) ? width - 1 - b : b;
      for (let c = 0; c < channels; c++)
        turned[(y * wide + x) * channels + c] = values[(row * width + column) * channels + c]!;
    }
  return turned;
}
