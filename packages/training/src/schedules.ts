import { cos, power } from "@convlens/backend/math";
import type { EpochRecord } from "./records.ts";

/** Where training stands when a learning rate is asked for. */
export interface ScheduleContext {
  /** Steps done. */
  readonly step: number;
  /** Steps in all epochs together. */
  readonly steps: number;
  /** Epochs done. */
  readonly epoch: number;
  /** What each of them came to. */
  readonly history: readonly EpochRecord[];
}

/** The learning rate of a step. A function of where training stands, so that it goes on rightly when training is resumed. */
export type Schedule = (at: ScheduleContext) => number;

/** Multiplied by `factor` after every `epochs` epochs. */
export const stepDecay =
  (rate: number, { epochs, factor = 0.1 }: { readonly epochs: number; readonly factor?: number }): Schedule =>
  ({ epoch }) =>
    rate * power(factor, Math.floor(epoch / epochs));

/** Multiplied by `factor` after every epoch. */
export const exponentialDecay =
  (rate: number, { factor }: { readonly factor: number }): Schedule =>
  ({ epoch }) =>
    rate * power(factor, epoch);

/** Half a cosine wave from `rate` down to `end` (Loshchilov 2017). */
export const cosineDecay =
  (rate: number, { end = 0 }: { readonly end?: number } = {}): Schedule =>
  ({ step, steps }) =>
    end + ((rate - end) * (1 + cos((Math.PI * Math.min(step, steps)) / Math.max(1, steps)))) / 2;

/** From almost 0 straight up to what `after` says, over so many steps. */
export const warmUp =
  (steps: number, after: Schedule | number): Schedule =>
  (at) =>
    rateOf(after, at) * Math.min(1, (at.step + 1) / steps);

/**
 * Up to `rate` over the first `warm` part of training and down to almost 0 over the rest, both along half cosine waves
 * (Smith 2018).
 */
export const oneCycle =
  (
    rate: number,
    {
      warm = 0.3,
      start = rate / 25,
      end = rate / 1e4,
    }: { readonly warm?: number; readonly start?: number; readonly end?: number } = {},
  ): Schedule =>
  ({ step, steps }) => {
    const done = Math.min(1, step / Math.max(1, steps - 1));
    const between = (from: number, to: number, share: number): number =>
      to + ((from - to) * (1 + cos(Math.PI * share))) / 2;
    return done < warm
      ? between(start, rate, done / warm)
      : between(rate, end, warm < 1 ? (done - warm) / (1 - warm) : 1);
  };

/** Options of {@link onPlateau}. */
export interface PlateauOptions {
  /** The rate falls after this many epochs in a row without a better loss. Default: 2. */
  readonly patience?: number;
  /** What the rate is multiplied by. Default: 0.1. */
  readonly factor?: number;
  /** A loss is better if it is lower than the best so far by more than this. NaN never is. Default: 1e-4. */
  readonly minimumDelta?: number;
}

/**
 * Multiplied by `factor` whenever the loss (of the test set, if there is one) has been no better for `patience` epochs, by the
 * rules of Keras's `ReduceLROnPlateau`.
 */
export const onPlateau =
  (rate: number, { patience = 2, factor = 0.1, minimumDelta = 1e-4 }: PlateauOptions = {}): Schedule =>
  ({ history }) => {
    let best = Infinity;
    let waited = 0;
    let now = rate;
    for (const { loss, testLoss = loss } of history) {
      if (testLoss < best - minimumDelta) {
        best = testLoss;
        waited = 0;
      } else if (++waited >= patience) {
        now *= factor;
        waited = 0;
      }
    }
    return now;
  };

/** A number is a schedule that never changes. */
export const rateOf = (schedule: Schedule | number, at: ScheduleContext): number =>
  typeof schedule === "number" ? schedule : schedule(at);
