import { Random } from "@convlens/backend";
import { reference } from "@convlens/backend-reference";
import { augment, batches, arrays, flipHorizontal, map, noise, shapes, shift, subset, take } from "@convlens/datasets";
import { mnist } from "@convlens/datasets/node";
import {
  BatchNorm,
  build,
  Conv2d,
  Dense,
  Dropout,
  Flatten,
  MaxPool2d,
  parameters,
  ReLU,
  sequential,
  weightsOf,
  type Layer,
} from "@convlens/layers";
import { compile, gradients, multiply, subtract, useBackend, type Tensor } from "@convlens/tensor";
import { beforeEach, describe, expect, it } from "vitest";
import {
  adam,
  crossEntropy,
  evaluateModel,
  fit,
  loadCheckpoint,
  readCheckpoint,
  writeCheckpoint,
  meanSquaredError,
  oneCycle,
  sgd,
  type FitOptions,
  type FitRecord,
  type StepRecord,
} from "../src/index.ts";
import { all, curve, epochs, steps } from "./records.ts";

beforeEach(() => useBackend(reference()));

const small = (classes = 4): Layer =>
  sequential([
    ...[
      new Conv2d({ filters: 4, kernelSize: 3, padding: "same" }),
      new BatchNorm(),
      new ReLU(),
      new MaxPool2d({ kernelSize: 2 }),
    ],
    ...[new Flatten(), new Dropout({ rate: 0.2 }), new Dense({ units: classes })],
  ]);
const data = shapes({ size: 100, height: 12, width: 12, seed: 3 });
const options = (): FitOptions => ({
  epochs: 2,
  batchSize: 16,
  optimizer: adam({ learningRate: oneCycle(0.01) }),
  seed: 7,
  augment: augment(shift(1), flipHorizontal(), noise(0.05)),
  validation: take(data, 40),
});

describe("one seed, one curve", () => {
  it("the same seed gives the same losses and weights to the bit, and another seed others", async () => {
    const run = async (seed: number): Promise<[unknown, unknown]> => {
      const model = small();
      return [curve(await all(fit(model, data, { ...options(), seed }))), await weightsOf(model)];
    };
    const first = await run(7);
    expect(await run(7)).toEqual(first);
    expect(await run(8)).not.toEqual(first);
  });

  it("stopped anywhere and resumed, training continues to the bit: dropout, statistics, augmentation, Adam", async () => {
    const whole = small();
    const expected = curve(await all(fit(whole, data, options())));
    // In the first epoch, at its last step, after it, and in the second.
    for (const stop of [2, 7, 8, 11]) {
      const before: FitRecord[] = [];
      const training = fit(small(), data, options());
      for await (const record of training) {
        before.push(record);
        if (before.length === stop) break;
      }
      const file = writeCheckpoint(await training.checkpoint());
      const model = small();
      const after = await all(fit(model, data, { ...options(), resume: readCheckpoint(file) }));
      expect(curve([...before, ...after]), `stopped after ${stop} records`).toEqual(expected);
      expect(await weightsOf(model)).toEqual(await weightsOf(whole));
      const other = build(small(), data.shapes.input);
      loadCheckpoint(other, file);
      expect((await weightsOf(other)).size).toBe((await weightsOf(model)).size);
    }
  });

  it("a checkpoint of other data, options or optimizer is refused", async () => {
    const training = fit(small(), data, options());
    await training.next();
    const resume = await training.checkpoint();
    expect(() => fit(small(), take(data, 90), { ...options(), resume })).toThrow(
      "resume: the number of examples must be 100, as in the checkpoint, got 90",
    );
    expect(() => fit(small(), data, { ...options(), resume, batchSize: 8 })).toThrow(
      "resume: the batch size must be 16, as in the checkpoint, got 8",
    );
    expect(() => fit(small(), data, { ...options(), resume, seed: 1 })).toThrow(
      "resume: the seed must be 7, as in the checkpoint, got 1",
    );
    expect(() => fit(small(), data, { ...options(), resume, optimizer: sgd() })).toThrow("made with another optimizer");
    expect(() => fit(small(5), data, { ...options(), resume })).toThrow(/"layers\.6\.weights" must be/);
    const file = writeCheckpoint(resume);
    expect(() => readCheckpoint(file.subarray(0, file.length - 4))).toThrow(/safetensors/);
    expect(() => fit(small(), data, { ...options(), resume: file as never })).toThrow("as readCheckpoint reads it");
  });
});

describe("fit", () => {
  it("returns a record for each step and each epoch", async () => {
    const records = await all(fit(small(), data, options()));
    expect([steps(records).length, epochs(records).length]).toEqual([14, 2]);
    const [first] = steps(records);
    expect(first).toMatchObject({ kind: "step", epoch: 0, step: 1, batch: 1, batches: 7 });
    for (const record of steps(records)) {
      expect(record.gradientNorm).toBeGreaterThan(0);
      expect(record.updateRatio).toBeGreaterThan(0);
      expect(record.updateRatio).toBeLessThan(1);
      expect(record.examplesPerSecond).toBeGreaterThan(0);
    }
    const [epoch] = epochs(records);
    // Six batches of 16, and one of 4.
    const own = steps(records).slice(0, 7);
    const mean = (of: (record: StepRecord) => number): number =>
      own.reduce((sum, record, i) => sum + of(record) * (i < 6 ? 16 : 4), 0) / 100;
    expect(epoch?.loss).toBeCloseTo(
      mean(({ loss }) => loss),
      10,
    );
    expect(epoch?.metrics.accuracy).toBeCloseTo(
      mean(({ metrics }) => metrics.accuracy!),
      10,
    );
    expect(epoch).toMatchObject({
      validation: { loss: expect.any(Number), metrics: { accuracy: expect.any(Number) } },
      stopped: false,
    });
  });

  it.each([100, 16, 5])(
    "trains on all of %i examples in batches of 16, the last one smaller, like a plain loop",
    async (size) => {
      const few = take(data, size);
      const make = (): Layer =>
        build(sequential([new Flatten(), new Dense({ units: 4 })]), few.shapes.input, { seed: 3 });
      const model = make();
      const records = await all(
        fit(model, few, { epochs: 3, batchSize: 16, seed: 3, optimizer: sgd({ learningRate: 0.1 }) }),
      );

      const other = make();
      const learned = [...parameters(other).values()];
      const step = compile((inputs: Tensor, labels: Tensor) => {
        const loss = crossEntropy(other.call(inputs), labels);
        const all = gradients(loss, learned);
        learned.forEach((parameter, i) => parameter.assign(subtract(parameter, multiply(all[i]!, 0.1))));
        return loss;
      });
      const losses: number[] = [];
      const means: number[] = [];
      for (let epoch = 0; epoch < 3; epoch++) {
        let sum = 0;
        for await (const { inputs, targets, size: count } of batches(few, {
          ...{ size: 16, shuffle: true, seed: 3, epoch },
        })) {
          losses.push((await step(inputs, targets)).knownValue);
          sum += losses.at(-1)! * count;
        }
        means.push(sum / size);
      }
      expect(losses).toHaveLength(3 * Math.ceil(size / 16));
      steps(records).forEach(({ loss }, i) => expect(loss).toBeCloseTo(losses[i]!, 6));
      epochs(records).forEach(({ loss }, i) => expect(loss).toBeCloseTo(means[i]!, 6));
      const expected = await weightsOf(other);
      for (const [path, { values }] of await weightsOf(model))
        values.forEach((value, i) => expect(value).toBeCloseTo(expected.get(path)!.values[i]!, 6));
    },
  );

  it("starts at the loss of chance, and memorises 20 digits", { timeout: 120_000 }, async () => {
    const digits = subset(
      (await mnist()).train,
      Array.from({ length: 20 }, (_, i) => i),
    );
    const model = sequential([
      new Conv2d({ filters: 4, kernelSize: 5, stride: 2, padding: 2, geometry: "floor" }),
      new ReLU(),
      new Flatten(),
      new Dense({ units: 10, initializer: (shape) => new Float32Array(shape[0]! * shape[1]!) }),
    ]);
    let first: number | undefined;
    let last = Infinity;
    for await (const record of fit(model, digits, {
      epochs: 150,
      batchSize: 20,
      optimizer: adam({ learningRate: 0.01 }),
    })) {
      if (record.kind === "epoch") continue;
      first ??= record.loss;
      last = record.loss;
      if (last < 1e-3) break;
    }
    expect(first).toBeCloseTo(Math.LN10, 5);
    expect(last).toBeLessThan(1e-3);
  });

  it("keeps frozen parameters to the bit, and uses the learning rates of groups", async () => {
    const model = build(small(), data.shapes.input, { seed: 7 });
    const before = await weightsOf(model);
    await all(
      fit(model, data, {
        ...options(),
        epochs: 1,
        groups: [
          { match: "layers.0", frozen: true },
          { match: /bias$/, learningRate: 0 },
        ],
      }),
    );
    const after = await weightsOf(model);
    for (const name of ["layers.0.filters", "layers.0.bias", "layers.6.bias"])
      expect(after.get(name), name).toEqual(before.get(name));
    expect(after.get("layers.6.weights")).not.toEqual(before.get("layers.6.weights"));
    expect(() => fit(model, data, { groups: [{ match: "layers.9" }] })).toThrow(/"layers\.9" matches no parameter/);
  });

  it("shortens gradients that are too long", async () => {
    const moved = async (clip: object): Promise<number> => {
      const model = build(small(), data.shapes.input, { seed: 1 });
      const before = await weightsOf(model);
      const [step] = await all(
        fit(model, data, { batchSize: 100, optimizer: sgd({ learningRate: 1 }), seed: 1, ...clip }),
      );
      const after = await weightsOf(model);
      let sum = 0;
      for (const path of parameters(model).keys())
        after.get(path)!.values.forEach((x, i) => (sum += (x - before.get(path)!.values[i]!) ** 2));
      expect((step as StepRecord).gradientNorm).toBeGreaterThan(0.1);
      return Math.sqrt(sum);
    };
    expect(await moved({ clip: { norm: 0.01 } })).toBeCloseTo(0.01, 6);
    expect(await moved({ clip: { value: 1e-9 } })).toBeLessThan(1e-6);
    expect(await moved({})).toBeGreaterThan(0.1);
  });

  it("stops early when the loss does not fall any more, and restores the best weights", async () => {
    const model = small();
    const noisy = map(data, ({ input }, random) => ({
      input,
      target: { values: Uint8Array.of(random.integer(4)), shape: [] },
    }));
    const stopping = { patience: 1, restoreBest: true };
    const records = epochs(
      await all(
        fit(model, data, {
          epochs: 30,
          batchSize: 20,
          optimizer: adam({ learningRate: 0.05 }),
          seed: 2,
          validation: noisy,
          earlyStopping: stopping,
        }),
      ),
    );
    expect(records.length).toBeLessThan(30);
    expect(records.map(({ stopped }) => stopped).indexOf(true)).toBe(records.length - 1);
    const best = Math.min(...records.map(({ validation }) => validation!.loss));
    expect((await evaluateModel(model, noisy)).loss).toBeCloseTo(best, 5);
  });

  it("can be aborted, and stopped by its reader", async () => {
    const controller = new AbortController();
    let seen = 0;
    const run = async (): Promise<void> => {
      for await (const _ of fit(small(), data, { ...options(), signal: controller.signal }))
        if (++seen === 2) controller.abort(new Error("enough"));
    };
    await expect(run()).rejects.toThrow("enough");
    expect(seen).toBe(2);
    for await (const _ of fit(small(), data, options())) break;
  });

  it("reports a loss that is not finite, or continues if asked to", async () => {
    await expect(all(fit(small(), data, { ...options(), optimizer: sgd({ learningRate: 1e38 }) }))).rejects.toThrow(
      /^step \d+: fit: the loss \(epoch 0, learning rate 1e\+38\) must be finite, got (NaN|Infinity); use a lower/,
    );
    expect(
      await all(
        fit(small(), data, {
          ...options(),
          optimizer: sgd({ learningRate: 1e38 }),
          onNaN: "continue",
          epochs: 1,
          validation: undefined as never,
        }),
      ),
    ).toHaveLength(8);
  });

  it("refuses data that does not fit the model", () => {
    expect(() => fit(small(3), data, options())).toThrow(
      "the data: a label must be from 0 to 2, since the model has 3 outputs, got 3; give its last layer 4 units",
    );
    expect(() => fit(sequential([new Dense({ units: 4 })]), data, options())).toThrow(
      /layers\.0 \(Dense\): .*put a Flatten before it/,
    );
  });

  it("trains regressions as well as classifiers", async () => {
    const random = new Random(1);
    const inputs = random.uniform(200, -1, 1);
    // Targets are 3 if x > 0, otherwise 1.
    const line = arrays({
      inputs: { values: inputs, shape: [200, 1] },
      targets: { values: inputs.map((x) => (x > 0 ? 3 : 1)), shape: [200, 1] },
    });
    const model = sequential([new Dense({ units: 8 }), new ReLU(), new Dense({ units: 1 })]);
    const records = steps(
      await all(
        fit(model, line, {
          epochs: 40,
          batchSize: 50,
          optimizer: adam({ learningRate: 0.03 }),
          loss: meanSquaredError,
          seed: 1,
        }),
      ),
    );
    expect(records.at(-1)?.loss).toBeLessThan(records[0]!.loss / 5);
  });
});
