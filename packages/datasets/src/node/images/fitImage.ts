import {
  edgeColor,
  placementOf,
  placeRows,
  type ImageFit,
  type ImageFitOptions,
  type ImageSize,
  type Placement,
} from "../../fit.ts";
import type { Pixels } from "./pixels.ts";
import { nearestLabels, resample, upright, type FloatImage, type LabelImage } from "./resample.ts";

/** An image that was fitted to a size. */
export interface FittedImage extends FloatImage {
  /** Height and width of the image itself, without the fill of `"contain"`. */
  readonly inner: ImageSize;
}

/** A size with height and width exchanged if an orientation exchanges rows and columns. */
const turned = ([height, width]: ImageSize, orientation: number): ImageSize =>
  orientation >= 5 ? [width, height] : [height, width];

/** The placement of an image in its orientation, with sizes as the file stores them. */
function storedPlacement(
  { height, width, orientation }: Pick<Pixels, "height" | "width" | "orientation">,
  size: ImageSize,
  fit: ImageFit,
): Placement {
  const { part, inner } = placementOf(turned([height, width], orientation), size, fit);
  return { part: turned(part, orientation), inner: turned(inner, orientation) };
}

/**
 * Fits an image to a size: turned upright, over white where it is transparent, in grey or colours, bilinear when it is enlarged
 * and antialiased when it is reduced.
 *
 * @returns Values from 0 (black) to 1 (white).
 *
 * @example
 * ```ts
 * const pixels = { height: 1, width: 2, channels: 1, data: Uint8Array.of(0, 255), white: 255, orientation: 1, remarks: [] };
 * fitImage(pixels, { size: [1, 1], channels: 1, fit: "stretch" }).values; // [0.5]
 * ```
 */
export function fitImage(pixels: Pixels, { size, channels = 3, fit = "cover" }: ImageFitOptions): FittedImage {
  const { part, inner } = storedPlacement(pixels, size, fit);
  const { orientation } = pixels;
  const small = upright(resample(pixels, part, inner, channels).values, inner, channels, orientation);
  const [tall, wide] = turned(inner, orientation);
  const [height, width] = size;
  const image = { height, width, channels, inner: [tall, wide] as const };
  if (tall === height && wide === width) return { ...image, values: small };
  const edge = edgeColor({ height: tall, width: wide, channels, values: small });
  const filled = Float64Array.from({ length: height * width * channels }, (_, i) => edge[i % channels]!);
  return { ...image, values: placeRows(filled, size, small, [tall, wide], channels) };
}

/** An image fitted to a size as bytes `[height, width, channels]`. */
export function fittedBytes(pixels: Pixels, options: Required<ImageFitOptions>): Uint8Array {
  const { size, channels } = options;
  const { height, width, data, white, orientation } = pixels;
  const isExact = height === size[0] && width === size[1] && orientation === 1;
  if (isExact && white === 255 && pixels.channels === channels) return new Uint8Array(data);
  const { values } = fitImage(pixels, options);
  const bytes = new Uint8Array(values.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Math.round(255 * values[i]!);
  return bytes;
}

/** Labels fitted to a size `[height, width]`, each that of the nearest pixel; 0 around an image that does not fill it. */
export function fittedLabels(labels: LabelImage, size: ImageSize, fit: ImageFit): Uint8Array | Uint16Array {
  const { part, inner } = storedPlacement(labels, size, fit);
  const small = upright(nearestLabels(labels, part, inner).data, inner, 1, labels.orientation);
  const shown = turned(inner, labels.orientation);
  if (shown[0] === size[0] && shown[1] === size[1]) return small;
  const filled = new (small.constructor as Uint8ArrayConstructor)(size[0] * size[1]);
  return placeRows(filled, size, small as Uint8Array, shown, 1);
}
