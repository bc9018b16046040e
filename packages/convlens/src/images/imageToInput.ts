import { ShapeError, type Shape } from "@convlens/backend";
import type { ImageFit } from "@convlens/datasets";
import { fitImage, type Pixels } from "@convlens/datasets/node";

/** An image as the input of a model. */
export interface ImageInput {
  /** The input shape of the model. */
  readonly shape: readonly [height: number, width: number, channels: number];
  /** From 0 (black) to 1 (white), or inverted. */
  readonly values: Float32Array;
  /** The changes made to fit the image to the model, in words. */
  readonly changes: readonly string[];
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;

/**
 * Converts an image to the input of a model: rotated to its orientation, in the colours of the model, and fitted to its size.
 *
 * @param shape - Shape of one example of the model: `[height, width, 1 or 3]`.
 * @param invert - Exchanges black and white.
 * @param fit - How an image of another shape fits. Default: as a whole, and the rest gets the colour of its edge.
 * @throws `ShapeError` for a model whose input is not an image.
 */
export function imageToInput(
  pixels: Pixels,
  shape: Shape,
  { invert = false, fit = "contain" }: { readonly invert?: boolean; readonly fit?: ImageFit | undefined } = {},
): ImageInput {
  const [height, width, channels] = shape as readonly [number, number, 1 | 3];
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
  const { values, inner } = fitImage(pixels, { size: [height, width], channels, fit });
  const whole = Math.max(height / tall, width / wide);
  const [newTall, newWide] = fit === "cover" ? [Math.round(tall * whole), Math.round(wide * whole)] : inner;
  if (newTall !== tall || newWide !== wide)
    changes.push(
      newTall < tall || newWide < wide
        ? `reduced from ${tall} × ${wide} to ${newTall} × ${newWide} pixels (height × width), antialiased`
        : `enlarged from ${tall} × ${wide} to ${newTall} × ${newWide} pixels (height × width), bilinearly`,
    );
  if (newTall > height || newWide > width) changes.push("cropped to the middle, in the shape of the input");
  const [rows, columns] = [height - newTall, width - newWide];
  if (rows > 0 || columns > 0)
    changes.push(
      `padded to the shape of the input by ${counted(rows || columns, rows > 0 ? "row" : "column")} of the colour of its edge`,
    );
  if (invert) changes.push("black and white exchanged");
  return {
    shape: [height, width, channels],
    values: Float32Array.from(values, (x) => (invert ? 1 - x : x)),
    changes,
  };
}

/** Whether red, green and blue differ anywhere. */
function hasColors({ channels, data }: Pixels): boolean {
  for (let i = 0; i < data.length; i += channels) if (data[i] !== data[i + 1] || data[i] !== data[i + 2]) return true;
  return false;
}
