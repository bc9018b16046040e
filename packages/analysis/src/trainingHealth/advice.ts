import { meanOf } from "../numbers.ts";
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

/** Advice on the losses. */
function* aboutLoss({ chance, steps }: TrainingHealth): Generator<Advice> {
  const about = "loss";
  const lost = steps.find(({ loss }) => !Number.isFinite(loss));
  if (lost !== undefined) {
    const { loss: figure, step } = lost;
    const text = `The loss is ${figure} at step ${step}: lower the learning rate or clip gradients; checked(backend) names the operation that made the first such number.`;
    yield { topic: "not finite", about, figure, step, text };
  }
  const [first] = steps;
  if (first !== undefined && chance !== undefined && chance > 0 && Math.abs(first.loss - chance) > START * chance) {
    const { loss: figure, step } = first;
    const text =
      figure > chance
        ? `The first loss is ${short(figure)}, random guessing has ${short(chance)}: the untrained model is overconfident; initialize the last layer with smaller weights, or scale the inputs.`
        : `The first loss is ${short(figure)}, below the ${short(chance)} of random guessing: the model is already trained, or the inputs contain the labels.`;
    yield { topic: "start", about, figure, step, text };
  }
  const finite = steps.filter(({ loss }) => Number.isFinite(loss));
  const part = Math.max(1, Math.floor(finite.length / 10));
  const begin = meanOf(finite.slice(0, part).map(({ loss }) => loss));
  const end = meanOf(finite.slice(-part).map(({ loss }) => loss));
  const last = finite.at(-1);
  if (last !== undefined && finite.length >= PATIENCE && end > (1 - PROGRESS) * begin) {
    const text = `The loss was ${short(begin)} and is ${short(end)} after ${last.step} steps: it does not decrease; try a learning rate ten times larger or smaller, and check that the model can overfit 20 examples.`;
    yield { topic: "no progress", about, figure: end, step: last.step, text };
  }
  const norms = finite.flatMap(({ step, gradientNorm: norm }) => (norm === undefined ? [] : [{ step, norm }]));
  const usual = median(norms.map(({ norm }) => norm));
  const { step, norm } = norms.reduce((worst, now) => (now.norm > worst.norm ? now : worst), { step: 0, norm: 0 });
  if (usual > 0 && norm > BURST * usual) {
    const figure = norm / usual;
    const text = `At step ${step} the gradient norm was ${short(figure)} times the usual (${short(norm)} against ${short(usual)}): clip gradients to a norm of about ${short(2 * usual)}.`;
    yield { topic: "exploding gradients", about, figure, step, text };
  }
}

/** Advice on the updates, by the median of the last records. */
function* aboutUpdates({ records }: TrainingHealth): Generator<Advice> {
  const recent = records.slice(-3);
  const last = recent.at(-1);
  for (const { path } of last?.parameters ?? []) {
    // A bias starts at 0, so any step is large for it.
    if (last === undefined || /(^|\.)(bias|shift)$/.test(path)) continue;
    const own = recent.flatMap(({ parameters }) => parameters.filter((each) => each.path === path));
    const figure = median(own.map(({ updateRatio }) => updateRatio).filter(Number.isFinite));
    const finding = `A step changes ${path} by ${short(figure)} of its size; about 0.001 is healthy`;
    const seen = { about: path, figure, step: last.step };
    if (figure > LARGE_UPDATE) {
      const text = `${finding}: lower the learning rate, by a factor of ${short(figure / 1e-3)}.`;
      yield { topic: "large updates", ...seen, text };
    } else if (figure < SMALL_UPDATE) {
      const none = `A step does not change ${path} at all: it is frozen, or no gradient reaches it.`;
      yield { topic: "small updates", ...seen, text: figure === 0 ? none : `${finding}: raise the learning rate.` };
    }
  }
}

/** Advice on units. */
function* aboutUnits({ records }: TrainingHealth): Generator<Advice> {
  const [first] = records;
  const last = records.at(-1);
  if (first === undefined || last === undefined) return;
  const { step } = last;
  for (const { path: about, curve, units, dead, saturated } of last.layers) {
    const figure = dead / units;
    const before = first.layers.find(({ path }) => path === about)?.dead ?? 0;
    if (curve === "relu" && figure >= DEAD) {
      const text = `${percent(figure)} of the units of ${about} are dead at step ${step} (${dead} of ${units}; ${before} at step ${first.step}): lower the learning rate${before >= dead ? ", initialize other weights" : ""} or use LeakyReLU.`;
      yield { topic: "dead units", about, figure, step, text };
    } else if (curve !== "relu" && saturated >= SATURATED) {
      const text = `${percent(saturated)} of the outputs of ${about} are saturated by ${curve} at step ${step}, where almost no gradient flows: initialize smaller weights, normalize the inputs, or use ReLU.`;
      yield { topic: "saturated units", about, figure: saturated, step, text };
    }
  }
}

/** Advice on gradients, by comparing the first weights with the last. */
function* aboutGradients({ records }: TrainingHealth): Generator<Advice> {
  const { step = 0, parameters = [] } = records.at(-1) ?? {};
  const weights = parameters.filter(({ path }) => /(filters|weights)$/.test(path));
  const [first, final] = [weights[0], weights.at(-1)];
  if (first === undefined || final === undefined || first === final || final.gradient === 0) return;
  const figure = first.gradient / final.gradient;
  const seen = { about: first.path, figure, step };
  const finding = `The gradients of ${first.path} are ${short(figure)} times as large as those of ${final.path}`;
  const vanish = "gradients vanish; use ReLU instead of Sigmoid, normalization, or shortcuts (Residual).";
  const explode = "gradients explode; initialize smaller weights (heNormal), normalize, or clip gradients.";
  if (figure < 1 / APART) yield { topic: "vanishing gradients", ...seen, text: `${finding}: ${vanish}` };
  if (figure > APART) yield { topic: "exploding gradients", ...seen, text: `${finding}: ${explode}` };
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
  [aboutLoss, aboutUnits, aboutUpdates, aboutGradients].flatMap((look) => [...look(health)]);
