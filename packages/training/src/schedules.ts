import {
  checkOptions,
  checkValue,
  functionOption,
  numberAbove,
  numberFrom,
  wholeFrom,
  type OptionCheck,
} from "@convlens/backend";
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

/** Options of {@link multiStepDecay}. */
export interface MultiStepOptions {
  /** Numbers of epochs after which the learning rate is multiplied, in ascending order. */
  readonly epochs: readonly number[];
  /** Factor of the learning rate, above 0. Default: 0.1. */
  readonly factor?: number;
}

/** Learning rate that is multiplied by `factor` after each of the given epochs. */
export function multiStepDecay(learningRate: number, options: MultiStepOptions): Schedule {
  checkRate("multiStepDecay", learningRate);
  const numbers: OptionCheck = (x) =>
    Array.isArray(x) && x.every((epoch, i) => positive(epoch) === undefined && (i === 0 || epoch > x[i - 1]))
      ? undefined
      : "whole numbers of at least 1 in ascending order";
  checkOptions("multiStepDecay", options, { epochs: numbers, factor: above0 });
  checkValue("multiStepDecay", "epochs", options.epochs, numbers);
  const { epochs, factor = 0.1 } = options;
  return ({ epoch }) => learningRate * power(factor, epochs.filter((end) => end <= epoch).length);
}

/** Options of {@link linear} and {@link polynomialDecay}. */
export interface SpanOptions {
  /** Number of steps in which the learning rate changes; afterwards it stays. Default: all steps. */
  readonly steps?: number;
}

/** Learning rate that changes in a straight line between two rates. */
export function linear(from: number, to: number, options: SpanOptions = {}): Schedule {
  checkRate("linear", from);
  checkRate("linear", to);
  checkOptions("linear", options, { steps: positive });
  return ({ step, steps }) => from + (to - from) * shareOf(step, options.steps ?? steps);
}

/** Share of a span that is over, from 0 to 1. */
const shareOf = (step: number, steps: number): number => Math.min(1, step / Math.max(1, steps));

/** Learning rate that falls to `end` as (1 − t)^power, where t is the share of training that is over. */
export function polynomialDecay(
  learningRate: number,
  options: SpanOptions & { readonly power?: number; readonly end?: number } = {},
): Schedule {
  checkRate("polynomialDecay", learningRate);
  checkOptions("polynomialDecay", options, { steps: positive, power: above0, end: least0 });
  const { power: exponent = 1, end = 0 } = options;
  return ({ step, steps }) => end + (learningRate - end) * power(1 - shareOf(step, options.steps ?? steps), exponent);
}

/** Options of {@link cosineWarmRestarts}. */
export interface WarmRestartsOptions {
  /** Number of epochs of the first cosine wave. */
  readonly epochs: number;
  /** Factor of the length of each wave after the first, a whole number. Default: 1. */
  readonly factor?: number;
  /** Learning rate that each wave falls towards. Default: 0. */
  readonly end?: number;
}

/**
 * Half a cosine wave from `learningRate` down to `end`, again and again, by epochs (SGDR, Loshchilov 2017). Each wave may be longer
 * than the one before.
 */
export function cosineWarmRestarts(learningRate: number, options: WarmRestartsOptions): Schedule {
  checkRate("cosineWarmRestarts", learningRate);
  checkOptions("cosineWarmRestarts", options, { epochs: positive, factor: positive, end: least0 });
  checkValue("cosineWarmRestarts", "epochs", options.epochs, positive);
  const { epochs, factor = 1, end = 0 } = options;
  return ({ epoch }) => {
    let [within, length] = [epoch, epochs];
    while (within >= length) {
      within -= length;
      length *= factor;
    }
    return end + ((learningRate - end) * (1 + cos((Math.PI * within) / length))) / 2;
  };
}

/** A part of a {@link sequence} of schedules. */
export interface SequencePart {
  /** A schedule, or a constant learning rate. The schedule sees the steps of its part only. */
  readonly schedule: Schedule | number;
  /** Number of steps of the part. The last part has none, and lasts to the end. */
  readonly steps?: number;
}

/**
 * Schedules one after the other.
 *
 * @throws `ValueError` for a part without a number of steps that is not the last.
 *
 * @example
 * ```ts
 * const learningRate = sequence([{ schedule: linear(0, 0.1), steps: 500 }, { schedule: cosineDecay(0.1) }]);
 * ```
 */
export function sequence(parts: readonly SequencePart[]): Schedule {
  checkValue("sequence", "the parts", parts, (x) => (Array.isArray(x) && x.length > 0 ? undefined : "a list of parts"));
  for (const [i, part] of parts.entries()) {
    checkOptions(`sequence: part ${i}`, part, { schedule: learningRateOption, steps: positive });
    checkValue(`sequence: part ${i}`, "schedule", part.schedule, learningRateOption);
    if (i < parts.length - 1) checkValue(`sequence: part ${i}`, "steps", part.steps, positive);
  }
  return (at) => {
    let begin = 0;
    const last = parts.length - 1;
    for (const [i, { schedule, steps = Infinity }] of parts.entries())
      if (i === last || at.step < begin + steps)
        return learningRateAt(schedule, {
          ...at,
          step: at.step - begin,
          steps: steps === Infinity ? at.steps - begin : steps,
        });
      else begin += steps;
    return NaN;
  };
}

/**
 * Product of a learning rate and of factors, which are schedules of their own with a rate of about 1.
 *
 * @example
 * ```ts
 * const learningRate = chain(0.1, warmUp(500, 1), stepDecay(1, { epochs: 30 }));
 * ```
 */
export function chain(learningRate: number, ...factors: readonly Schedule[]): Schedule {
  checkRate("chain", learningRate);
  for (const factor of factors) checkValue("chain", "a factor", factor, functionOption);
  return (at) => factors.reduce((rate, factor) => rate * factor(at), learningRate);
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
    // As in PyTorch, the highest rate is that of the last step of the first part.
    const peak = Math.max(0, warm * steps - 1);
    if (step < peak) return between(start, learningRate, step / peak);
    return between(learningRate, end, Math.min(1, (step - peak) / Math.max(1, steps - 1 - peak)));
  };
}

/** Learning rate of a step; a number is the same at each. */
export const learningRateAt = (schedule: Schedule | number, at: ScheduleContext): number =>
  typeof schedule === "number" ? schedule : schedule(at);
