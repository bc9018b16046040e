import type { TrainingHealth } from "./records.ts";

/** The topic of an {@link Advice}. */
export type AdviceTopic =
  | "start"
  | "not finite"
  | "no progress"
  | "large updates"
  | "small updates"
  | "dead units"
  | "saturated units"
  | "vanishing gradients"
  | "exploding gradients";

/** A problem of a training run, and what to change. */
export interface Advice {
  readonly topic: AdviceTopic;
  /** The layer, the parameter, or `"loss"`. */
  readonly about: string;
  /** The figure that it is based on. */
  readonly figure: number;
  /** The step at which it was observed. */
  readonly step: number;
  /** A sentence with the figure and what to do. */
  readonly text: string;
}

// Thresholds of the advice. Update ratios: "should be somewhere around 1e-3" (CS231n notes).
const START = 0.5;
const LARGE_UPDATE = 1e-2;
const SMALL_UPDATE = 1e-5;
const DEAD = 0.2;
const SATURATED = 0.3;
const APART = 1e3;
const BURST = 100;
const PATIENCE = 100;
const PROGRESS = 0.02;

const short = (x: number): string => `${+x.toPrecision(3)}`;
const percent = (share: number): string => `${Math.round(100 * share)} %`;
const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
};
const average = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** Advice on the losses. */
function aboutLoss({ chance, steps }: TrainingHealth): Advice[] {
  const [first] = steps;
  const advice: Advice[] = [];
  if (first === undefined) return advice;
  const lost = steps.find(({ loss }) => !Number.isFinite(loss));
  if (lost !== undefined)
    advice.push({
      topic: "not finite",
      about: "loss",
      figure: lost.loss,
      step: lost.step,
      text: `The loss is ${lost.loss} at step ${lost.step}: lower the learning rate or clip gradients; checked(backend) names the operation that made the first such number.`,
    });
  if (chance !== undefined && chance > 0 && Math.abs(first.loss - chance) > START * chance)
    advice.push({
      topic: "start",
      about: "loss",
      figure: first.loss,
      step: first.step,
      text:
        first.loss > chance
          ? `The first loss is ${short(first.loss)}, random guessing has ${short(chance)}: the untrained model is overconfident; initialize the last layer with smaller weights, or scale the inputs.`
          : `The first loss is ${short(first.loss)}, below the ${short(chance)} of random guessing: the model is already trained, or the inputs contain the labels.`,
    });
  const finite = steps.filter(({ loss }) => Number.isFinite(loss));
  const part = Math.max(1, Math.floor(finite.length / 10));
  const [begin, end] = [finite.slice(0, part), finite.slice(-part)].map((some) =>
    average(some.map(({ loss }) => loss)),
  );
  if (finite.length >= PATIENCE && end! > (1 - PROGRESS) * begin!)
    advice.push({
      topic: "no progress",
      about: "loss",
      figure: end!,
      step: finite.at(-1)!.step,
      text: `The loss was ${short(begin!)} and is ${short(end!)} after ${finite.at(-1)!.step} steps: it does not decrease; try a learning rate ten times larger or smaller, and check that the model can overfit 20 examples.`,
    });
  const norms = finite.flatMap(({ step, gradientNorm }) =>
    gradientNorm === undefined ? [] : [{ step, norm: gradientNorm }],
  );
  const usual = median(norms.map(({ norm }) => norm));
  const burst = norms.reduce((worst, now) => (now.norm > worst.norm ? now : worst), { step: 0, norm: 0 });
  if (usual > 0 && burst.norm > BURST * usual)
    advice.push({
      topic: "exploding gradients",
      about: "loss",
      figure: burst.norm / usual,
      step: burst.step,
      text: `At step ${burst.step} the gradient norm was ${short(burst.norm / usual)} times the usual (${short(burst.norm)} against ${short(usual)}): clip gradients to a norm of about ${short(2 * usual)}.`,
    });
  return advice;
}

/** Advice on the updates, by the median of the last records. */
function aboutUpdates({ records }: TrainingHealth): Advice[] {
  const recent = records.slice(-3);
  const last = recent.at(-1);
  return (last?.parameters ?? []).flatMap(({ path }, i): Advice[] => {
    const ratios = recent.map(({ parameters }) => parameters[i]!.updateRatio).filter(Number.isFinite);
    const ratio = median(ratios);
    // A bias starts at 0, so any step is large for it.
    if (/(^|\.)(bias|shift)$/.test(path)) return [];
    const seen = { about: path, figure: ratio, step: last!.step };
    if (ratio > LARGE_UPDATE)
      return [
        {
          ...seen,
          topic: "large updates",
          text: `A step changes ${path} by ${short(ratio)} of its size; about 0.001 is healthy: lower the learning rate, by a factor of ${short(ratio / 1e-3)}.`,
        },
      ];
    if (ratio < SMALL_UPDATE)
      return [
        {
          ...seen,
          topic: "small updates",
          text:
            ratio === 0
              ? `A step does not change ${path} at all: it is frozen, or no gradient reaches it.`
              : `A step changes ${path} by ${short(ratio)} of its size; about 0.001 is healthy: raise the learning rate.`,
        },
      ];
    return [];
  });
}

/** Advice on units. */
function aboutUnits({ records }: TrainingHealth): Advice[] {
  const last = records.at(-1);
  return (last?.layers ?? []).flatMap(({ path, curve, units, dead, saturated }): Advice[] => {
    const share = dead / units;
    const before = records[0]!.layers.find((layer) => layer.path === path)?.dead ?? 0;
    if (curve === "relu" && share >= DEAD)
      return [
        {
          topic: "dead units",
          about: path,
          figure: share,
          step: last!.step,
          text: `${percent(share)} of the units of ${path} are dead at step ${last!.step} (${dead} of ${units}; ${before} at step ${records[0]!.step}): lower the learning rate${before >= dead ? ", initialize other weights" : ""} or use LeakyReLU.`,
        },
      ];
    if (curve !== "relu" && saturated >= SATURATED)
      return [
        {
          topic: "saturated units",
          about: path,
          figure: saturated,
          step: last!.step,
          text: `${percent(saturated)} of the outputs of ${path} are saturated by ${curve} at step ${last!.step}, where almost no gradient flows: initialize smaller weights, normalize the inputs, or use ReLU.`,
        },
      ];
    return [];
  });
}

/** Advice on gradients, by comparing the first weights with the last. */
function aboutGradients({ records }: TrainingHealth): Advice[] {
  const last = records.at(-1);
  const weights = (last?.parameters ?? []).filter(({ path }) => /(filters|weights)$/.test(path));
  const [first, final] = [weights[0], weights.at(-1)];
  if (first === undefined || final === undefined || first === final || final.gradient === 0) return [];
  const ratio = first.gradient / final.gradient;
  const seen = { about: first.path, figure: ratio, step: last!.step };
  const finding = `The gradients of ${first.path} are ${short(ratio)} times as large as those of ${final.path}`;
  if (ratio < 1 / APART)
    return [
      {
        ...seen,
        topic: "vanishing gradients",
        text: `${finding}: gradients vanish; use ReLU instead of Sigmoid, normalization, or shortcuts (Residual).`,
      },
    ];
  if (ratio > APART)
    return [
      {
        ...seen,
        topic: "exploding gradients",
        text: `${finding}: gradients explode; initialize smaller weights (heNormal), normalize, or clip gradients.`,
      },
    ];
  return [];
}

/**
 * Returns advice on what to change about a training run; none if all is well.
 *
 * @example
 * ```ts
 * adviceOn({ chance: Math.log(10), steps: [{ step: 1, loss: 6.9 }], records: [] })[0]!.text;
 * // The first loss is 6.9, random guessing has 2.3: the untrained model is overconfident; …
 * ```
 */
export const adviceOn = (health: TrainingHealth): Advice[] =>
  [aboutLoss, aboutUnits, aboutUpdates, aboutGradients].flatMap((look) => look(health));
