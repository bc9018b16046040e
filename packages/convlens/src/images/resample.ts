import type { Pixels } from "./pixels.ts";

/** An image with values from 0 (black) to 1 (white). */
export interface Light {
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
  /** Row by row, pixel by pixel. */
  readonly values: Float64Array;
}

/** Weights of red, green and blue in luma (ITU-R BT.601). */
const LUMA = [0.299, 0.587, 0.114] as const;

/** Returns a row of pixels: transparent pixels over white, colours as greys if one channel is wanted. */
function lightOfRow({ width, channels, data, white }: Pixels, row: number, wanted: 1 | 3, to: Float64Array): void {
  const [colors, hasOpacity] = [channels < 3 ? 1 : 3, channels === 2 || channels === 4];
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

/** A triangle filter of twice the larger pixel spacing: bilinear when enlarging, antialiased when reducing. */
function tapsOf(from: number, to: number): Taps[] {
  const step = from / to;
  const reach = Math.max(1, step);
  return Array.from({ length: to }, (_, i) => {
    const center = (i + 0.5) * step - 0.5;
    const first = Math.max(0, Math.ceil(center - reach));
    const last = Math.min(from - 1, Math.floor(center + reach));
    const weights = Float64Array.from({ length: last - first + 1 }, (_unused, k) =>
      Math.max(0, 1 - Math.abs(first + k - center) / reach),
    );
    const sum = weights.reduce((a, b) => a + b, 0);
    return { first, weights: weights.map((weight) => weight / sum) };
  });
}

/** Resizes an image row by row, so that a large one is never copied. */
export function resample(pixels: Pixels, height: number, width: number, channels: 1 | 3): Light {
  const [across, down] = [tapsOf(pixels.width, width), tapsOf(pixels.height, height)];
  const values = new Float64Array(height * width * channels);
  const [whole, narrow] = [new Float64Array(pixels.width * channels), new Float64Array(width * channels)];
  for (let row = 0; row < pixels.height; row++) {
    lightOfRow(pixels, row, channels, whole);
    for (const [x, { first, weights }] of across.entries())
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let k = 0; k < weights.length; k++) sum += weights[k]! * whole[(first + k) * channels + c]!;
        narrow[x * channels + c] = sum;
      }
    for (const [y, { first, weights }] of down.entries()) {
      const weight = weights[row - first];
      if (weight === undefined || weight === 0) continue;
      for (let i = 0; i < narrow.length; i++) values[y * narrow.length + i]! += weight * narrow[i]!;
    }
  }
  return { height, width, channels, values };
}

/** Mirrors and rotates an image to its EXIF orientation. */
export function upright({ height, width, channels, values }: Light, orientation: number): Light {
  const isTurned = orientation >= 5;
  const [tall, wide] = isTurned ? [width, height] : [height, width];
  const turned = new Float64Array(values.length);
  for (let y = 0; y < tall; y++)
    for (let x = 0; x < wide; x++) {
      // Orientations from 5 on exchange rows and columns.
      const [a, b] = isTurned ? [x, y] : [y, x];
      const row = [3, 4, 6, 7].includes(orientation) ? height - 1 - a : a;
      const column = [2, 3, 7, 8].includes(orientation) ? width - 1 - b : b;
      for (let c = 0; c < channels; c++)
        turned[(y * wide + x) * channels + c] = values[(row * width + column) * channels + c]!;
    }
  return { height: tall, width: wide, channels, values: turned };
}
