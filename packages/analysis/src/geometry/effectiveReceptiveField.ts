import { offsetOf, sizeOf, stepsOf, type Shape } from "@convlens/backend";
import type { Layer } from "@convlens/layers";
import { gradients, tensor, type Tensor } from "@convlens/tensor";
import { layerNamed, recordModel } from "../recordModel.ts";
import { noUnit } from "./inputsSeen.ts";

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
  const [n, ...own] = output.shape as [number, ...number[]];
  const wanted = unit ?? own.slice(0, -1).map((size) => Math.floor(size / 2));
  if (wanted.length > own.length || wanted.some((at, axis) => !(Number.isInteger(at) && at >= 0 && at < own[axis]!)))
    throw noUnit(layer, own, wanted);
  const seed = new Float64Array(output.size);
  const steps = stepsOf(own);
  const first = offsetOf(wanted, steps);
  const count = sizeOf(own.slice(wanted.length));
  for (let example = 0; example < n; example++)
    seed.fill(1, example * sizeOf(own) + first, example * sizeOf(own) + first + count);
  const [dx] = gradients(output, [x], { seed: tensor(seed, output.shape), unused: "zeros" });
  return fieldOf(await dx.data(), x.shape);
}

function fieldOf(gradient: ArrayLike<number>, [, ...shape]: Shape): EffectiveReceptiveField {
  const places = shape.slice(0, -1);
  const channels = shape.at(-1) ?? 1;
  const size = sizeOf(places);
  const values = new Float64Array(size);
  for (let i = 0; i < gradient.length; i++) values[Math.floor(i / channels) % size]! += Math.abs(gradient[i]!);
  const largest = values.reduce((a, b) => Math.max(a, b), 0);
  if (largest > 0) for (let i = 0; i < size; i++) values[i]! /= largest;
  const total = values.reduce((a, b) => a + b, 0);
  if (total === 0)
    return {
      shape: places,
      values,
      area: 0,
      center: places.map((length) => (length - 1) / 2),
      deviation: places.map(() => 0),
    };
  const steps = stepsOf(places);
  /** Returns the mean of a function of the position along an axis, weighted by the gradient. */
  const meanAlong = (axis: number, f: (at: number) => number): number =>
    values.reduce((sum, weight, i) => sum + weight * f(Math.floor(i / steps[axis]!) % places[axis]!), 0) / total;
  const center = places.map((_, axis) => meanAlong(axis, (at) => at));
  return {
    shape: places,
    values,
    area: values.reduce((sum, value) => sum + (value > OUTSIDE ? 1 : 0), 0),
    center,
    deviation: center.map((middle, axis) => Math.sqrt(meanAlong(axis, (at) => (at - middle) ** 2))),
  };
}
