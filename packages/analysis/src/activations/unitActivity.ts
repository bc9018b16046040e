import { traitsOf, ValueError, type Shape, type Values } from "@convlens/backend";
import type { Layer } from "@convlens/layers";
import {
  absolute,
  broadcastTo,
  compile,
  greater,
  max,
  mean,
  min,
  multiply,
  subtract,
  type Tensor,
} from "@convlens/tensor";
import { layerNamed, recordModel } from "../recordModel.ts";

/** What the channels of one layer did over many examples. For a fully connected layer each unit is a channel. */
export interface UnitActivity {
  /** The call of the layer: its path, or `path#2` for the second call. */
  readonly name: string;
  /** The layer's class. */
  readonly type: string;
  /** Of one example. */
  readonly outputShape: Shape;
  /** How many examples were looked at. */
  readonly examples: number;
  /** Of each channel, over all places and examples. */
  readonly mean: Float64Array;
  /** Of each channel. */
  readonly smallest: Float64Array;
  /** Of each channel. */
  readonly largest: Float64Array;
  /** The share of each channel's numbers that is above 0. */
  readonly active: Float64Array;
  /**
   * The share of each channel's numbers that lies within 1 % of the ends of sigmoid or tanh, where the slope is almost 0; for
   * other layers all 0.
   */
  readonly saturated: Float64Array;
  /** Channels that put out nothing but 0: no gradient flows through them. */
  readonly dead: readonly number[];
}

/** The share of a range, at each of its ends, in which a unit counts as saturated. */
const NEAR = 0.01;

/** Where a layer's numbers are saturated: 1, or 0. */
export function saturation(y: Tensor): Tensor {
  const [low, high] = traitsOf(y.operation).bounds ?? [0, Infinity];
  if (high === Infinity) return broadcastTo(0, y.shape);
  const fromMiddle = subtract(multiply(y, 2 / (high - low)), (high + low) / (high - low));
  return greater(absolute(fromMiddle), 1 - 2 * NEAR);
}

const KINDS = 5;

/**
 * What the channels of each layer do over a data set: how often they are active, which are dead and which saturated. Counted
 * where the model runs; only a few numbers for each channel are read.
 *
 * @param batches - Batches `[n, …]`, of one size or of several.
 * @param names - Layers by path. Default: all.
 *
 * @example
 * ```ts
 * for (const { name, dead } of await unitActivity(lenet5(), [normal([32, 28, 28, 1])]))
 *   if (dead.length > 0) console.log(`${name}: ${dead.length} dead`);
 * ```
 */
export async function unitActivity(
  model: Layer,
  batches: Iterable<Tensor> | AsyncIterable<Tensor>,
  names?: readonly string[],
): Promise<UnitActivity[]> {
  let heads: readonly Pick<UnitActivity, "name" | "type" | "outputShape">[] = [];
  const look = compile((x: Tensor): readonly Tensor[] => {
    const recorded = recordModel(model, x);
    const layers = names === undefined ? recorded.layers : names.map((name) => layerNamed(recorded, name));
    heads = layers.map(({ name, type, output }) => ({ name, type, outputShape: output.shape.slice(1) }));
    return layers.flatMap(({ output: y }) => {
      const axes = y.shape.map((_, axis) => axis).slice(0, -1);
      return [mean(y, axes), mean(greater(y, 0), axes), mean(saturation(y), axes), min(y, axes), max(y, axes)];
    });
  });
  const sums: Float64Array[] = [];
  let examples = 0;
  for await (const x of batches) {
    const [n] = x.shape as [number];
    if (n === 0) continue;
    const found = await look(x);
    examples += n;
    for (const [i, { values }] of found.entries()) {
      const kind = i % KINDS;
      sums[i] ??= new Float64Array(values.length).fill(kind < 3 ? 0 : kind === 3 ? Infinity : -Infinity);
      combine(sums[i], values, kind, n);
    }
  }
  look.dispose();
  if (examples === 0)
    throw new ValueError("unitActivity: expected at least one batch, got none", {
      operation: "unitActivity",
      expected: "at least 1",
      got: 0,
    });
  return heads.map((head, layer) => {
    const [means, active, saturated, smallest, largest] = sums.slice(KINDS * layer, KINDS * (layer + 1)) as [
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    for (const shares of [means, active, saturated]) for (let i = 0; i < shares.length; i++) shares[i]! /= examples;
    const dead = [...largest.keys()].filter((channel) => largest[channel] === 0 && smallest[channel] === 0);
    return { ...head, examples, mean: means, smallest, largest, active, saturated, dead };
  });
}

/** Adds what was found in a batch of n: means as heavy as they are, the least, or the greatest. */
function combine(sums: Float64Array, values: Values, kind: number, n: number): void {
  for (let i = 0; i < sums.length; i++) {
    const x = values[i]!;
    sums[i] = kind < 3 ? sums[i]! + n * x : kind === 3 ? Math.min(sums[i]!, x) : Math.max(sums[i]!, x);
  }
}
