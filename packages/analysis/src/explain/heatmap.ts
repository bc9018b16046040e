import type { Explanation } from "./explain.ts";
import { explanationMethods } from "./methods.ts";
import { magnitudeOf, sumOf } from "../numbers.ts";
import { planesOf } from "../planes.ts";
import type { Picture } from "./similarity.ts";

/** One number for each pixel of each example. */
export interface Heatmap {
  /** Number of examples. */
  readonly count: number;
  readonly height: number;
  readonly width: number;
  /** Example by example, row by row. */
  readonly values: Float64Array;
}

/**
 * Reduces an explanation to one number for each pixel: the channel of the largest magnitude for methods that give gradients
 * (Simonyan et al. 2014), the sum over channels for methods that give contributions to the score. A signal counts as an image
 * of one row.
 *
 * @example
 * ```ts
 * const heat = heatmap(await explain(model, images, { method: "gradient" }));
 * heat.values.length; // 4 · 12 · 12
 * ```
 */
export function heatmap({ method, shape, values }: Pick<Explanation, "method" | "shape" | "values">): Heatmap {
  const { count, height, width, channels } = planesOf(shape, "heatmap");
  const isGradient = explanationMethods[method].channels === "largest";
  const heat = Float64Array.from({ length: count * height * width }, (_, i) => {
    const pixel = values.subarray(i * channels, (i + 1) * channels);
    return isGradient ? magnitudeOf(pixel) : sumOf(pixel);
  });
  return { count, height, width, values: heat };
}

/** Returns the map of one example, scaled so that its largest magnitude is 1. */
export function normalizedMap(
  { height, width, values }: Heatmap,
  example: number,
): Picture & { readonly values: Float64Array } {
  const one = values.slice(example * height * width, (example + 1) * height * width);
  const largest = magnitudeOf(one) || 1;
  return { height, width, values: one.map((value) => value / largest) };
}
