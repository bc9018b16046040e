import {
  booleanOption,
  checkOptions,
  checkValue,
  numberFrom,
  oneOf,
  textField,
  ValueError,
  wholeFrom,
  type OptionCheck,
} from "@convlens/backend";
import type { Metrics } from "./metric.ts";
import type { EpochRecord } from "./records.ts";

/** Options of early stopping, by the rules of Keras's `EarlyStopping`. */
export interface EarlyStopping {
  /**
   * Number of epochs in a row without a better value (on the validation data, if there is some) after which training stops. It
   * never stops after the first epoch.
   */
  readonly patience: number;
  /** `"loss"`, or the name of a metric. Default: `"loss"`. */
  readonly metric?: string | undefined;
  /** Whether smaller or larger values are better. Default: that of the metric; smaller losses are better. */
  readonly goal?: "minimize" | "maximize" | undefined;
  /** How much better than the best value so far a value must be. NaN is never better. Default: 0. */
  readonly minimumDelta?: number | undefined;
  /**
   * Whether to restore the weights of the best epoch when training ends, also by `break`, an abort or an error. A checkpoint
   * still holds those of the last step. Default: false.
   */
  readonly restoreBest?: boolean | undefined;
}

/** Accepts early stopping; {@link checkEarlyStopping} checks its options. */
export const earlyStoppingOption: OptionCheck = (value) =>
  typeof value === "object" && value !== null
    ? undefined
    : "an object { patience, metric, goal, minimumDelta, restoreBest }";

/** @throws `ValueError` for an option that is unknown or wrong. */
export function checkEarlyStopping(options: EarlyStopping): void {
  const owner = "fit: earlyStopping";
  const patience = wholeFrom(0);
  checkOptions(owner, options, {
    patience,
    metric: textField,
    goal: oneOf("minimize", "maximize"),
    minimumDelta: numberFrom(0),
    restoreBest: booleanOption,
  });
  checkValue(owner, "patience", options.patience, patience);
}

/** A value that decides which epoch is best. */
export interface Monitored {
  /** Returns the value of an epoch, smaller ones being better. */
  readonly costOf: (record: Pick<EpochRecord<unknown>, "loss" | "metrics" | "validation">) => number;
}

/**
 * The value that early stopping or a schedule looks at.
 *
 * @throws `ValueError` for a metric that is not measured, or whose goal is not known.
 */
export function monitored(
  owner: string,
  { metric = "loss", goal }: Pick<EarlyStopping, "metric" | "goal">,
  metrics: Metrics<never, never>,
): Monitored {
  if (metric === "loss") {
    const sign = goal === "maximize" ? -1 : 1;
    return { costOf: ({ loss, validation }) => sign * (validation?.loss ?? loss) };
  }
  const found = Object.hasOwn(metrics, metric) ? metrics[metric] : undefined;
  if (found === undefined)
    throw new ValueError({
      operation: owner,
      what: "metric",
      expected: ["loss", ...Object.keys(metrics)].map((name) => `"${name}"`).join(" or "),
      got: metric,
    });
  const chosen = goal ?? found.goal;
  if (chosen === undefined)
    throw new ValueError({
      operation: owner,
      problem: `the metric "${metric}" does not say whether smaller or larger values are better`,
      fix: 'give goal: "minimize" or "maximize"',
    });
  const sign = chosen === "maximize" ? -1 : 1;
  return {
    costOf: ({ metrics: own, validation }) => {
      const value = (validation?.metrics ?? own) as Readonly<Record<string, unknown>>;
      return typeof value[metric] === "number" ? sign * value[metric] : NaN;
    },
  };
}

/** Decision of early stopping after an epoch. */
export interface EpochVerdict {
  /** Whether the last epoch is the best so far. */
  readonly isBest: boolean;
  /** Whether training stops after it. */
  readonly stops: boolean;
}

/** Judges the last epoch, from the losses of all epochs so far, or from other values of which smaller ones are better. */
export function judgeEpoch(
  losses: readonly number[],
  { patience, minimumDelta = 0 }: Pick<EarlyStopping, "patience" | "minimumDelta">,
): EpochVerdict {
  let best = Infinity;
  let waited = 0;
  let isBest = false;
  for (const loss of losses) {
    isBest = loss + minimumDelta < best;
    if (isBest) best = loss;
    waited = isBest ? 0 : waited + 1;
  }
  return { isBest, stops: !isBest && waited >= patience && losses.length > 1 };
}
