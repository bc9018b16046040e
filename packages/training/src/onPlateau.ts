import {
  checkOptions,
  checkValue,
  numberAbove,
  numberFrom,
  oneOf,
  textField,
  ValueError,
  wholeFrom,
} from "@convlens/backend";
import type { Schedule, ScheduleContext } from "./schedules.ts";

const least0 = /* @__PURE__ */ numberFrom(0);

/** Options of {@link onPlateau}. */
export interface PlateauOptions {
  /** `"loss"`, or the name of a metric that is a number. Default: `"loss"`. */
  readonly metric?: string;
  /** Whether smaller or larger values are better. Needed for a metric. Default: `"minimize"` for the loss. */
  readonly goal?: "minimize" | "maximize";
  /** Number of epochs in a row without a better value after which the learning rate is multiplied. Default: 2. */
  readonly patience?: number;
  /** Factor of the learning rate, between 0 and 1. Default: 0.1. */
  readonly factor?: number;
  /** How much better than the best value so far a value must be. NaN is never better. Default: 1e-4. */
  readonly minimumDelta?: number;
}

/**
 * Learning rate that is multiplied by `factor` whenever the loss or a metric (on the validation data, if there is some) has not been
 * better for `patience` epochs, by the rules of Keras's `ReduceLROnPlateau`.
 */
export function onPlateau(learningRate: number, options: PlateauOptions = {}): Schedule {
  checkValue("onPlateau", "the learning rate", learningRate, least0);
  checkOptions("onPlateau", options, {
    metric: textField,
    goal: oneOf("minimize", "maximize"),
    patience: wholeFrom(0),
    factor: numberAbove(0, 1),
    minimumDelta: least0,
  });
  const { metric = "loss", goal, patience = 2, factor = 0.1, minimumDelta = 1e-4 } = options;
  if (metric !== "loss") checkValue("onPlateau", "goal of a metric", goal, oneOf("minimize", "maximize"));
  const sign = goal === "maximize" ? -1 : 1;
  return ({ history }) => {
    let best = Infinity;
    let waited = 0;
    let now = learningRate;
    for (const { validation, ...own } of history) {
      const value = sign * valueOf(validation ?? own, metric);
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

/** The loss or a metric of an epoch. */
function valueOf(
  { loss, metrics }: Pick<ScheduleContext["history"][number], "loss" | "metrics">,
  metric: string,
): number {
  if (metric === "loss") return loss;
  const found = metrics as Readonly<Record<string, unknown>>;
  const value = found[metric];
  if (typeof value === "number") return value;
  throw new ValueError({
    operation: "onPlateau",
    what: "metric",
    expected: `a metric that is a number; there are ${["loss", ...Object.keys(found)].join(", ")}`,
    got: metric,
  });
}
