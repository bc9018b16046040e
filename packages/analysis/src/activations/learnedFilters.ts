import { traitsOf, type Shape } from "@convlens/backend";
import type { Layer } from "@convlens/layers";
import { evaluate, transpose, type Tensor } from "@convlens/tensor";
import { recordModel, variableBehind } from "../recordModel.ts";

/** The filters of one convolution as images. */
export interface LearnedFilters {
  /** Path of the variable: `layers.0.filters`. */
  readonly path: string;
  /** Size of each filter; channels are those of its group. */
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** Number of filters. */
  readonly count: number;
  /** Filter by filter: `[count, height, width, channels]`. */
  readonly values: Float64Array;
  /**
   * Mean squared difference of neighbouring weights, relative to the mean squared weight: about 2 for independent weights, near 0
   * for smooth filters. Learned filters are smoother than random ones. 0 for filters of zeros, NaN for filters of one weight.
   */
  readonly roughness: number;
}

function roughnessOf({ height, width, channels, values }: Omit<LearnedFilters, "path" | "roughness">): number {
  let [differences, pairs, squares] = [0, 0, 0];
  const compare = (a: number, b: number): void => {
    differences += (a - b) ** 2;
    pairs++;
  };
  values.forEach((value, i) => {
    const pixel = Math.floor(i / channels);
    if ((pixel + 1) % width > 0) compare(value, values[i + channels]!);
    if ((Math.floor(pixel / width) + 1) % height > 0) compare(value, values[i + width * channels]!);
    squares += value ** 2;
  });
  return pairs > 0 && differences === 0 ? 0 : differences / pairs / (squares / values.length);
}

/**
 * Returns the filters of every convolution of a model as images. They are found in what the model records, so custom layers are
 * included; filters of signals have one row.
 *
 * @param inputShape - Shape of one example.
 *
 * @example
 * ```ts
 * const net = build(lenet5(), [28, 28, 1]);
 * for (const { path, count, height, width, roughness } of await learnedFilters(net, [28, 28, 1]))
 *   console.log(path, count, height, width, roughness); // layers.0.filters 6 5 5, …
 * ```
 */
export async function learnedFilters(model: Layer<Tensor, unknown>, inputShape: Shape): Promise<LearnedFilters[]> {
  const recorded = recordModel(model, inputShape);
  const found = new Map<string, Tensor>();
  for (const t of recorded.tensors) {
    const { weighs, slides } = traitsOf(t.operation);
    // `[height, width, channels, filters]`
    const filters = weighs && slides ? t.inputs[1] : undefined;
    const variable = filters && variableBehind(filters, recorded);
    const path = variable && recorded.variables.get(variable)?.path;
    if (filters !== undefined && path !== undefined && !found.has(path)) found.set(path, filters);
  }
  const values = await evaluate(...Array.from(found.values(), (filters) => transpose(filters, [3, 0, 1, 2])));
  return [...found].map(([path, { shape }], i) => {
    const [height, width, channels, count] = shape as readonly [number, number, number, number];
    const images = { height, width, channels, count, values: Float64Array.from(values[i]!) };
    return { path, ...images, roughness: roughnessOf(images) };
  });
}
