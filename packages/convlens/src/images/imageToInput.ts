import { ShapeError, showShape, type Shape } from "@convlens/backend";
import type { Pixels } from "./pixels.ts";
import { resample, upright, type Light } from "./resample.ts";

/** A picture as a model gets it, and what had to be done to it. */
export interface ImageInput {
  /** `[height, width, channels]`, as the model wants it. */
  readonly shape: Shape;
  /** 0 (black) to 1 (white), or the other way round if that was asked for. */
  readonly values: Float32Array;
  /** What was changed, each in words; nothing, if the file is just what the model wants. */
  readonly changes: readonly string[];
}

/** The mean of the pixels at the edge, channel by channel. */
export function edgeOf({
  height,
  width,
  channels,
  values,
}: Pick<Light, "height" | "width" | "values"> & { readonly channels: number }): number[] {
  const sums = Array.from({ length: channels }, () => 0);
  let count = 0;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      if (y > 0 && y < height - 1 && x > 0 && x < width - 1) continue;
      count++;
      for (let c = 0; c < channels; c++) sums[c]! += values[(y * width + x) * channels + c]!;
    }
  return sums.map((sum) => sum / count);
}

/** In the middle of a larger picture of the colour of its edge. */
function framed(light: Light, height: number, width: number): Light {
  const { channels } = light;
  const edge = edgeOf(light);
  const values = Float64Array.from({ length: height * width * channels }, (_, i) => edge[i % channels]!);
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
 * A picture as the input of a model: turned as the camera was held, in the model's colours, and made to fit its size as a whole, in
 * its proportions; what is left over gets the colour of the picture's edge.
 *
 * @param shape - Of one example of the model: `[height, width, 1 or 3]`.
 * @param invert - Makes black white and white black.
 * @throws `ShapeError` for a model that takes no pictures.
 */
export function imageToInput(
  pixels: Pixels,
  shape: Shape,
  { invert = false }: { readonly invert?: boolean } = {},
): ImageInput {
  const [height, width, channels] = shape as readonly [number, number, number];
  if (shape.length !== 3 || (channels !== 1 && channels !== 3))
    throw new ShapeError(
      `an image cannot be given to this model, which takes ${showShape(shape)}; expected [height, width, 1 or 3]: use --example, which takes one of its test set`,
      { operation: "image", expected: "[height, width, 1 or 3]", got: shape, fix: "--example" },
    );
  const changes = [...pixels.remarks];
  const isTurned = pixels.orientation >= 5;
  const [tall, wide] = isTurned ? [pixels.width, pixels.height] : [pixels.height, pixels.width];
  if (pixels.orientation !== 1) changes.push("it was turned upright, as the camera has noted");
  if (pixels.channels === 2 || pixels.channels === 4) changes.push("what can be seen through was laid on white");
  const isColored = pixels.channels >= 3 && hasColors(pixels);
  if (isColored && channels === 1) changes.push("its colours became greys (29.9 % red, 58.7 % green, 11.4 % blue)");
  if (!isColored && channels === 3) changes.push("its greys became three equal channels");
  const factor = Math.min(height / tall, width / wide);
  const [newTall, newWide] = [tall, wide].map((size) => Math.max(1, Math.round(size * factor))) as [number, number];
  if (newTall !== tall || newWide !== wide)
    changes.push(
      factor < 1
        ? `it was made smaller, from ${tall} × ${wide} to ${newTall} × ${newWide} pixels (height × width), each the weighted mean of those that it stands for`
        : `it was enlarged, from ${tall} × ${wide} to ${newTall} × ${newWide} pixels (height × width), smoothly`,
    );
  const stored = isTurned ? ([newWide, newTall] as const) : ([newTall, newWide] as const);
  let light = upright(resample(pixels, ...stored, channels), pixels.orientation);
  const [rows, columns] = [height - newTall, width - newWide];
  if (rows > 0 || columns > 0) {
    light = framed(light, height, width);
    changes.push(
      `it is not as ${rows > 0 ? "tall" : "wide"} as the model's input, so ${counted(rows || columns, rows > 0 ? "row" : "column")} of the colour of its edge ${(rows || columns) === 1 ? "was" : "were"} added around it`,
    );
  }
  if (invert) changes.push("black and white were exchanged, as asked for");
  return { shape, values: Float32Array.from(light.values, (x) => (invert ? 1 - x : x)), changes };
}

/** Whether red, green and blue differ anywhere. */
function hasColors({ channels, data }: Pixels): boolean {
  for (let i = 0; i < data.length; i += channels) if (data[i] !== data[i + 1] || data[i] !== data[i + 2]) return true;
  return false;
}
