import { inputsSeen, trace, traceGradient, type RecordedLayer, type Trace } from "@convlens/analysis";
import { offsetOf, placeOf, stepsOf, traitsOf } from "@convlens/backend";
import type { Layer } from "@convlens/layers";
import { tensor, type Tensor } from "@convlens/tensor";
import type { Net } from "./net.ts";
import { simpleLayers } from "./takeApart.ts";

/** A unit of a layer for an image. */
export interface UnitRequest {
  readonly net: number | undefined;
  /** Row-major, from 0 to 1. */
  readonly pixels: Float32Array;
  /** The layer's path. */
  readonly layer: string;
  /** Its place in the output of the layer. */
  readonly unit: readonly number[];
}

/** A unit of the next layer that reads a number. */
export interface Use {
  readonly unit: readonly number[];
  /** Factor of the number. */
  readonly derivative: number;
  /** Contribution of the number: number · derivative. */
  readonly part: number;
}

/** How a number is computed, and which units read it. */
export interface UnitAnswer {
  readonly trace: Trace;
  /** Name of the layer before; `undefined` for the image. */
  readonly from: string | undefined;
  /** Its receptive field: first and last row, first and last column. */
  readonly box: readonly (readonly [first: number, last: number])[];
  /** Pixels of the receptive field within the image. */
  readonly seen: number;
  /** Name of the next layer; `undefined` after the last. */
  readonly to: string | undefined;
  readonly uses: readonly Use[];
}

/** Everything about one number, computed in float64, so that sums agree to the last bit. */
export async function unit(net: Net, { pixels, layer, unit: at }: UnitRequest): Promise<UnitAnswer> {
  const x = tensor(pixels, [1, ...net.inputShape]);
  const layers = simpleLayers(net, net.inputShape);
  const place = layers.findIndex(({ name }) => name === layer);
  const found = await trace(await net.exact(), x, layer, at);
  const { box, count } = inputsSeen(net.model, net.inputShape, layer, at);
  const next = layers[place + 1];
  return {
    trace: found,
    from: layers[place - 1]?.name,
    box: box?.slice(0, 2) ?? [],
    seen: count,
    to: next?.name,
    uses: next === undefined ? [] : await usesOf(await net.exact(), x, next, at, found.output),
  };
}

/** The units of a layer that read a number. */
async function usesOf(
  model: Layer,
  x: Tensor,
  { name, input, output, operations }: RecordedLayer,
  at: readonly number[],
  value: number,
): Promise<readonly Use[]> {
  const isElementwise = operations.every(({ operation }) => !traitsOf(operation).weighs && !traitsOf(operation).slides);
  if (isElementwise && output.size === input.size) {
    // Flatten is one of these layers, too.
    const unit = placeOf(offsetOf(at, stepsOf(input.shape.slice(1))), output.shape.slice(1));
    const derivative = operations.some(({ operation }) => operation === "relu") && value < 0 ? 0 : 1;
    return [{ unit, derivative, part: derivative === 0 ? 0 : value }];
  }
  const { sums } = await traceGradient(model, x, name, at);
  return sums.flat().map(({ output, derivative }) => ({ unit: output, derivative, part: value * derivative }));
}
