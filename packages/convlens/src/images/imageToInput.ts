import { ShapeError, type Shape } from "@convlens/backend";
import type { Pixels } from "./pixels.ts";
import { resample, upright, type Light } from "./resample.ts";

/** An image as the input of a model. */
export interface ImageInput {
  /** The input shape of the model. */
  readonly shape: readonly [height: number, width: number, channels: number];
  /** From 0 (black) to 1 (white), or inverted. */
  readonly values: Float32Array;
  /** The changes made to fit the image to the model, in words. */
  readonly changes: readonly string[];
}

/** The mean of numbers. */
export const mean = (values: Float32Array | Float64Array): number =>
  Array.from(values).reduce((sum, x) => sum + x, 0) / values.length;

/** The mean colour of the pixels at the edge. */
export function edgeOf({
  height,
  width,
  channels,
  values,
}: Pick<Light, "height" | "width"> & {
  readonly channels: number;
  readonly values: Float32Array | Float64Array;
}): number[] {
  const isEdge = (pixel: number): boolean => {
    const [y, x] = [Math.floor(pixel / width), pixel % width];
    return y === 0 || y === height - 1 || x === 0 || x === width - 1;
  };
  const edge = values.filter((_, i) => isEdge(Math.floor(i / channels)));
  return Array.from({ length: channels }, (_, c) => mean(edge.filter((_value, i) => i % channels === c)));
}

/** Pads an image on all sides with the colour of its edge. */
function framed(light: Light, height: number, width: number): Light {
  const { channels } = light;
  const edge = edgeOf(light);
  const values = new Float64Array(height * width * channels);
  for (let at = 0; at < values.length; at += channels) values.set(edge, at);
  const [top, left] = [Math.floor((height - light.height) / 2), Math.floor((width - light.width) / 2)];
  for (let y = 0; y < light.height; y++)
    values.set(
      light.values.subarray(y * light.width * channels, (y + 1) * light.width * channels),
      ((y + top) * width + left) * channels,
    );
  return { height, width, channels, values };
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;

/**
 * Converts an image to the input of a model: rotated to its orientation, in the colours of the model, and scaled as a whole
 * without distortion; the rest gets the colour of the image's edge.
 *
 * @param shape - Shape of one example of the model: `[height, width, 1 or 3]`.
 * @param invert - Exchanges black and white.
 * @throws `ShapeError` for a model whose input is not an image.
 */
export function imageToInput(
  pixels: Pixels,
  shape: Shape,
  { invert = false }: { readonly invert?: boolean } = {},
): ImageInput {
  const [height, width, channels] = shape as readonly [number, number, number];
  if (shape.length !== 3 || (channels !== 1 && channels !== 3))
    throw new ShapeError({
      what: "the input of this model",
      expected: "an image [height, width, 1 or 3]",
      got: shape,
      fix: "use --example, which takes an example of its test set",
    });
  const changes = [...pixels.remarks];
  const isTurned = pixels.orientation >= 5;
  const [tall, wide] = isTurned ? [pixels.width, pixels.height] : [pixels.height, pixels.width];
  if (pixels.orientation !== 1) changes.push("rotated upright, as its EXIF orientation says");
  if (pixels.channels === 2 || pixels.channels === 4) changes.push("transparent pixels placed on white");
  const isColored = pixels.channels >= 3 && hasColors(pixels);
  if (isColored && channels === 1) changes.push("converted to greyscale (29.9 % red, 58.7 % green, 11.4 % blue)");
  if (!isColored && channels === 3) changes.push("converted from greyscale to three equal channels");
  const factor = Math.min(height / tall, width / wide);
  const [newTall, newWide] = [tall, wide].map((size) => Math.max(1, Math.round(size * factor))) as [number, number];
  if (newTall !== tall || newWide !== wide)
    changes.push(
      factor < 1
        ? `reduced from ${tall} × ${wide} to ${newTall} × ${newWide} pixels (height × width), antialiased`
        : `enlarged from ${tall} × ${wide} to ${newTall} × ${newWide} pixels (height × width), bilinearly`,
    );
  const stored = isTurned ? ([newWide, newTall] as const) : ([newTall, newWide] as const);
  let light = upright(resample(pixels, ...stored, channels), pixels.orientation);
  const [rows, columns] = [height - newTall, width - newWide];
  if (rows > 0 || columns > 0) {
    light = framed(light, height, width);
    changes.push(
      `padded to the shape of the input by ${counted(rows || columns, rows > 0 ? "row" : "column")} of the colour of its edge`,
    );
  }
  if (invert) changes.push("black and white exchanged");
  return {
    shape: [height, width, channels],
    values: Float32Array.from(light.values, (x) => (invert ? 1 - x : x)),
    changes,
  };
}

/** Whether red, green and blue differ anywhere. */
function hasColors({ channels, data }: Pixels): boolean {
  for (let i = 0; i < data.length; i += channels) if (data[i] !== data[i + 1] || data[i] !== data[i + 2]) return true;
  return false;
}
