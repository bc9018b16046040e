import { inputsSeen, recordModel, trace, traceGradient, type Trace } from "@convlens/analysis";
import type { Layer } from "@convlens/layers";
import { tensor, type Tensor } from "@convlens/tensor";
import type { Net } from "./net.ts";
import { simpleLayers } from "./takeApart.ts";

/** One number of a layer, for an image. */
export interface UnitRequest {
  readonly net: number | undefined;
  /** Row-major, from 0 to 1. */
  readonly pixels: Float32Array;
  /** The layer's path. */
  readonly layer: string;
  /** Its place in what the layer makes. */
  readonly unit: readonly number[];
}

/** Where a number goes: a unit of the next layer. */
export interface Use {
  readonly unit: readonly number[];
  /** What it is multiplied by there. */
  readonly derivative: number;
  /** What of it arrives: number · derivative. */
  readonly part: number;
}

/** How a number comes about, and what becomes of it. */
export interface UnitAnswer {
  readonly trace: Trace;
  /** The layer that is read, by name; `undefined` for the image. */
  readonly from: string | undefined;
  /** The pixels that it can depend on: first and last row, first and last column. */
  readonly box: readonly (readonly [first: number, last: number])[];
  /** How many pixels those are, what lies beyond the border left out. */
  readonly seen: number;
  /** The layer that reads it; `undefined` after the last. */
  readonly to: string | undefined;
  readonly uses: readonly Use[];
}

/** Everything about one number. It is computed in float64, so that sums are the numbers that they should be, to the last bit. */
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

/** The units of a layer in which a number has a part. */
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
    // Number by number, or flattened.
    const index = at.reduce((sum, i, axis) => sum * from[axis]! + i, 0);
    const unit = to.map((size, axis) => Math.floor(index / to.slice(axis + 1).reduce((a, b) => a * b, 1)) % size);
    const derivative = own.operations.some((t) => t.operation === "relu") && value < 0 ? 0 : 1;
    return [{ unit, derivative, part: derivative === 0 ? 0 : value }];
  }
  const { sums } = await traceGradient(model, x, layer, at);
  return sums.flat().map(({ output, derivative }) => ({ unit: output, derivative, part: value * derivative }));
}
