import { Random } from "@convlens/backend";
import { reference } from "@convlens/backend-reference";
import { arrays, filter, fromStream, map, shapes, shuffle, split, type Numbers } from "@convlens/datasets";
import { build, Dense, Dropout, Flatten, ReLU, sequential, weightsOf, type Layer } from "@convlens/layers";
import { useBackend } from "@convlens/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import {
  accuracy,
  adam,
  cosineDecay,
  crossEntropy,
  evaluateModel,
  fit,
  meanOf,
  meanSquaredError,
  type Checkpoint,
  type FitOptions,
  type FitRecord,
} from "../src/index.ts";
import { all, curve, epochs, steps } from "./records.ts";

beforeAll(() => useBackend(reference()));

const data = shapes({ size: 40, height: 4, width: 4, seed: 3 });
const net = (): Layer =>
  build(
    sequential([
      new Flatten(),
      new Dense({ units: 8 }),
      new ReLU(),
      new Dropout({ rate: 0.2 }),
      new Dense({ units: 4 }),
    ]),
    data.shapes.input,
    { seed: 1 },
  );
const options: FitOptions = { epochs: 3, batchSize: 8, seed: 2, optimizer: adam({ learningRate: 0.02 }) };

describe("a share of the data for validation", () => {
  it("is set apart as split does it, class by class, and not trained on", async () => {
    const { train, test } = split(data, { test: 0.25, seed: 2 });
    expect(test.size).toBe(10);
    const [one, other] = [net(), net()];
    const shared = await all(fit(one, data, { ...options, validation: 0.25 }));
    expect(curve(shared)).toEqual(curve(await all(fit(other, train, { ...options, validation: test }))));
    expect(await weightsOf(one)).toEqual(await weightsOf(other));
  });

  it("goes on to the bit in a resumed run, and cannot be that of a stream", async () => {
    const own = { ...options, validation: 0.25 };
    const expected = curve(await all(fit(net(), data, own)));
    const run = fit(net(), data, own);
    await run.next();
    await run.next();
    const rest = await all(fit(net(), data, { ...own, resume: await run.checkpoint() }));
    expect(curve(rest)).toEqual(expected.slice(2));
    const stream = fromStream({ input: [1], target: [1] }, () => [] as { input: Numbers; target: Numbers }[]);
    expect(() =>
      fit(sequential([new Dense({ units: 1 })]), stream, { loss: meanSquaredError, validation: 0.5 }),
    ).toThrow("fit: a share of a stream cannot be set apart for validation; give validation a data set of its own");
  });
});

describe("checkpoints", () => {
  const written = async (checkpoints: Omit<NonNullable<FitOptions["checkpoints"]>, "write">) => {
    const found: { readonly epoch: number; readonly step: number; readonly checkpoint: Checkpoint }[] = [];
    const write = (checkpoint: Checkpoint, at: { readonly epoch: number; readonly step: number }): void =>
      void found.push({ ...at, checkpoint });
    await fit(net(), data, { ...options, checkpoints: { ...checkpoints, write } });
    return found;
  };

  it("are written by epoch, by step and by time", async () => {
    expect((await written({})).map(({ epoch, step }) => [epoch, step])).toEqual([
      [1, 5],
      [2, 10],
      [3, 15],
    ]);
    expect((await written({ everyEpochs: 2 })).map(({ epoch }) => epoch)).toEqual([2]);
    expect((await written({ everySteps: 4 })).map(({ step }) => step)).toEqual([4, 8, 12]);
    expect((await written({ everySeconds: 1e6 })).length).toBe(0);
    expect((await written({ everySeconds: 0 })).map(({ step }) => step)).toContain(7);
    expect((await written({ everySteps: 4, everyEpochs: 3 })).map(({ step }) => step)).toEqual([4, 8, 12]);
  });

  it("resume to the bit, and training waits until they are written", async () => {
    const expected = curve(await all(fit(net(), data, options)));
    for (const { checkpoint, step, epoch } of await written({ everySteps: 4 })) {
      expect(checkpoint.progress).toMatchObject({ step, epoch });
      const rest = await all(fit(net(), data, { ...options, resume: checkpoint }));
      expect(curve(rest)).toEqual(expected.slice(expected.length - rest.length));
    }
    let isWriting = false;
    const slow = fit(net(), data, {
      ...options,
      checkpoints: {
        everySteps: 1,
        write: async () => {
          isWriting = true;
          await new Promise((resolve) => setTimeout(resolve, 2));
          isWriting = false;
        },
      },
    });
    for await (const _ of slow) expect(isWriting).toBe(false);
    const failing = { write: () => Promise.reject(new Error("disk full")) };
    await expect(fit(net(), data, { ...options, checkpoints: failing })).rejects.toThrow("disk full");
  });
});

describe("early stopping by a metric", () => {
  it("stops at the largest accuracy of the validation data, and restores its weights", async () => {
    const noisy = map(data, ({ input }, random) => ({
      input,
      target: { values: Uint8Array.of(random.integer(4)), shape: [] },
    }));
    const model = net();
    const history = await fit(model, data, {
      ...{ ...options, epochs: 30, validation: noisy },
      earlyStopping: { metric: "accuracy", patience: 3, restoreBest: true },
    });
    expect(history.length).toBeLessThan(30);
    expect(history.at(-1)!.stopped).toBe(true);
    const values = history.map(({ validation }) => validation!.metrics.accuracy!);
    expect(values.indexOf(Math.max(...values))).toBe(history.length - 4);
    expect((await evaluateModel(model, noisy)).metrics.accuracy).toBe(Math.max(...values));
  });

  it("needs a metric that is measured, and says which are, or a goal", () => {
    const stop = (metric: string, more: object = {}): unknown =>
      fit(net(), data, {
        ...options,
        metrics: { accuracy, spread: meanOf((outputs) => outputs) },
        earlyStopping: { patience: 1, metric, ...more },
      });
    expect(() => stop("acuracy")).toThrow('metric must be "loss" or "accuracy" or "spread", got "acuracy"');
    expect(() => stop("spread")).toThrow(
      'the metric "spread" does not say whether smaller or larger values are better',
    );
    expect(() => stop("spread", { goal: "minimize" })).not.toThrow();
  });
});

/** Examples of a stream, and the indices at which it was opened. */
function source(seeks: boolean, opened: number[] = []) {
  const random = new Random(5);
  const inputs = random.normal(120 * 4, 0, 1);
  async function* examples(from: number): AsyncGenerator<{ readonly input: Numbers; readonly target: Numbers }> {
    opened.push(from);
    for (let i = from; i < 120; i++) {
      if (i % 16 === 0) await new Promise((resolve) => setTimeout(resolve));
      yield {
        input: { values: inputs.subarray(4 * i, 4 * i + 4), shape: [4] },
        target: { values: Uint8Array.of(i % 3), shape: [] },
      };
    }
  }
  const stream = fromStream({ input: [4], target: [] }, seeks ? (from) => examples(from) : () => examples(0));
  const kept = filter(stream, ({ input }) => input.values[0]! > -1);
  return map(shuffle(kept, { buffer: 20 }), ({ input, target }, change) => ({
    input: { ...input, values: change.normal(4, 0, 0.1).map((x, i) => x + input.values[i]!) },
    target,
  }));
}

describe("a stream", () => {
  const model = (): Layer =>
    sequential([new Dense({ units: 8 }), new ReLU(), new Dropout({ rate: 0.3 }), new Dense({ units: 3 })]);
  const own = { ...options, loss: crossEntropy };

  it.each([
    [true, 0, 2],
    [true, 3, 9],
    [false, 3, 13],
    [false, 0, 6],
  ] as const)(
    "filtered, mixed, augmented, stopped in mid-epoch and resumed gives one curve (seeks: %s, prefetch %i, stopped after %i)",
    async (seeks, prefetch, stop) => {
      const whole = model();
      const expected = curve(await all(fit(whole, source(true), own)));
      const before: FitRecord[] = [];
      const run = fit(model(), source(seeks), { ...own, prefetch });
      for await (const record of run) if (before.push(record) === stop) break;
      const opened: number[] = [];
      const second = model();
      const checkpoint = await run.checkpoint();
      const after = await all(fit(second, source(seeks, opened), { ...own, prefetch, resume: checkpoint }));
      expect(curve([...before, ...after])).toEqual(expected);
      expect(await weightsOf(second)).toEqual(await weightsOf(whole));
      if (seeks && checkpoint.progress.batch > 4) expect(Math.max(...opened)).toBeGreaterThan(0);
    },
  );

  it("without end needs stepsPerEpoch, which also serves schedules", async () => {
    const endless = fromStream({ input: [2], target: [1] }, function* () {
      for (let i = 0; ; i++)
        yield {
          input: { values: Float32Array.of(Math.sin(i), 1), shape: [2] },
          target: { values: Float32Array.of(2 * Math.sin(i)), shape: [1] },
        };
    });
    const line = (): Layer => sequential([new Dense({ units: 1 })]);
    const endlessly = {
      ...{ loss: meanSquaredError, epochs: 2, batchSize: 4, stepsPerEpoch: 7 },
      optimizer: adam({ learningRate: cosineDecay(0.1) }),
    };
    const records = await all(fit(line(), endless, endlessly));
    expect(steps(records).map(({ batch, batches }) => [batch, batches])).toEqual(
      [1, 2, 3, 4, 5, 6, 7, 1, 2, 3, 4, 5, 6, 7].map((batch) => [batch, 7]),
    );
    expect(steps(records)[7]!.learningRate).toBeCloseTo(0.05, 12);
    expect(epochs(records)).toHaveLength(2);
    const short = { ...endlessly, stepsPerEpoch: undefined, batchSize: 8 };
    await expect(fit(line(), endless, short)).rejects.toThrow(
      "this schedule needs the number of steps; give stepsPerEpoch",
    );
    const empty = fromStream({ input: [2], target: [1] }, () => [] as { input: Numbers; target: Numbers }[]);
    await expect(fit(line(), empty, { loss: meanSquaredError })).rejects.toThrow("fit: the data has no examples");
  });

  it("gives the same with batches made ahead, whose source is closed at the end and after break", async () => {
    let open = 0;
    const closing = () =>
      fromStream({ input: [1], target: [1] }, async function* () {
        open++;
        try {
          for (let i = 0; i < 40; i++) {
            await new Promise((resolve) => setTimeout(resolve));
            const one = { values: Float32Array.of(i / 40), shape: [1] };
            yield { input: one, target: one };
          }
        } finally {
          open--;
        }
      });
    const line = (): Layer => sequential([new Dense({ units: 1 })]);
    const own2 = { loss: meanSquaredError, batchSize: 8, epochs: 2 };
    const expected = curve(await all(fit(line(), closing(), own2)));
    for (const prefetch of [1, 4])
      expect(curve(await all(fit(line(), closing(), { ...own2, prefetch })))).toEqual(expected);
    expect(open).toBe(0);
    for await (const _ of fit(line(), closing(), { ...own2, prefetch: 2 })) break;
    expect(open).toBe(0);
  });
});

describe("metrics", () => {
  it("of another name cannot go on in the middle of an epoch, but after it", async () => {
    const own = { ...options, loss: crossEntropy, metrics: { accuracy } };
    const run = fit(net(), data, own);
    await run.next();
    const resume = await run.checkpoint();
    for (const metrics of [{ other: accuracy }, { accuracy, other: accuracy }, {}])
      expect(() => fit(net(), data, { ...own, metrics, resume })).toThrow(
        "metrics must be accuracy, as in the checkpoint",
      );
    let atEnd: Checkpoint | undefined;
    await fit(net(), data, { ...own, epochs: 1, checkpoints: { write: (checkpoint) => void (atEnd = checkpoint) } });
    const history = await fit(net(), data, { ...own, epochs: 2, metrics: { other: accuracy } as never, resume: atEnd });
    expect(history.map(({ metrics }) => Object.keys(metrics))).toEqual([["accuracy"], ["other"]]);
  });

  it("are evaluated with the loss that is given, each time", async () => {
    const metrics = { accuracy };
    const model = net();
    const plain = await evaluateModel(model, data, { loss: crossEntropy, metrics });
    const smooth = crossEntropy({ smoothing: 0.5 });
    const other = await evaluateModel(model, data, { loss: smooth, metrics });
    expect(other.loss).not.toBe(plain.loss);
    expect(other.metrics).toEqual(plain.metrics);
    expect(await evaluateModel(model, data, { loss: crossEntropy, metrics })).toEqual(plain);
    expect(await evaluateModel(model, data, { loss: crossEntropy, metrics: {} })).toMatchObject({ metrics: {} });
  });
});

it("a data set whose examples must be awaited trains like one in memory, and its errors are thrown", async () => {
  const later = map(data, async ({ input, target }) => {
    await new Promise((resolve) => setTimeout(resolve));
    return { input, target };
  });
  const own = { ...options, loss: crossEntropy };
  const expected = curve(await all(fit(net(), data, own)));
  for (const prefetch of [0, 2]) expect(curve(await all(fit(net(), later, { ...own, prefetch })))).toEqual(expected);
  const broken = map(data, ({ input, target }, random) => {
    if (random.next() < 0.1) throw new Error("unreadable");
    return { input, target };
  });
  for (const prefetch of [0, 2]) await expect(fit(net(), broken, { ...own, prefetch })).rejects.toThrow("unreadable");
});

it("two fits of one data set beside each other do not disturb each other", async () => {
  const numbers = arrays({
    inputs: { values: new Random(1).normal(60, 0, 1), shape: [30, 2] },
    targets: { values: new Random(2).normal(30, 0, 1), shape: [30, 1] },
  });
  const line = (): Layer => sequential([new Dense({ units: 3 }), new ReLU(), new Dense({ units: 1 })]);
  const own = { loss: meanSquaredError, batchSize: 7, epochs: 3 };
  const alone = await fit(line(), numbers, own);
  const [one, two] = await Promise.all([fit(line(), numbers, own), fit(line(), numbers, own)]);
  expect(curve(one)).toEqual(curve(alone));
  expect(curve(two)).toEqual(curve(alone));
});
