import { readFileSync } from "node:fs";
import { reference } from "@convlens/backend-reference";
import { shapes } from "@convlens/datasets";
import { BatchNorm, build, Dense, Flatten, sequential, weightsOf } from "@convlens/layers";
import { useBackend } from "@convlens/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import {
  chain,
  cosineDecay,
  cosineWarmRestarts,
  crossEntropy,
  exponentialDecay,
  fit,
  learningRateRange,
  linear,
  meanSquaredError,
  multiStepDecay,
  oneCycle,
  onPlateau,
  polynomialDecay,
  sequence,
  sgd,
  stepDecay,
  type Schedule,
} from "../src/index.ts";
import { all, steps } from "./records.ts";

beforeAll(() => useBackend(reference()));

const golden = JSON.parse(readFileSync(new URL("../../../tools/golden/schedules.json", import.meta.url), "utf8")) as {
  readonly rates: Readonly<Record<string, readonly number[]>>;
};
const schedules: Readonly<Record<string, Schedule>> = {
  stepDecay: stepDecay(0.5, { epochs: 3, factor: 0.5 }),
  exponentialDecay: exponentialDecay(0.5, { factor: 0.9 }),
  multiStepDecay: multiStepDecay(0.5, { epochs: [4, 5, 11], factor: 0.5 }),
  cosineDecay: cosineDecay(0.5, { end: 0.01 }),
  cosineWarmRestarts: cosineWarmRestarts(0.5, { epochs: 3, factor: 2, end: 0.01 }),
  polynomialDecay: polynomialDecay(0.5, { steps: 15, power: 2 }),
  linear: linear(0.125, 0.5, { steps: 8 }),
  // PyTorch's ends at a 10,000th of its start.
  oneCycle: oneCycle(0.5, { end: 0.5 / 25 / 1e4 }),
  sequence: sequence([{ schedule: linear(0.125, 0.5), steps: 5 }, { schedule: cosineDecay(0.5) }]),
  chain: chain(0.5, linear(0.25, 1, { steps: 5 }), exponentialDecay(1, { factor: 0.9 })),
};

it.each(Object.entries(schedules))("%s gives PyTorch's rates", (name, schedule) => {
  const rates = golden.rates[name]!.map((_, i) => schedule({ step: i, steps: 20, epoch: i, history: [] }));
  golden.rates[name]!.forEach((rate, i) => expect(rates[i], `step ${i}`).toBeCloseTo(rate, 10));
});

it("schedules refuse wrong parts", () => {
  expect(() => sequence([])).toThrow("sequence: the parts must be a list of parts");
  expect(() => sequence([{ schedule: 1 }, { schedule: 2 }])).toThrow("sequence: part 0: steps must be a whole number");
  expect(() => sequence([{ schedule: -1 }])).toThrow("part 0: schedule must be");
  expect(() => chain(1, 2 as never)).toThrow("chain: a factor must be a function");
  for (const epochs of [undefined, [0], [2, 1], [1, 1], 3])
    expect(() => multiStepDecay(1, { epochs: epochs as never })).toThrow(
      "multiStepDecay: epochs must be whole numbers",
    );
  expect(() => cosineWarmRestarts(1, {} as never)).toThrow("cosineWarmRestarts: epochs must be");
  expect(() => linear(1, -1)).toThrow("linear: the learning rate must be");
  expect(() => polynomialDecay(1, { power: 0 })).toThrow("polynomialDecay: power must be");
  expect(() => onPlateau(1, { metric: "accuracy" })).toThrow("onPlateau: goal of a metric must be");
});

describe("a plateau", () => {
  const at = (history: Parameters<Schedule>[0]["history"]): Parameters<Schedule>[0] => ({
    ...{ step: 0, steps: 9, epoch: history.length, history },
  });
  const epoch = (value: number, validation?: number): Parameters<Schedule>[0]["history"][number] => ({
    loss: 1,
    metrics: { accuracy: value },
    ...(validation !== undefined && { validation: { loss: 1, metrics: { accuracy: validation } } }),
  });

  it("may be that of a metric, of the validation data if there is some", () => {
    const schedule = onPlateau(1, { metric: "accuracy", goal: "maximize", patience: 2, factor: 0.5 });
    expect(schedule(at([0.1, 0.2, 0.3].map((x) => epoch(x))))).toBe(1);
    expect(schedule(at([0.3, 0.2, 0.3].map((x) => epoch(x))))).toBe(0.5);
    expect(schedule(at([0.1, 0.2, 0.3].map((x) => epoch(x, 0.5))))).toBe(0.5);
    expect(() => schedule(at([{ loss: 1, metrics: {} }]))).toThrow("there are loss, got");
  });
});

const data = shapes({ size: 40, height: 6, width: 6, seed: 2 });
const net = () =>
  build(
    sequential([new Flatten(), new Dense({ units: 8 }), new BatchNorm(), new Dense({ units: 4 })]),
    data.shapes.input,
  );

it("fit follows a schedule by steps and by epochs", async () => {
  const learningRate = chain(0.1, linear(0.5, 1, { steps: 4 }), stepDecay(1, { epochs: 1, factor: 0.5 }));
  const found = steps(await all(fit(net(), data, { epochs: 2, batchSize: 16, optimizer: sgd({ learningRate }) })));
  expect(found.map((record) => record.learningRate)).toEqual(
    [0.5, 0.625, 0.75, 0.875 / 2, 0.5, 0.5].map((share) => expect.closeTo(0.1 * share, 12)),
  );
});

describe("the range test of learning rates", () => {
  it("grows the rate exponentially, finds the fall of the loss, and restores the model", async () => {
    const model = net();
    const before = await weightsOf(model);
    const optimizer = sgd();
    const found = await learningRateRange(model, data, {
      loss: crossEntropy,
      optimizer,
      steps: 40,
      from: 1e-4,
      to: 100,
    });
    expect(await weightsOf(model)).toEqual(before);
    expect(found.rates[0]).toBe(1e-4);
    const ratio = (100 / 1e-4) ** (1 / 39);
    for (const [i, rate] of found.rates.entries()) expect(rate / (1e-4 * ratio ** i)).toBeCloseTo(1, 9);
    expect(found.losses).toHaveLength(found.rates.length);
    expect(found.smoothed[0]).toBeCloseTo(found.losses[0]!, 12);
    // Neither so small that nothing changes, nor so large that the loss explodes.
    expect(found.suggested).toBeGreaterThan(1e-3);
    expect(found.suggested).toBeLessThan(10);
    const options = { loss: crossEntropy, optimizer, steps: 40, from: 1e-4, to: 100 };
    expect(await learningRateRange(model, data, options)).toEqual(found);
  });

  it("refuses a range that does not grow, and unknown options", async () => {
    const loss = meanSquaredError;
    await expect(learningRateRange(net(), data, { loss, from: 1, to: 0.1 })).rejects.toThrow(
      "to must be above from, 1",
    );
    await expect(learningRateRange(net(), data, { loss, stepps: 1 } as never)).rejects.toThrow(
      'unknown option "stepps"',
    );
  });
});
