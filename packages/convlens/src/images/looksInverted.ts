import type { SizedDataset } from "@convlens/datasets";
import { edgeColor } from "@convlens/datasets/node";
import { firstExamples } from "../examples.ts";
import type { ImageInput } from "./imageToInput.ts";

/** Mean brightness of images: at their edges, and overall. */
export interface Brightness {
  readonly edge: number;
  readonly whole: number;
}

/** Number of examples that are compared. */
const MOST = 1000;
/** Smallest difference of brightness that counts. */
const CLEAR = 0.25;

const mean = (values: ArrayLike<number>): number => Array.from(values).reduce((sum, x) => sum + x, 0) / values.length;

function brightnessOf(values: Float32Array | Float64Array, [height, width, channels]: ImageInput["shape"]): Brightness {
  return { edge: mean(edgeColor({ height, width, channels, values })), whole: mean(values) };
}

/** Returns the mean of the images of a data set. */
async function meanImage(data: SizedDataset): Promise<Float64Array> {
  const { inputs, size: count } = await firstExamples(data, MOST);
  const one = inputs.size / count;
  const total = new Float64Array(one);
  for (const [i, x] of inputs.knownValues.entries()) total[i % one]! += x / count;
  return total;
}

/** The comparison of an image with a data set. */
export interface InversionCheck {
  readonly image: Brightness;
  readonly data: Brightness;
  /** Whether the image would resemble the data much more with black and white exchanged. */
  readonly isInverted: boolean;
}

/** Checks whether an image looks like a negative of the training images. */
export async function looksInverted({ shape, values }: ImageInput, examples: SizedDataset): Promise<InversionCheck> {
  const [image, data] = [brightnessOf(values, shape), brightnessOf(await meanImage(examples), shape)];
  const distance = ({ edge, whole }: Brightness): number => Math.abs(edge - data.edge) + Math.abs(whole - data.whole);
  const [own, negative] = [distance(image), distance({ edge: 1 - image.edge, whole: 1 - image.whole })];
  return { image, data, isInverted: own > 2 * CLEAR && negative < own / 2 };
}
