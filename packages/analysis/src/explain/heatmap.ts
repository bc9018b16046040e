import type { Explanation } from "./explain.ts";
import { planesOf } from "../planes.ts";

/** One number for each pixel of each example. */
export interface Heatmap {
  /** How many examples. */
  readonly count: number;
  readonly height: number;
  readonly width: number;
  /** Example by example, row by row. */
  readonly values: Float64Array;
}

/** Methods whose numbers are slopes: what a pixel could do, in either direction, and not what it did. */
const slopes: ReadonlySet<Explanation["method"]> = /* @__PURE__ */ new Set<Explanation["method"]>([
  ...(["gradient", "smoothGrad", "guidedBackpropagation", "deconvnet"] as const),
]);

/**
 * An explanation as one number for each pixel: of slopes the largest among the channels, by size (Simonyan 2014); of shares of
 * the score their sum, with its sign. Signals are pictures of one row.
 *
 * @example
 * ```ts
 * const heat = heatmap(await explain(model, images, { method: "gradient" }));
 * heat.values.length; // 4 · 12 · 12
 * ```
 */
export function heatmap({ method, shape, values }: Pick<Explanation, "method" | "shape" | "values">): Heatmap {
  const { count, height, width, channels } = planesOf(shape, "heatmap");
  const heat = Float64Array.from({ length: count * height * width }, (_, i) => {
    let [sum, largest] = [0, 0];
    for (let c = 0; c < channels; c++) {
      const value = values[i * channels + c]!;
      sum += value;
      largest = Math.max(largest, Math.abs(value));
    }
    return slopes.has(method) ? largest : sum;
  });
  return { count, height, width, values: heat };
}

/** A heatmap of one example. */
export interface ExampleMap {
  readonly height: number;
  readonly width: number;
  /** Row by row. */
  readonly values: Float64Array;
}

/** The map of one example, its largest number by size brought to 1. */
export function normalizedMap({ height, width, values }: Heatmap, example: number): ExampleMap {
  const one = values.slice(example * height * width, (example + 1) * height * width);
  const largest = one.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
  return { height, width, values: one.map((value) => value / largest) };
}
