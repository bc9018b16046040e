import { offsetOf, sizeOf, stepsOf, type Shape } from "@convlens/backend";
import type { Layer } from "@convlens/layers";
import { gradients, tensor, type Tensor } from "@convlens/tensor";
import { layerNamed, recordModel } from "../recordModel.ts";
import { checkUnit } from "./inputsSeen.ts";

/** The effective receptive field of a unit. */
export interface EffectiveReceptiveField {
  /** Spatial shape of the input: `[height, width]`, or `[length]`. */
  readonly shape: Shape;
  /** Magnitude of the gradient at each position, relative to the largest: 0 to 1, row-major. */
  readonly values: Float64Array;
  /** Number of pixels with more than 4.55 % of the largest (two standard deviations of a Gaussian). */
  readonly area: number;
  /** Center along each axis; that of the input if all gradients are 0. */
  readonly center: readonly number[];
  /** Standard deviation along each axis, in pixels; 0 if all gradients are 0. */
  readonly deviation: readonly number[];
}

/** Fraction of a normal distribution beyond two standard deviations. */
const OUTSIDE = 0.0455;

/**
 * Returns the effective receptive field of a unit: the magnitude of its gradient with respect to each pixel, over a batch. It is
 * smaller than the receptive field and fades towards its border, which fewer paths reach (Luo et al. 2016).
 *
 * @param x - A batch `[n, …, channels]` of examples or random numbers.
 * @param layer - Path of the layer.
 * @param unit - `[row, column, channel]`; without a channel the sum over all. Default: the unit in the middle.
 *
 * @example
 * ```ts
 * const conv = () => new Conv2d({ filters: 4, kernelSize: 3, padding: "same" });
 * const net = sequential([conv(), conv(), conv(), conv()]);
 * const { area } = await effectiveReceptiveField(net, normal([8, 21, 21, 1]), "layers.3");
 * area; // the pixels that count, of the 81 that each unit sees
 * ```
 */
export async function effectiveReceptiveField(
  model: Layer,
  x: Tensor,
  layer: string,
  unit?: readonly number[],
): Promise<EffectiveReceptiveField> {
  const recorded = recordModel(model, x);
  const { output } = layerNamed(recorded, layer);
  const [, ...own] = output.shape;
  const wanted = unit ?? own.slice(0, -1).map((size) => Math.floor(size / 2));
  checkUnit(layer, own, wanted, 0);
  const first = offsetOf(wanted, stepsOf(own));
  const count = sizeOf(own.slice(wanted.length));
  const seed = new Float64Array(output.size);
  for (let start = first; start < seed.length; start += sizeOf(own)) seed.fill(1, start, start + count);
  const [dx] = gradients(output, [x], { seed: tensor(seed, output.shape), unused: "zeros" });
  return fieldOf(await dx.data(), x.shape);
}

function fieldOf(gradient: ArrayLike<number>, [, ...shape]: Shape): EffectiveReceptiveField {
  const places = shape.slice(0, -1);
  const channels = shape.at(-1) ?? 1;
  const size = sizeOf(places);
  const sums = new Float64Array(size);
  for (let i = 0; i < gradient.length; i++) sums[Math.floor(i / channels) % size]! += Math.abs(gradient[i]!);
  const largest = sums.reduce((a, b) => Math.max(a, b), 0);
  const values = largest > 0 ? sums.map((value) => value / largest) : sums;
  const total = values.reduce((a, b) => a + b, 0);
  const steps = stepsOf(places);
  const axes = places.map((length, axis) => {
    if (total === 0) return { center: (length - 1) / 2, deviation: 0 };
    /** Returns the mean of a function of the position along the axis, weighted by the gradient. */
    const mean = (f: (at: number) => number): number =>
      values.reduce((sum, weight, i) => sum + weight * f(Math.floor(i / steps[axis]!) % length), 0) / total;
    const center = mean((at) => at);
    return { center, deviation: Math.sqrt(mean((at) => (at - center) ** 2)) };
  });
  return {
    shape: places,
    values,
    area: values.filter((value) => value > OUTSIDE).length,
    center: axes.map(({ center }) => center),
    deviation: axes.map(({ deviation }) => deviation),
  };
}
