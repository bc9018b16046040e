import { traitsOf, ValueError, type Values } from "@convlens/backend";
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
import { headOf, layersNamed, recordModel, type LayerOutput } from "../recordModel.ts";

/** Statistics of the channels of one layer over many examples. Units of a fully connected layer count as channels. */
export interface UnitActivity extends LayerOutput {
  /** Number of examples. */
  readonly examples: number;
  /** Mean of each channel, over all positions and examples. */
  readonly mean: Float64Array;
  /** Minimum of each channel. */
  readonly smallest: Float64Array;
  /** Maximum of each channel. */
  readonly largest: Float64Array;
  /** Fraction of each channel's values above 0. */
  readonly active: Float64Array;
  /** Fraction of each channel's values within 1 % of the ends of sigmoid or tanh; 0 for other layers. */
  readonly saturated: Float64Array;
  /** Channels that are 0 everywhere: no gradient flows through them. */
  readonly dead: readonly number[];
}

/** Fraction of the range at each end in which a unit counts as saturated. */
const NEAR = 0.01;

/** Records 1 where a value is saturated, else 0. */
export function saturation(y: Tensor): Tensor {
  const [low, high] = traitsOf(y.operation).bounds ?? [0, Infinity];
  if (high === Infinity) return broadcastTo(0, y.shape);
  const fromMiddle = subtract(multiply(y, 2 / (high - low)), (high + low) / (high - low));
  return greater(absolute(fromMiddle), 1 - 2 * NEAR);
}

/** Mean, fraction above 0, fraction saturated, minimum and maximum of each channel. */
type Measures<T> = readonly [mean: T, active: T, saturated: T, smallest: T, largest: T];
const KINDS = 5;

/**
 * Measures the channels of each layer over a data set: how often they are active, which are dead and which are saturated. It is
 * counted on the backend; only a few numbers per channel are read.
 *
 * @param batches - Batches `[n, …]`, of equal or different sizes.
 * @param names - Paths of layers. Default: all.
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
  let heads: readonly LayerOutput[] = [];
  const look = compile((x: Tensor): readonly Tensor[] => {
    const recorded = recordModel(model, x);
    const layers = layersNamed(recorded, names);
    heads = layers.map(headOf);
    return layers.flatMap(({ output: y }): Measures<Tensor> => {
      const axes = y.shape.map((_, axis) => axis).slice(0, -1);
      return [mean(y, axes), mean(greater(y, 0), axes), mean(saturation(y), axes), min(y, axes), max(y, axes)];
    });
  });
  const sums: Float64Array[] = [];
  let examples = 0;
  for await (const x of batches) {
    const [n = 1] = x.shape;
    if (n === 0) continue;
    const found = await look(x);
    examples += n;
    for (const [i, { knownValues: values }] of found.entries()) {
      const kind = i % KINDS;
      sums[i] ??= new Float64Array(values.length).fill(kind < 3 ? 0 : kind === 3 ? Infinity : -Infinity);
      combine(sums[i], values, kind, n);
    }
  }
  look.dispose();
  if (examples === 0)
    throw new ValueError({ operation: "unitActivity", expected: "at least one batch", got: 0, gotWords: "none" });
  return heads.map((head, layer) => {
    const own = sums
      .slice(KINDS * layer, KINDS * (layer + 1))
      .map((values, kind) => (kind < 3 ? values.map((sum) => sum / examples) : values));
    const [means, active, saturated, smallest, largest] = own as unknown as Measures<Float64Array>;
    const dead = [...largest.keys()].filter((channel) => largest[channel] === 0 && smallest[channel] === 0);
    return { ...head, examples, mean: means, smallest, largest, active, saturated, dead };
  });
}

/** Adds the results of a batch of n: weighted means, minima or maxima. */
function combine(sums: Float64Array, values: Values, kind: number, n: number): void {
  const join = kind < 3 ? (sum: number, x: number) => sum + n * x : kind === 3 ? Math.min : Math.max;
  sums.set(sums.map((sum, i) => join(sum, values[i]!)));
}
