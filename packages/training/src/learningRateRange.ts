import {
  checkOptions,
  checkValue,
  functionOption,
  numberAbove,
  seedOption,
  turn,
  ValueError,
  wholeFrom,
} from "@convlens/backend";
import { exp, log } from "@convlens/backend/math";
import { batches, type Augmentation, type Dataset } from "@convlens/datasets";
import { build, type Layer } from "@convlens/layers";
import type { Tensor } from "@convlens/tensor";
import { checkSubject } from "./fitOptions.ts";
import type { Metrics } from "./metric.ts";
import { Trainer } from "./trainer.ts";
import { trainerChecks, type TrainerOptions } from "./trainerOptions.ts";

/** Options of {@link learningRateRange}, beside those of a {@link Trainer}. */
export interface LearningRateRangeOptions<Output = Tensor, Target = Tensor> extends TrainerOptions<
  Output,
  Target,
  Metrics<Output, Target> | undefined
> {
  /** First learning rate. Default: 1e-6. */
  readonly from?: number | undefined;
  /** Last learning rate. Default: 1. */
  readonly to?: number | undefined;
  /** Number of steps. The data is repeated if necessary. Default: 100. */
  readonly steps?: number | undefined;
  /** Examples in a step. Default: 32. */
  readonly batchSize?: number | undefined;
  /** Augmentation of the examples. */
  readonly augment?: Augmentation | undefined;
}

/** Result of {@link learningRateRange}, for a plot of losses over learning rates. */
export interface LearningRateRange {
  /** Learning rate of each step. */
  readonly rates: readonly number[];
  /** Loss of each step. */
  readonly losses: readonly number[];
  /** Moving average of the losses. */
  readonly smoothed: readonly number[];
  /** Learning rate at which the smoothed loss falls most steeply; NaN if it never falls. */
  readonly suggested: number;
}

/** Share that the moving average keeps at each step. */
const KEEP = 0.9;

/**
 * Range test of learning rates (Smith 2015): trains with a learning rate that grows exponentially, until the loss is four times its
 * smallest value. A good rate lies where the loss falls most steeply. Weights and running statistics are restored.
 *
 * @param model - Built here if necessary.
 * @throws `ValueError` for an option that is unknown or wrong, or a range that does not grow.
 *
 * @example
 * ```ts
 * const { rates, smoothed, suggested } = await learningRateRange(model, data, { loss: crossEntropy, steps: 20 });
 * ```
 */
export async function learningRateRange<Input, Output, Target>(
  model: Layer<Input, Output>,
  data: Dataset<NoInfer<Input>, Target>,
  options: LearningRateRangeOptions<NoInfer<Output>, NoInfer<Target>>,
): Promise<LearningRateRange> {
  const operation = "learningRateRange";
  checkSubject(operation, model, data);
  const positive = numberAbove(0);
  checkOptions(operation, options, {
    ...(trainerChecks as object),
    ...{ from: positive, to: positive, steps: wholeFrom(2), batchSize: wholeFrom(1), augment: functionOption },
  } as never);
  const { from = 1e-6, to = 1, steps = 100, batchSize = 32, augment, ...others } = options;
  checkValue(operation, "to", to, (x) => ((x as number) > from ? undefined : `above from, ${from}`));
  const { seed = 0 } = others;
  checkValue(operation, "seed", seed, seedOption);
  void build(model as Layer<never, unknown>, data.shapes.input as never, { seed, onlyFresh: true });
  const trainer = new Trainer(model, others);
  const before = await trainer.state();
  const [rates, losses, smoothed]: [number[], number[], number[]] = [[], [], []];
  try {
    let [average, least] = [0, Infinity];
    for await (const batch of endless(data, { size: batchSize, seed, augment })) {
      const rate = from * exp((log(to / from) * rates.length) / (steps - 1));
      const { loss } = await trainer.step(batch, { learningRate: rate });
      if (!Number.isFinite(loss)) break;
      average = KEEP * average + (1 - KEEP) * loss;
      rates.push(rate);
      losses.push(loss);
      // Corrected for its start at 0.
      smoothed.push(average / (1 - KEEP ** rates.length));
      least = Math.min(least, smoothed.at(-1)!);
      if (rates.length === steps || smoothed.at(-1)! > 4 * least) break;
      await turn();
    }
  } finally {
    trainer.restore(before);
    trainer.dispose();
  }
  return { rates, losses, smoothed, suggested: steepest(rates, smoothed) };
}

/** Batches of epoch after epoch. */
async function* endless<Input, Target>(
  data: Dataset<Input, Target>,
  order: { readonly size: number; readonly seed: number; readonly augment: Augmentation | undefined },
) {
  for (let epoch = 0; ; epoch++) {
    let count = 0;
    for await (const batch of batches(data, { ...order, epoch, shuffle: data.kind === "sized" })) {
      count++;
      yield batch;
    }
    if (count === 0) throw new ValueError({ operation: "learningRateRange", problem: "the data has no examples" });
  }
}

/** The rate at which the values fall most from one step to the next but one. */
function steepest(rates: readonly number[], values: readonly number[]): number {
  let [best, at] = [0, NaN];
  for (let i = 1; i + 1 < values.length; i++) {
    const slope = values[i + 1]! - values[i - 1]!;
    if (slope < best) [best, at] = [slope, rates[i]!];
  }
  return at;
}
