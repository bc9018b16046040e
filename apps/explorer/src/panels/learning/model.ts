import type { HealthRecord } from "@convlens/analysis";
import {
  optimizerNames,
  settingsAt,
  type LearningChange,
  type LearningRecipe,
  type OptimizerName,
} from "../../compute/learningNet.ts";
import type { ComparedStep } from "../../compute/learningRun.ts";
import { nameOf, processors, type Processor } from "../../compute/processor.ts";
import { choice, flag, whole, type Field, type StateOf } from "../../fields.ts";
import { difference, grouped, shown } from "../../draw/shown.ts";

/** Learning rates that can be chosen. */
export const rates = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 100, 1000] as const;

/** Optimizer and learning rate. */
export type Settings = Pick<LearningChange, "optimizer" | "rate">;

const MOST_STEPS = 100_000;
const MOST_CHANGES = 30;

/** Settings, and how they changed on the way, `0_adam_0.003*250_sgd_0.1`. */
const changesField = (initial: Settings): Field<readonly LearningChange[]> => ({
  initial: [{ step: 0, ...initial }],
  print: (changes) => changes.map(({ step, optimizer, rate }) => `${step}_${optimizer}_${rate}`).join("*"),
  parse: (text) => {
    const parts = text.split("*");
    const changes = parts.flatMap((part): LearningChange[] => {
      const [, at, name, rateText] = /^(\d{1,6})_(\w+)_([\d.]+)$/.exec(part) ?? [];
      const optimizer = optimizerNames.find((each) => each === name);
      const rate = rates.find((each) => String(each) === rateText);
      return optimizer === undefined || rate === undefined ? [] : [{ step: Number(at), optimizer, rate }];
    });
    const isInOrder = changes.every(({ step }, i) => (i === 0 ? step === 0 : step > changes[i - 1]!.step));
    return isInOrder && changes.length === parts.length && parts.length <= MOST_CHANGES ? changes : undefined;
  },
});

/** What the panel's state is made of. */
export const learningFields = {
  data: choice("digits", ["digits", "shapes", "edges", "own"]),
  filters: whole(8, 2, 16),
  seed: whole(1, 0, 99),
  batch: choice("32", ["8", "32", "128"]),
  /** What computes. It makes no other net, and can be changed on the way. */
  processor: choice("all", processors),
  changes: changesField({ optimizer: "adam", rate: 0.003 }),
  beside: flag(false),
  changes2: changesField({ optimizer: "sgd", rate: 0.003 }),
  /** Steps done. */
  trained: whole(0, 0, MOST_STEPS),
  /** The step that is looked at; −1 follows the net as it learns. */
  at: whole(-1, -1, MOST_STEPS),
  inside: choice("first", ["first", "second"]),
  example: whole(0, 0, 1999),
};

/** What the panel shows. */
export type LearningState = StateOf<typeof learningFields>;

/** What decides a net's first weights, and the order of examples. */
export const recipeOf = ({ filters, seed, batch }: LearningState): LearningRecipe => ({
  filters,
  seed,
  batchSize: Number(batch),
});

/** Other settings from a step on; what was to hold later is given up. */
export function withChange(
  changes: readonly LearningChange[],
  step: number,
  settings: Settings,
): readonly LearningChange[] {
  const before = changes.filter((change) => change.step < step);
  const last = before.at(-1);
  if (last?.optimizer === settings.optimizer && last.rate === settings.rate) return before;
  return [...before, { step, optimizer: settings.optimizer, rate: settings.rate }].slice(0, MOST_CHANGES);
}

/** What still holds when all after a step is forgotten. */
export const changesUntil = (changes: readonly LearningChange[], step: number): readonly LearningChange[] =>
  changes.filter((change) => change.step === 0 || change.step < step);

/** The step to be shown of those that are kept: the latest, and the multiples of the stride. */
export function shownStep(at: number, latest: number, stride: number): number {
  if (at < 0 || at >= latest) return latest;
  return at - (at % stride);
}

/** An optimizer's name as it is read. */
export const optimizerTitles: Readonly<Record<OptimizerName, string>> = {
  adam: "Adam",
  momentum: "SGD with momentum 0.9",
  sgd: "plain SGD",
};

/** "Adam at a learning rate of 0.003; from step 250 on plain SGD at a learning rate of 0.1" */
export const changesInWords = (changes: readonly LearningChange[]): string =>
  changes
    .map(
      ({ step, optimizer, rate }) =>
        `${step === 0 ? "" : `from step ${step} on `}${optimizerTitles[optimizer]} at a learning rate of ${rate}`,
    )
    .join("; ");

/** A share as percent, with one decimal. */
export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** A number of any size in three digits: 0.00123, 12.3, 4.5e−7. */
export const short = (value: number): string =>
  Number.isFinite(value)
    ? String(Math.abs(value) >= 1e-4 ? Number(value.toPrecision(3)) : Number(value.toPrecision(2))).replace("-", "−")
    : "—";

/** What is known of a net's health at a step: the last look inside before it. */
export const healthAt = (records: readonly HealthRecord[], step: number): HealthRecord | undefined =>
  records.findLast((record) => record.step <= Math.max(step, 1));

/** Softmax: shares that add up to 1. */
export function sharesOf(scores: ArrayLike<number>): number[] {
  const most = Math.max(...Array.from(scores));
  const powers = Array.from(scores, (score) => Math.exp(score - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/** What a net says of an example, in words. */
export function verdict(scores: ArrayLike<number>, classes: readonly string[], label: number): string {
  const shares = sharesOf(scores);
  const best = shares.indexOf(Math.max(...shares));
  if (best < 0) return "The net has no answer: its numbers are none.";
  const share = percent(shares[best]!);
  return best === label
    ? `The net says ${classes[best]} (${share}), and it is.`
    : `The net says ${classes[best]} (${share}), but it is ${classes[label]} (to which it gives ${percent(shares[label]!)}).`;
}

/** The settings at a step, and one tenth of the rate, where there is one. */
export function gentler(changes: readonly LearningChange[], step: number): Settings {
  const { optimizer, rate } = settingsAt(changes, step);
  const lower = rates.filter((each) => each <= rate / 9);
  return { optimizer, rate: lower.at(-1) ?? rates[0] };
}

/** What happened when numbers stopped being numbers, and what is left. */
export function lostSentence(
  { step, loss, learningRate }: { readonly step: number; readonly loss: number; readonly learningRate: number },
  optimizer: OptimizerName,
): string {
  const what = Number.isNaN(loss)
    ? "the loss is no number any more (NaN)"
    : Number.isFinite(loss)
      ? "the weights are no numbers any more"
      : "the loss is infinite";
  return `At step ${step} ${what}. With ${optimizerTitles[optimizer]} a learning rate of ${learningRate} is too large here: each step overshot further than the one before, until the numbers were too large to be written. Nothing is lost: the net is as it was after step ${step - 1}, and the time line has all before.`;
}

/** Loss and accuracy against each other, for two nets. */
export function comparison(
  first: { readonly loss: number; readonly accuracy: number; readonly step: number } | undefined,
  second: { readonly loss: number; readonly accuracy: number; readonly step: number } | undefined,
): string {
  if (first === undefined || second === undefined || first.step !== second.step) return "";
  const apart = 100 * Math.abs(first.accuracy - second.accuracy);
  if (first.accuracy === second.accuracy)
    return `After ${first.step} steps both are equally good on the test examples.`;
  const better = first.accuracy > second.accuracy ? "first" : "second";
  return `After ${first.step} steps the ${better} net is ahead by ${shown(apart)} points on the test examples.`;
}

/** Examples a second, by what has trained a net. */
export type Speeds = Readonly<Partial<Record<Processor, number>>>;

/** How fast a net learns now, and how fast it was on others. */
export function speedsInWords(speeds: Speeds, now: Processor, threads: number): string {
  const known = [now, ...processors.filter((each) => each !== now)].flatMap((processor) => {
    const speed = speeds[processor];
    if (speed === undefined) return [];
    return `${grouped(Math.round(speed))}${processor === now ? " now" : ""} (${nameOf(processor, threads)})`;
  });
  return known.length === 0 ? "" : `Examples a second: ${known.join("; ")}.`;
}

/** A step that was made by two, the one that trained before and the one that trains now. */
export interface Comparison extends ComparedStep {
  readonly from: Processor;
  readonly to: Processor;
}

/** How far apart two processors are after one step. */
export const comparisonInWords = ({ step, from, to, ...found }: Comparison, threads: number): string =>
  `Step ${step} was made twice, by the one before (${nameOf(from, threads)}) and the one now (${nameOf(to, threads)}): the greatest difference of ${grouped(found.compared)} weights is ${difference(found.difference)}.`;
