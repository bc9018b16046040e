import { checkOptions, anyOption, functionOption, wholeFrom, UsageError, type Values } from "@convlens/backend";
import { apply, parameters, singleTensor, type Layer } from "@convlens/layers";
import { finiteOption, evaluate, type Tensor, type Variable } from "@convlens/tensor";
import { crossEntropy, type Loss } from "@convlens/training";
import { adviceOn, type Advice } from "./advice.ts";
import { probe } from "./probe.ts";
import type { HealthRecord, ParameterHealth, TrainingHealth, TrainingStep } from "./records.ts";

/** Options of {@link watchTraining}. */
export interface WatchTrainingOptions {
  /** The watched examples: `[n, …]`. */
  readonly inputs: Tensor;
  /** Their targets for the loss. */
  readonly targets: Tensor;
  /** The loss. Default: `crossEntropy`. */
  readonly loss?: Loss;
  /** Loss of random guessing. Default: ln(classes) for `crossEntropy`, unknown for another loss. */
  readonly chance?: number;
  /** Number of steps between records. Default: 50. */
  readonly every?: number;
}

/** Watches the training of a model. */
export interface TrainingWatch extends TrainingHealth {
  /** Records a step; call it after each step, before the next. */
  observe(step: TrainingStep): Promise<void>;
  /** Returns advice on what to change. */
  advice(): Advice[];
}

/**
 * Watches the training of a model: at some steps it records the update and the gradient of each parameter and the dead and
 * saturated units, and it gives advice on what to change.
 *
 * @param model - A model that is built.
 * @throws `UsageError` for a model that has no parameters yet.
 *
 * @example
 * ```ts
 * const { inputs, targets } = batchOf(train, [0, 1, 2, 3, 4, 5, 6, 7]);
 * const watch = await watchTraining(model, { inputs, targets, every: 10 });
 * for await (const record of fit(model, train, { epochs: 2 })) if (record.kind === "step") await watch.observe(record);
 * for (const { about, figure, text } of watch.advice()) console.log(about, figure, text);
 * ```
 */
export async function watchTraining(model: Layer, options: WatchTrainingOptions): Promise<TrainingWatch> {
  checkOptions("watchTraining", options, {
    inputs: anyOption,
    targets: anyOption,
    loss: functionOption,
    chance: finiteOption,
    every: wholeFrom(1),
  });
  const { inputs, targets, loss = crossEntropy, chance, every = 50 } = options;
  const all = [...parameters(model)];
  if (all.length === 0)
    throw new UsageError({
      operation: "watchTraining",
      problem: "this model has no parameters yet",
      fix: "make them with build(model, inputShape)",
    });
  const outputs = singleTensor("output", apply(model, inputs), "watchTraining");
  const steps: TrainingStep[] = [];
  const records: HealthRecord[] = [];
  const health = {
    chance: chance ?? (loss === crossEntropy ? Math.log(outputs.shape.at(-1)!) : undefined),
    steps,
    records,
  };
  const look = probe(model, inputs, (y) => loss(y, targets));
  let before: Weights = { step: 0, values: await valuesOf(all) };

  const parameterHealth = (step: number, values: Weights["values"], sizes: ArrayLike<number>): ParameterHealth[] =>
    values.map((now, i) => {
      const [[path], old] = [all[i]!, before.values[i]!];
      const moved = Float64Array.from(now, (value, k) => value - old[k]!);
      return {
        path,
        size: rootMeanSquare(now),
        gradient: sizes[i]!,
        updateRatio: before.step === step - 1 ? ratioOf(rootMeanSquare(moved), rootMeanSquare(old)) : NaN,
      };
    });

  return {
    ...health,
    async observe({ step, loss: reached, accuracy, gradientNorm, learningRate }) {
      const known = Object.entries({ accuracy, gradientNorm, learningRate }).filter(([, value]) => value !== undefined);
      steps.push({ step, loss: reached, ...Object.fromEntries(known) });
      // The first step after each multiple is recorded with its update, so the parameters are also read before it.
      const isLook = every === 1 || step % every === 1;
      if (!isLook && step % every !== 0) return;
      const values = await valuesOf(all);
      if (isLook) {
        const { sizes, layers } = await look();
        records.push({ step, layers, parameters: parameterHealth(step, values, sizes) });
      }
      before = { step, values };
    },
    advice: () => adviceOn(health),
  };
}

/** The numbers of all parameters after a step. */
interface Weights {
  readonly step: number;
  readonly values: readonly Values[];
}

const valuesOf = (all: readonly (readonly [string, Variable])[]): Promise<readonly Values[]> =>
  evaluate(...all.map(([, variable]) => variable));

/** Infinity for what was 0 and has moved, 0 for what has not. */
const ratioOf = (moved: number, size: number): number => (moved === 0 ? 0 : moved / size);

function rootMeanSquare(values: Values): number {
  let total = 0;
  for (const value of values) total += value ** 2;
  return Math.sqrt(total / Math.max(1, values.length));
}
