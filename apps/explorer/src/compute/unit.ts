import { inputsSeen, recordModel, trace, traceGradient, type Trace } from "@convlens/analysis";
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
    uses: next === undefined ? [] : await usesOf(await net.exact(), x, next.name, at, found.output),
  };
}

/** The units of a layer that read a number. */
async function usesOf(
  model: Layer,
  x: Tensor,
  layer: string,
  at: readonly number[],
  value: number,
): Promise<readonly Use[]> {
  const own = recordModel(model, x).layers.find(({ name }) => name === layer)!;
  const [from, to] = [own.input.shape.slice(1), own.output.shape.slice(1)];
  const hasWeights =
    own.output.size !== own.input.size || own.operations.some((t) => /conv|matmul|Pool/.test(t.operation!));
  if (!hasWeights) {
    // An elementwise layer, or flatten.
    const index = at.reduce((sum, i, axis) => sum * from[axis]! + i, 0);
    const unit = to.map((size, axis) => Math.floor(index / to.slice(axis + 1).reduce((a, b) => a * b, 1)) % size);
    const derivative = own.operations.some((t) => t.operation === "relu") && value < 0 ? 0 : 1;
    return [{ unit, derivative, part: derivative === 0 ? 0 : value }];
  }
  const { sums } = await traceGradient(model, x, layer, at);
  return sums.flat().map(({ output, derivative }) => ({ unit: output, derivative, part: value * derivative }));
}
