// Training that stops anywhere and resumes from its checkpoint gives the same records and weights as uninterrupted training, bit for
// bit, with any options.
import { cpu } from "../../packages/backend-cpu/src/index.ts";
import { augment, noise, shapes, take } from "../../packages/datasets/src/index.ts";
import {
  BatchNorm,
  Conv2d,
  Dense,
  Dropout,
  Flatten,
  ReLU,
  sequential,
  weightsOf,
} from "../../packages/layers/src/index.ts";
import { useBackend } from "../../packages/tensor/src/index.ts";
import * as t from "../../packages/training/src/index.ts";
import { cases, check } from "../fuzzing.mjs";

export const name = "resume";
export const count = 150;

const data = shapes({ size: 40, height: 6, width: 6, seed: 3 });
const net = () =>
  sequential([
    ...[new Conv2d({ filters: 3, kernelSize: 3 }), new BatchNorm(), new ReLU(), new Flatten()],
    ...[new Dropout({ rate: 0.2 }), new Dense({ units: 4 })],
  ]);

/** Options of fit that influence training. */
const optionsOf = (dice) => ({
  epochs: 3,
  onNaN: "continue",
  batchSize: dice.pick([8, 10, 13]),
  optimizer: dice.pick([
    t.adam,
    t.adamW,
    t.sgd,
    (options) => t.sgd({ ...options, momentum: 0.9, nesterov: true }),
    t.adagrad,
    t.rmsProp,
  ])({
    learningRate: dice.pick([
      0.01,
      t.onPlateau(0.05, { patience: 1 }),
      t.oneCycle(0.05),
      t.warmUp(4, t.cosineDecay(0.05)),
      t.stepDecay(1e30, { epochs: 1, factor: 1e-30 }),
    ]),
  }),
  loss: dice.pick([t.crossEntropy, t.hinge]),
  seed: dice.below(3),
  diagnostics: dice.chance(0.5),
  ...(dice.chance(0.5) && { augment: augment(noise(0.1)) }),
  ...(dice.chance(0.5) && { validation: take(data, 20) }),
  ...dice.pick([{}, { clip: { value: 0.1, norm: 0.2 } }, { clip: { norm: 0.1 } }]),
  ...dice.pick([
    {},
    { groups: [{ match: "layers.1", frozen: true }] },
    {
      groups: [
        { match: /bias/g, frozen: true },
        { match: "layers.0", learningRate: dice.pick([0.001, t.cosineDecay(0.01)]) },
      ],
    },
  ]),
  ...dice.pick([
    {},
    { earlyStopping: { patience: 1, restoreBest: true } },
    { earlyStopping: { patience: 2, minimumDelta: 0.1, restoreBest: true } },
  ]),
});

/** The records of training, at most `count`, without those that depend on time. */
async function recordsOf(training, count = Infinity) {
  const found = [];
  for await (const record of training) {
    found.push({ ...record, examplesPerSecond: 0 });
    if (found.length >= count) break;
  }
  return found;
}

/** Records or weights as text, including NaN and −0. */
const textOf = (values) =>
  JSON.stringify(values, (_, x) =>
    typeof x === "number" && (!Number.isFinite(x) || Object.is(x, -0)) ? `${Object.is(x, -0) ? "-0" : x}` : x,
  );
const weightsText = async (model) =>
  textOf([...(await weightsOf(model))].map(([path, { values }]) => [path, [...values]]));

export async function run(options) {
  useBackend(await cpu({ threads: 1 }));
  return cases(options, async (dice, tell) => {
    const chosen = optionsOf(dice);
    const whole = net();
    const expected = await recordsOf(t.fit(whole, data, chosen));
    const stop = 1 + dice.below(expected.length);
    tell({ ...chosen, stop });
    const first = t.fit(net(), data, chosen);
    const before = await recordsOf(first, stop);
    const model = net();
    const after = await recordsOf(t.fit(model, data, { ...chosen, resume: await first.checkpoint() }));
    check(textOf([...before, ...after]) === textOf(expected), "the records differ");
    check((await weightsText(model)) === (await weightsText(whole)), "the weights differ");
  });
}
