import {
  anyOption,
  booleanOption,
  numberAbove,
  numberFrom,
  seedOption,
  wholeFrom,
  type Backend,
  type OptionCheck,
  type OptionChecks,
} from "@convlens/backend";
import type { GradientsOptions, Tensor } from "@convlens/tensor";
import type { ClipOptions } from "./clip.ts";
import { groupsOption, type ParameterGroup } from "./groups.ts";
import { lossOption, type Loss } from "./loss.ts";
import { metricsOption } from "./metric.ts";
import { optimizerOption, type Optimizer } from "./optimizer.ts";
import type { ScheduleContext } from "./schedules.ts";

/** Options of {@link Trainer}, and of {@link fit}. */
export interface TrainerOptions<Output = Tensor, Target = Tensor, M = undefined> {
  /** Compares outputs with targets. */
  readonly loss: Loss<Output, Target>;
  /** Updates the parameters, with its learning rate. It keeps nothing of other runs. Default: `adam()`, with a rate of 1e-3. */
  readonly optimizer?: Optimizer | undefined;
  /** Metrics by name. Default: those of the loss, else the accuracy of a classifier. */
  readonly metrics?: M | undefined;
  /** Parameters that have learning rates or weight decay of their own, or are frozen. */
  readonly groups?: readonly ParameterGroup[] | undefined;
  /** Limits on the gradients. */
  readonly clip?: ClipOptions | undefined;
  /** Number of batches whose gradients are added up for one update; a rest at the end of training has no effect. Default: 1. */
  readonly accumulate?: number | undefined;
  /**
   * Share that a moving average of the parameters keeps at each update, such as 0.999. Evaluation then uses the averages.
   * Default: no averages.
   */
  readonly ema?: number | undefined;
  /** Seed of the random numbers of dropout. Default: 0. */
  readonly seed?: number | undefined;
  /** Whether to measure the gradients and how far the parameters move. Default: true. */
  readonly diagnostics?: boolean | undefined;
  /** Gradient of a parameter that the loss does not depend on. Default: an error. */
  readonly unused?: GradientsOptions["unused"];
  /** Backend to run on. Default: that of the model's variables, else the one chosen with `useBackend`. */
  readonly backend?: Backend | undefined;
}

const objectOption =
  (what: string): OptionCheck =>
  (value) =>
    typeof value === "object" && value !== null ? undefined : what;

/** Checks of the options that {@link Trainer} and {@link fit} share. */
export const trainerChecks: OptionChecks<TrainerOptions> = {
  loss: lossOption,
  optimizer: optimizerOption,
  metrics: metricsOption,
  groups: groupsOption,
  clip: /* @__PURE__ */ objectOption("an object { value, norm }"),
  accumulate: /* @__PURE__ */ wholeFrom(1),
  ema: (x) => numberAbove(0)(x) ?? (numberFrom(0, 1)(x) && "a number above 0 and at most 1"),
  seed: seedOption,
  diagnostics: booleanOption,
  unused: (x) => (x === "error" || x === "zeros" ? undefined : '"error" or "zeros"'),
  backend: anyOption,
};

/** Options of {@link Trainer.step}. */
export interface StepCall {
  /** Learning rate of this step, in place of the optimizer's. */
  readonly learningRate?: number | undefined;
  /** State of training at which schedules are evaluated. Default: the number of steps so far. */
  readonly at?: ScheduleContext | undefined;
}

/** Options of {@link Trainer.evaluate}. */
export interface EvaluateCall {
  /** Examples in a batch. Default: 200, or fewer where examples are large. */
  readonly batchSize?: number | undefined;
  /** Aborts between two batches. */
  readonly signal?: AbortSignal | undefined;
  /** Batches made ahead. Default: 0. */
  readonly prefetch?: number | undefined;
}
