import { sizeOf } from "@convlens/backend";
import type { Dataset } from "@convlens/datasets";
import { edgeOf, type ImageInput } from "./imageToInput.ts";

/** How bright pictures are: at their edges, and all over. */
export interface Brightness {
  readonly edge: number;
  readonly whole: number;
}

/** Examples that are looked at. */
const MOST = 1000;
/** A difference of brightness that is seen at once. */
const CLEAR = 0.25;

const mean = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0) / values.length;

function brightnessOf(values: Float32Array | Float64Array, [height, width, channels]: readonly number[]): Brightness {
  return {
    edge: mean(edgeOf({ height: height!, width: width!, channels: channels!, values: Float64Array.from(values) })),
    whole: mean(values),
  };
}

/** How bright the pictures of a data set are. */
export function usualBrightness({ size, shape, inputs, scale }: Dataset): Brightness {
  const [one, count] = [sizeOf(shape), Math.min(MOST, size)];
  const total = new Float64Array(one);
  for (let i = 0; i < count * one; i++) total[i % one]! += (inputs[i]! * scale) / count;
  return brightnessOf(total, shape);
}

/** A picture against a data set. */
export interface InversionCheck {
  readonly image: Brightness;
  readonly data: Brightness;
  /** Whether it would be far more like the data with black and white exchanged: ink on paper, for digits of light. */
  readonly isInverted: boolean;
}

/** Whether a picture looks like the negative of those that a model has learned from. */
export function looksInverted({ shape, values }: ImageInput, examples: Dataset): InversionCheck {
  const [image, data] = [brightnessOf(values, shape), usualBrightness(examples)];
  const distance = ({ edge, whole }: Brightness): number => Math.abs(edge - data.edge) + Math.abs(whole - data.whole);
  const [own, negative] = [distance(image), distance({ edge: 1 - image.edge, whole: 1 - image.whole })];
  return { image, data, isInverted: own > 2 * CLEAR && negative < own / 2 };
}
