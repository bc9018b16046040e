import type { HealthRecord } from "@convlens/analysis";
import {
  optimizerNames,
  settingsAt,
  type Changes,
  type LearningChange,
  type LearningRecipe,
  type OptimizerName,
} from "../../compute/learningNet.ts";
import type { ComparedStep } from "../../compute/learningRun.ts";
import { nameOf, processors, type Processor } from "../../compute/processor.ts";
import { choice, flag, whole, type Field, type StateOf } from "../../fields.ts";
import { greatestOf } from "../../numbers.ts";
import { difference, grouped, percent, shown } from "../../draw/shown.ts";

/** Selectable learning rates. */
export const rates = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 100, 1000] as const;

/** Optimizer and learning rate. */
export type Settings = Pick<LearningChange, "optimizer" | "rate">;

const MOST_STEPS = 100_000;
const MOST_CHANGES = 30;

/** Settings with their later changes, as in `0_adam_0.003*250_sgd_0.1`. */
const changesField = (initial: Settings): Field<Changes> => ({
  initial: [{ step: 0, ...initial }],
  print: (changes) => changes.map(({ step, optimizer, rate }) => `${step}_${optimizer}_${rate}`).join("*"),
  parse: (text) => {
    const parts = text.split("*");
    const [first, ...later] = parts.flatMap((part): LearningChange[] => {
      const [, at, name, rateText] = /^(\d{1,6})_(\w+)_([\d.]+)$/.exec(part) ?? [];
      const optimizer = optimizerNames.find((each) => each === name);
      const rate = rates.find((each) => String(each) === rateText);
      return optimizer === undefined || rate === undefined ? [] : [{ step: Number(at), optimizer, rate }];
    });
    if (first?.step !== 0 || later.length !== parts.length - 1 || parts.length > MOST_CHANGES) return undefined;
    const steps = [first, ...later].map(({ step }) => step);
    const isInOrder = steps.join() === [...new Set(steps)].sort((a, b) => a - b).join();
    return isInOrder ? [first, ...later] : undefined;
  },
});

/** Fields of the panel's state. */
export const learningFields = {
  data: choice("digits", ["digits", "shapes", "edges", "own"]),
  filters: whole(8, 2, 16),
  seed: whole(1, 0, 99),
  batch: choice("32", ["8", "32", "128"]),
  /** The processor. It can be changed during training, and the net does not depend on it. */
  processor: choice("all", processors),
  changes: changesField({ optimizer: "adam", rate: 0.003 }),
  beside: flag(false),
  changes2: changesField({ optimizer: "sgd", rate: 0.003 }),
  /** Steps done. */
  trained: whole(0, 0, MOST_STEPS),
  /** The step that is shown; −1 follows the net. */
  at: whole(-1, -1, MOST_STEPS),
  inside: choice("first", ["first", "second"]),
  example: whole(0, 0, 1999),
};

/** The panel's state. */
export type LearningState = StateOf<typeof learningFields>;

/** The settings that determine the initial weights and the order of examples. */
export const recipeOf = ({ filters, seed, batch }: LearningState): LearningRecipe => ({
  filters,
  seed,
  batchSize: Number(batch),
});

/** The changes that remain when the steps after `step` are discarded. */
export const changesUntil = ([first, ...later]: Changes, step: number): Changes => [
  first,
  ...later.filter((change) => change.step < step),
];

/** Changes with other settings from a step on; later changes are removed. */
export function withChange(changes: Changes, step: number, { optimizer, rate }: Settings): Changes {
  const next = { step, optimizer, rate };
  if (step === 0) return [next];
  const before = changesUntil(changes, step);
  const last = settingsAt(before, step);
  const isSame = last.optimizer === optimizer && last.rate === rate;
  return isSame || before.length === MOST_CHANGES ? before : [...before, next];
}

/** The nearest step that is kept: the latest, or a multiple of the stride. */
export function shownStep(at: number, latest: number, stride: number): number {
  if (at < 0 || at >= latest) return latest;
  return at - (at % stride);
}

/** Names of the optimizers. */
export const optimizerTitles: Readonly<Record<OptimizerName, string>> = {
  adam: "Adam",
  momentum: "SGD with momentum 0.9",
  sgd: "plain SGD",
};

/** "Adam at a learning rate of 0.003; from step 250 on plain SGD at a learning rate of 0.1" */
export const changesInWords = (changes: Changes): string =>
  changes
    .map(
      ({ step, optimizer, rate }) =>
        `${step === 0 ? "" : `from step ${step} on `}${optimizerTitles[optimizer]} at a learning rate of ${rate}`,
    )
    .join("; ");

/** A number with three significant digits: 0.00123, 12.3, 4.5e−7. */
export const short = (value: number): string =>
  Number.isFinite(value)
    ? String(Math.abs(value) >= 1e-4 ? Number(value.toPrecision(3)) : Number(value.toPrecision(2))).replace("-", "−")
    : "—";

/** The last health record up to a step. */
export const healthAt = (records: readonly HealthRecord[], step: number): HealthRecord | undefined =>
  records.findLast((record) => record.step <= Math.max(step, 1));

/** Softmax: shares that add up to 1. */
export function sharesOf(scores: ArrayLike<number>): number[] {
  const most = Math.max(...Array.from(scores));
  const powers = Array.from(scores, (score) => Math.exp(score - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/** The answer of a net to an example, in words. */
export function verdict(scores: ArrayLike<number>, classes: readonly string[], label: number): string {
  const shares = sharesOf(scores);
  const best = greatestOf(shares);
  if (shares.some(Number.isNaN)) return "The net has no answer: its outputs are NaN.";
  const answer = `The net says ${classes[best.index]} (${percent(best.value)})`;
  return best.index === label
    ? `${answer}, which is right.`
    : `${answer}, but it is ${classes[label]} (${percent(shares[label]!)}).`;
}

/** The settings at a step with about one tenth of the rate. */
export function gentler(changes: Changes, step: number): Settings {
  const { optimizer, rate } = settingsAt(changes, step);
  const lower = rates.filter((each) => each <= rate / 9);
  return { optimizer, rate: lower.at(-1) ?? rates[0] };
}

/** What happened when a step gave NaN or infinity. */
export function lostSentence(
  { step, loss, learningRate }: { readonly step: number; readonly loss: number; readonly learningRate: number },
  optimizer: OptimizerName,
): string {
  const what = Number.isNaN(loss)
    ? "the loss became NaN"
    : Number.isFinite(loss)
      ? "the weights became NaN"
      : "the loss became infinite";
  return `At step ${step} ${what}. With ${optimizerTitles[optimizer]} a learning rate of ${learningRate} is too large here: each step overshot more than the one before, until the numbers overflowed. The net is as it was after step ${step - 1}, and the time line has all earlier steps.`;
}

/** The test accuracies of two nets, compared in words. */
export function comparison(
  first: { readonly loss: number; readonly accuracy: number; readonly step: number } | undefined,
  second: { readonly loss: number; readonly accuracy: number; readonly step: number } | undefined,
): string {
  if (first === undefined || second === undefined || first.step !== second.step) return "";
  const apart = 100 * Math.abs(first.accuracy - second.accuracy);
  if (first.accuracy === second.accuracy) return `After ${first.step} steps both have the same test accuracy.`;
  const better = first.accuracy > second.accuracy ? "first" : "second";
  return `After ${first.step} steps the test accuracy of the ${better} net is higher by ${shown(apart)} points.`;
}

/** Examples per second of each processor. */
export type Speeds = Readonly<Partial<Record<Processor, number>>>;

/** The speeds of all processors in words, the present one first. */
export function speedsInWords(speeds: Speeds, now: Processor, threads: number): string {
  const known = [now, ...processors.filter((each) => each !== now)].flatMap((processor) => {
    const speed = speeds[processor];
    if (speed === undefined) return [];
    return `${grouped(Math.round(speed))}${processor === now ? " now" : ""} (${nameOf(processor, threads)})`;
  });
  return known.length === 0 ? "" : `Examples per second: ${known.join("; ")}.`;
}

/** A step that was computed by the previous and the present processor. */
export interface Comparison extends ComparedStep {
  readonly from: Processor;
  readonly to: Processor;
}

/** The difference of two processors after one step, in words. */
export const comparisonInWords = ({ step, from, to, ...found }: Comparison, threads: number): string =>
  `Step ${step} was computed twice, by the previous processor (${nameOf(from, threads)}) and the present one (${nameOf(to, threads)}): the greatest difference of ${grouped(found.compared)} weights is ${difference(found.difference)}.`;
