import { checkOptions, checkValue, numberAbove, numberFrom, wholeFrom, type OptionCheck } from "@convlens/backend";
import { cos, power } from "@convlens/backend/math";
import type { EpochRecord } from "./records.ts";

/** State of training at which a {@link Schedule} is evaluated. */
export interface ScheduleContext {
  /** Number of steps done. */
  readonly step: number;
  /** Number of steps of all epochs; NaN where it is not known. */
  readonly steps: number;
  /** Number of epochs done. */
  readonly epoch: number;
  /** Records of these epochs. */
  readonly history: readonly Pick<EpochRecord<unknown>, "loss" | "validation" | "metrics">[];
}

/** Learning rate of a step, as a function of the state of training, so that it is the same after training was resumed. */
export type Schedule = (at: ScheduleContext) => number;

const least0 = /* @__PURE__ */ numberFrom(0);
const above0 = /* @__PURE__ */ numberAbove(0);
const positive = /* @__PURE__ */ wholeFrom(1);

/** Accepts learning rates and schedules of them. */
export const learningRateOption: OptionCheck = (value) =>
  typeof value === "function" || least0(value) === undefined ? undefined : `${least0(value)}, or a schedule`;

const checkRate = (owner: string, learningRate: number): void =>
  checkValue(owner, "the learning rate", learningRate, least0);

/** Options of {@link stepDecay}. */
export interface StepDecayOptions {
  /** Number of epochs after which the learning rate is multiplied, at least 1. */
  readonly epochs: number;
  /** Factor of the learning rate, above 0. Default: 0.1. */
  readonly factor?: number;
}

/**
 * Learning rate that is multiplied by `factor` after every `epochs` epochs.
 *
 * @throws `ValueError` for a learning rate or an option that is unknown or out of range, like all schedules.
 */
export function stepDecay(learningRate: number, options: StepDecayOptions): Schedule {
  checkRate("stepDecay", learningRate);
  checkOptions("stepDecay", options, { epochs: positive, factor: above0 });
  checkValue("stepDecay", "epochs", options.epochs, positive);
  const { epochs, factor = 0.1 } = options;
  return ({ epoch }) => learningRate * power(factor, Math.floor(epoch / epochs));
}

/** Learning rate that is multiplied by `factor` after every epoch. */
export function exponentialDecay(learningRate: number, options: { readonly factor: number }): Schedule {
  checkRate("exponentialDecay", learningRate);
  checkOptions("exponentialDecay", options, { factor: above0 });
  checkValue("exponentialDecay", "factor", options.factor, above0);
  const { factor } = options;
  return ({ epoch }) => learningRate * power(factor, epoch);
}

/** Half a cosine wave from `learningRate` down to `end` over all steps (Loshchilov 2017). */
export function cosineDecay(learningRate: number, options: { readonly end?: number } = {}): Schedule {
  checkRate("cosineDecay", learningRate);
  checkOptions("cosineDecay", options, { end: least0 });
  const { end = 0 } = options;
  return ({ step, steps }) =>
    end + ((learningRate - end) * (1 + cos((Math.PI * Math.min(step, steps)) / Math.max(1, steps)))) / 2;
}

/** Linear growth over the first `steps` steps, from almost 0 to the learning rate of `after`. */
export function warmUp(steps: number, after: Schedule | number): Schedule {
  checkValue("warmUp", "the number of steps", steps, positive);
  checkValue("warmUp", "after", after, learningRateOption);
  return (at) => learningRateAt(after, at) * Math.min(1, (at.step + 1) / steps);
}

/** Options of {@link oneCycle}. */
export interface OneCycleOptions {
  /** Share of training in which the learning rate rises, from 0 to 1. Default: 0.3. */
  readonly warm?: number;
  /** First learning rate. Default: a 25th of the highest. */
  readonly start?: number;
  /** Last learning rate. Default: a 10,000th of the highest. */
  readonly end?: number;
}

/**
 * One-cycle policy (Smith 2018): half a cosine wave up to `learningRate` over the first part of training, then half a cosine
 * wave down to almost 0.
 */
export function oneCycle(learningRate: number, options: OneCycleOptions = {}): Schedule {
  checkRate("oneCycle", learningRate);
  checkOptions("oneCycle", options, { warm: numberFrom(0, 1), start: least0, end: least0 });
  const { warm = 0.3, start = learningRate / 25, end = learningRate / 1e4 } = options;
  const between = (from: number, to: number, share: number): number =>
    to + ((from - to) * (1 + cos(Math.PI * share))) / 2;
  return ({ step, steps }) => {
    const done = Math.min(1, step / Math.max(1, steps - 1));
    return done < warm
      ? between(start, learningRate, done / warm)
      : between(learningRate, end, warm < 1 ? (done - warm) / (1 - warm) : 1);
  };
}

/** Options of {@link onPlateau}. */
export interface PlateauOptions {
  /** Number of epochs in a row without a better loss after which the learning rate is multiplied. Default: 2. */
  readonly patience?: number;
  /** Factor of the learning rate, between 0 and 1. Default: 0.1. */
  readonly factor?: number;
  /** How much lower than the best loss so far a loss must be to count as better. NaN is never better. Default: 1e-4. */
  readonly minimumDelta?: number;
}

/**
 * Learning rate that is multiplied by `factor` whenever the loss (on the validation data, if there is some) has not been better for
 * `patience` epochs, by the rules of Keras's `ReduceLROnPlateau`.
 */
export function onPlateau(learningRate: number, options: PlateauOptions = {}): Schedule {
  checkRate("onPlateau", learningRate);
  checkOptions("onPlateau", options, {
    patience: wholeFrom(0),
    factor: numberAbove(0, 1),
    minimumDelta: least0,
  });
  const { patience = 2, factor = 0.1, minimumDelta = 1e-4 } = options;
  return ({ history }) => {
    let best = Infinity;
    let waited = 0;
    let now = learningRate;
    for (const { loss, validation } of history) {
      const value = validation?.loss ?? loss;
      if (value < best - minimumDelta) {
        best = value;
        waited = 0;
      } else if (++waited >= patience) {
        now *= factor;
        waited = 0;
      }
    }
    return now;
  };
}

/** Learning rate of a step; a number is the same at each. */
export const learningRateAt = (schedule: Schedule | number, at: ScheduleContext): number =>
  typeof schedule === "number" ? schedule : schedule(at);
