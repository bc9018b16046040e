import { oneOf, wholeFrom, type OptionCheck } from "@convlens/backend";

/** A height and a width. */
export type ImageSize = readonly [height: number, width: number];

/**
 * How an image of another shape fits a size: `"cover"` scales it as a whole and crops the middle, `"contain"` scales it as a whole
 * and fills the rest with the colour of its edge, `"stretch"` scales height and width apart.
 */
export type ImageFit = "cover" | "contain" | "stretch";

/** Options of fitting an image to a size. */
export interface ImageFitOptions {
  /** Height and width of the result, in pixels. */
  readonly size: ImageSize;
  /** 1 for greyscale, 3 for red, green and blue. Default: 3. */
  readonly channels?: 1 | 3 | undefined;
  /** How an image of another shape fits the size. Default: `"cover"`. */
  readonly fit?: ImageFit | undefined;
}

const side = /* @__PURE__ */ wholeFrom(1, 65_535);

/** Accepts `[height, width]`. */
export const sizeOption: OptionCheck = (x) =>
  Array.isArray(x) && x.length === 2 && x.every((size) => side(size) === undefined)
    ? undefined
    : "[height, width] in pixels, whole numbers from 1 to 65535";

/** Accepts 1 and 3. */
export const channelsOption: OptionCheck = (x) =>
  x === 1 || x === 3 ? undefined : "1 (greyscale) or 3 (red, green and blue)";

/** Accepts the names of {@link ImageFit}. */
export const fitOption: OptionCheck = /* @__PURE__ */ oneOf("cover", "contain", "stretch");

/** The part of an image that is shown, and its new size. */
export interface Placement {
  readonly part: ImageSize;
  readonly inner: ImageSize;
}

/** Places an upright image of a size in another size. */
export function placementOf([tall, wide]: ImageSize, [height, width]: ImageSize, fit: ImageFit): Placement {
  if (fit === "stretch") return { part: [tall, wide], inner: [height, width] };
  if (fit === "cover") {
    const factor = Math.max(height / tall, width / wide);
    return { part: [Math.min(tall, height / factor), Math.min(wide, width / factor)], inner: [height, width] };
  }
  const factor = Math.min(height / tall, width / wide);
  const scaled = (size: number): number => Math.max(1, Math.round(size * factor));
  return { part: [tall, wide], inner: [scaled(tall), scaled(wide)] };
}

/**
 * The mean colour of the pixels at the edge of an image: one number for each channel.
 *
 * @example
 * ```ts
 * edgeColor({ height: 1, width: 2, channels: 1, values: Float64Array.of(0, 1) }); // [0.5]
 * ```
 */
export function edgeColor({
  height,
  width,
  channels,
  values,
}: {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly values: ArrayLike<number>;
}): number[] {
  const sums = new Array<number>(channels).fill(0);
  let count = 0;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      if (y > 0 && y < height - 1 && x > 0 && x < width - 1) continue;
      count++;
      for (let c = 0; c < channels; c++) sums[c]! += values[(y * width + x) * channels + c]!;
    }
  return sums.map((sum) => sum / count);
}

/** Places rows in the middle of a larger image that is filled already. */
export function placeRows<A extends Float64Array | Uint8Array | Uint16Array>(
  whole: A,
  [height, width]: ImageSize,
  rows: A,
  [tall, wide]: ImageSize,
  channels: number,
): A {
  const [top, left] = [Math.floor((height - tall) / 2), Math.floor((width - wide) / 2)];
  for (let y = 0; y < tall; y++)
    whole.set(rows.subarray(y * wide * channels, (y + 1) * wide * channels), ((y + top) * width + left) * channels);
  return whole;
}
