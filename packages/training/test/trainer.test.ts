import { Random } from "@convlens/backend";
import { reference } from "@convlens/backend-reference";
import { arrays, batches, batchOf, fromExamples, shapes } from "@convlens/datasets";
import {
  BatchNorm,
  build,
  Dense,
  Dropout,
  Flatten,
  parameters,
  ReLU,
  sequential,
  setWeights,
  weightsOf,
  type Layer,
  type Mode,
} from "@convlens/layers";
import { add, mean, multiply, reshape, useBackend, Variable, zeros, type Tensor } from "@convlens/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import {
  accuracy,
  confusionMatrix,
  readCheckpoint,
  readTrainerState,
  writeCheckpoint,
  writeTrainerState,
  type TrainerState,
  cosineSimilarityLoss,
  diceLoss,
  f1,
  focal,
  psnr,
  rocAuc,
  totalVariation,
  adam,
  adamW,
  crossEntropy,
  evaluateModel,
  fit,
  huber,
  mae,
  meanSquaredError,
  metricOf,
  noDecay,
  sgd,
  Trainer,
  weightedSum,
  type Loss,
  type TrainerOptions,
} from "../src/index.ts";
import { all, curve, epochs, steps } from "./records.ts";

beforeAll(() => useBackend(reference()));

const data = shapes({ size: 32, height: 4, width: 4, seed: 3 });
const net = (): Layer =>
  build(sequential([new Flatten(), new Dense({ units: 6 }), new ReLU(), new Dense({ units: 4 })]), data.shapes.input, {
    seed: 1,
  });
const randomNet = (): Layer =>
  build(
    sequential([
      new Flatten(),
      new Dense({ units: 6 }),
      new BatchNorm(),
      new Dropout({ rate: 0.3 }),
      new Dense({ units: 4 }),
    ]),
    data.shapes.input,
    { seed: 1 },
  );
const weightsClose = async (a: object, b: object, digits: number): Promise<void> => {
  const expected = await weightsOf(b);
  for (const [path, { values }] of await weightsOf(a))
    values.forEach((x, i) => expect(x, path).toBeCloseTo(expected.get(path)!.values[i]!, digits));
};

describe("accumulated gradients", () => {
  it("of 4 batches of 8 with weights of examples are those of one of 32, to 3e-8", async () => {
    useBackend(reference({ precision: "float64" }));
    const weights = Float32Array.from({ length: 32 }, (_, i) => (i * 7) % 5);
    const inputs = batchOf(
      data,
      Array.from({ length: 32 }, (_, i) => i),
    ).inputs.knownValues;
    const weighted = arrays({
      inputs: { values: Float32Array.from(inputs), shape: [32, 4, 4, 1] },
      targets: { values: data.labels, shape: [32] },
      weights,
    });
    const options = { loss: crossEntropy, optimizer: sgd({ learningRate: 0.5, momentum: 0.9 }), epochs: 3, seed: 2 };
    const [one, four] = [net(), net()];
    const whole = await all(fit(one, weighted, { ...options, batchSize: 32 }));
    const parts = await all(fit(four, weighted, { ...options, batchSize: 8, accumulate: 4 }));
    await weightsClose(four, one, 7);
    expect(steps(parts).map(({ step }) => step)).toEqual([0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3]);
    epochs(parts).forEach(({ loss }, i) => expect(loss).toBeCloseTo(epochs(whole)[i]!.loss, 6));
    useBackend(reference());
  });

  it("go on to the bit where a run was stopped between two batches of one update", async () => {
    const options = { batchSize: 4, accumulate: 3, epochs: 3, seed: 4, clip: { norm: 0.5 }, ema: 0.9 };
    const whole = randomNet();
    const expected = curve(await all(fit(whole, data, options)));
    for (const stop of [1, 2, 7, 11]) {
      const run = fit(randomNet(), data, { ...options, prefetch: 2 });
      const before = [];
      for await (const record of run) {
        before.push(record);
        if (before.length === stop) break;
      }
      const model = randomNet();
      const after = await all(fit(model, data, { ...options, resume: await run.checkpoint() }));
      expect(curve([...before, ...after])).toEqual(expected);
      expect(await weightsOf(model)).toEqual(await weightsOf(whole));
    }
  });
});

it("large examples are evaluated in small batches", async () => {
  const sizes: number[] = [];
  class Counting implements Layer {
    readonly scale = new Variable([1], []);
    call(x: Tensor): Tensor {
      sizes.push(x.shape[0]!);
      return multiply(mean(x, [1, 2]), this.scale);
    }
  }
  const image = { values: new Uint8Array(1024 * 2048), shape: [1024, 2048, 1] };
  const target = { values: Float32Array.of(0), shape: [1] };
  const large = fromExamples(Array.from({ length: 3 }, () => ({ input: image, target })));
  expect(await evaluateModel(new Counting(), large, { loss: meanSquaredError, metrics: { mae } })).toEqual({
    ...{ loss: 0, metrics: { mae: 0 } },
  });
  expect(Math.max(...sizes)).toBe(2);
});

describe("averaged weights", () => {
  const options = { loss: crossEntropy, optimizer: adam({ learningRate: 0.05 }), seed: 5 };

  it("do not change training, whether they are evaluated or not", async () => {
    const trained = async (ema: number | undefined, isEvaluated: boolean): Promise<unknown> => {
      const model = randomNet();
      const trainer = new Trainer(model, { ...options, ...(ema !== undefined && { ema }) });
      for await (const batch of batches(data, { size: 8 })) {
        await trainer.step(batch);
        if (isEvaluated) await trainer.evaluate(data);
      }
      return weightsOf(model);
    };
    const plain = await trained(undefined, false);
    expect(await trained(0.9, false)).toEqual(plain);
    expect(await trained(0.9, true)).toEqual(plain);
  });

  it("are moving averages, which evaluation uses and fit leaves in the model", async () => {
    const model = net();
    const trainer = new Trainer(model, { ...options, ema: 0.5 });
    let expected = (await weightsOf(model)).get("layers.1.weights")!.values.map(Number);
    for await (const batch of batches(data, { size: 8 })) {
      await trainer.step(batch);
      const now = (await weightsOf(model)).get("layers.1.weights")!.values;
      expected = expected.map((x, i) => 0.5 * x + 0.5 * now[i]!);
    }
    const averages = (await trainer.averages())!;
    averages.get("layers.1.weights")!.forEach((x, i) => expect(x).toBeCloseTo(expected[i]!, 6));
    const other = net();
    setWeights(
      other,
      new Map([...(await weightsOf(other))].map(([path, { shape }]) => [path, { shape, values: averages.get(path)! }])),
    );
    const { loss, metrics } = await trainer.evaluate(data);
    const evaluation = await evaluateModel(other, data);
    expect(loss).toBeCloseTo(evaluation.loss, 6);
    expect(metrics).toEqual(evaluation.metrics);
    const fitted = net();
    await fit(fitted, data, { ...options, batchSize: 8, shuffle: false, ema: 0.5 });
    expect((await evaluateModel(fitted, data)).loss).toBeCloseTo(evaluation.loss, 6);
  });
});

describe("the state of a Trainer", () => {
  const options = { loss: crossEntropy, optimizer: adam({ learningRate: 0.05 }), seed: 5, accumulate: 2, ema: 0.9 };
  const trained = async (trainer: Trainer, from: number, to: number): Promise<unknown[]> => {
    const done: unknown[] = [];
    for await (const batch of batches(data, { size: 4, from })) {
      if (from++ >= to) break;
      done.push(await trainer.step(batch));
    }
    return done;
  };

  it("restores another one, to the bit", async () => {
    const [model, other] = [randomNet(), randomNet()];
    const trainer = new Trainer(model, options);
    await trained(trainer, 0, 3);
    const state = readTrainerState(writeTrainerState(await trainer.state()));
    const rest = await trained(trainer, 3, 8);
    const second = new Trainer(other, options);
    second.restore(state);
    expect([second.batches, second.steps]).toEqual([3, 1]);
    expect(await trained(second, 3, 8)).toEqual(rest);
    expect(await weightsOf(other)).toEqual(await weightsOf(model));
    expect(await second.averages()).toEqual(await trainer.averages());
    expect(await second.state()).toEqual(await trainer.state());
  });

  it("is refused by a trainer with other options, and damaged or of fit, and changes nothing", async () => {
    const trainer = new Trainer(net(), options);
    await trained(trainer, 0, 3);
    const state = await trainer.state();
    const run = fit(net(), data, { batchSize: 8 });
    await run.next();
    const ofFit = await run.checkpoint();
    const cases: readonly (readonly [Partial<TrainerOptions>, TrainerState, RegExp])[] = [
      [{ optimizer: sgd() }, state, /another optimizer/],
      [{ accumulate: 1 }, state, /another option accumulate/],
      [{ ema: undefined }, state, /another option ema/],
      [{}, ofFit, /another/],
    ];
    for (const [more, other, message] of cases) {
      const model = net();
      const before = await weightsOf(model);
      expect(() => new Trainer(model, { ...options, ...more }).restore(other)).toThrow(message);
      expect(await weightsOf(model)).toEqual(before);
    }
    expect(() => fit(net(), data, { batchSize: 8, resume: state as never })).toThrow("a checkpoint");
    const file = writeTrainerState(state);
    expect(() => readTrainerState(file.slice(0, -1))).toThrow("safetensors");
    expect(() => readTrainerState(writeCheckpoint(ofFit))).not.toThrow();
    expect(() => readCheckpoint(file)).toThrow("progress");
  });
});

describe("groups", () => {
  it("without decay leave biases and scales of normalisation as an optimizer without decay does", async () => {
    const inputs = batchOf(data, [0, 1, 2, 3, 4, 5]);
    const step = async (
      groups: TrainerOptions["groups"],
      weightDecay: number,
    ): Promise<Map<string, ArrayLike<number>>> => {
      const model = build(
        sequential([new Flatten(), new Dense({ units: 6 }), new BatchNorm(), new Dense({ units: 4 })]),
        data.shapes.input,
        { seed: 1 },
      );
      const trainer = new Trainer(model, {
        ...{ loss: crossEntropy, optimizer: adamW({ learningRate: 0.1, weightDecay }), groups },
      });
      await trainer.step(inputs);
      return new Map([...(await weightsOf(model))].map(([path, { values }]) => [path, values]));
    };
    const [grouped, without, decayed] = [await step([noDecay], 0.5), await step([], 0), await step([], 0.5)];
    // In the first step the gradients are the same.
    for (const [path, values] of grouped)
      expect(values, path).toEqual((path.endsWith("weights") ? decayed : without).get(path));
    const own = await step([{ match: /./, weightDecay: 0 }], 0.5);
    expect(own).toEqual(without);
    expect(await step([{ match: /./, weightDecay: 0.5 }], 0)).toEqual(decayed);
    expect(await step([noDecay, { match: /./, weightDecay: 0.5 }], 0)).toEqual(grouped);
  });
});

describe("weights of examples", () => {
  it("count like copies of the examples", async () => {
    const random = new Random(3);
    const [x, y] = [random.normal(12, 0, 1), random.normal(6, 0, 1)];
    const weights = [0, 1, 2, 3, 1, 1];
    const repeated = weights.flatMap((count, i) => Array<number>(count).fill(i));
    const model = () =>
      build(sequential([new Dense({ units: 4 }), new ReLU(), new Dense({ units: 1 })]), [2], { seed: 1 });
    const weighted = arrays({
      inputs: { values: x, shape: [6, 2] },
      targets: { values: y, shape: [6, 1] },
      weights,
    });
    const copies = arrays({
      inputs: { values: Float32Array.from(repeated.flatMap((i) => [x[2 * i]!, x[2 * i + 1]!])), shape: [8, 2] },
      targets: { values: Float32Array.from(repeated, (i) => y[i]!), shape: [8, 1] },
    });
    const options = {
      loss: meanSquaredError,
      epochs: 5,
      batchSize: 8,
      optimizer: sgd({ learningRate: 0.1 }),
      shuffle: false,
    };
    const [a, b] = [model(), model()];
    const one = await fit(a, weighted, { ...options, validation: weighted });
    const two = await fit(b, copies, { ...options, validation: copies });
    await weightsClose(a, b, 5);
    one.forEach(({ loss, validation }, i) => {
      expect(loss).toBeCloseTo(two[i]!.loss, 5);
      expect(validation!.loss).toBeCloseTo(two[i]!.validation!.loss, 5);
    });
  });

  it("are refused by a loss of one's own that does not take them", async () => {
    const weighted = arrays({
      inputs: { values: new Float32Array(4), shape: [2, 2] },
      targets: { values: new Float32Array(2), shape: [2, 1] },
      weights: [1, 2],
    });
    const model = build(sequential([new Dense({ units: 1 })]), [2]);
    const loss = (outputs: Tensor, targets: Tensor): Tensor => meanSquaredError(outputs, targets);
    await expect(fit(model, weighted, { loss })).rejects.toThrow(
      "the examples have weights, and the loss does not take them",
    );
  });
});

describe("the reduction of a loss", () => {
  it("scales the gradient of a step: the sum is the mean times the number of losses", async () => {
    const trained = async (loss: Loss, learningRate: number): Promise<readonly [Layer, number]> => {
      const model = net();
      const trainer = new Trainer(model, { loss, optimizer: sgd({ learningRate }) });
      return [model, (await trainer.step(batchOf(data, [0, 1, 2, 3, 4]))).loss];
    };
    const [[mean, meanLoss], [sum, sumLoss]] = [
      await trained(crossEntropy, 0.5),
      await trained(crossEntropy({ reduction: "sum" }), 0.1),
    ];
    expect(sumLoss).toBeCloseTo(5 * meanLoss, 4);
    await weightsClose(sum, mean, 5);
  });

  it('cannot be "none" in training', () => {
    expect(() => fit(net(), data, { loss: crossEntropy({ reduction: "none" }) })).toThrow(
      'crossEntropy: reduction must be "mean" or "sum" in training, got "none"',
    );
  });
});

/** A model of two inputs and two outputs. */
class TwoHeads implements Layer<{ image: Tensor; meta: Tensor }, { label: Tensor; value: Tensor }> {
  readonly image = sequential([new Flatten(), new Dense({ units: 8 }), new ReLU()]);
  readonly meta = new Dense({ units: 8 });
  readonly label = new Dense({ units: 2 });
  readonly value = new Dense({ units: 1 });
  readonly call = ({ image, meta }: { image: Tensor; meta: Tensor }, mode?: Mode): { label: Tensor; value: Tensor } => {
    const x = add(this.image.call(image, mode), this.meta.call(meta, mode));
    return { label: this.label.call(x, mode), value: this.value.call(x, mode) };
  };
}

/** A loss that never fits. */
const meanSquaredErrorOfLabels = (outputs: Tensor, targets: Tensor): Tensor =>
  meanSquaredError(reshape(outputs, [outputs.size]), targets);

describe("several inputs and outputs", () => {
  const random = new Random(8);
  const [image, meta] = [random.normal(64 * 4, 0, 1), random.normal(64 * 3, 0, 1)];
  const twice = arrays({
    inputs: { image: { values: image, shape: [64, 2, 2, 1] }, meta: { values: meta, shape: [64, 3] } },
    targets: {
      label: {
        values: Uint8Array.from({ length: 64 }, (_, i) => (image[4 * i]! + meta[3 * i]! > 0 ? 1 : 0)),
        shape: [64],
      },
      value: {
        values: Float32Array.from({ length: 64 }, (_, i) => image[4 * i + 1]! - meta[3 * i + 1]!),
        shape: [64, 1],
      },
    },
  });
  const loss = weightedSum({ label: crossEntropy, value: [huber, 0.5] });

  it("learn together, with a metric of each", async () => {
    const history = await fit(new TwoHeads(), twice, {
      ...{ loss, epochs: 40, batchSize: 16, optimizer: adam({ learningRate: 0.03 }), validation: twice, seed: 1 },
      metrics: { accuracy: metricOf("label", accuracy), error: metricOf("value", mae) },
    });
    const { metrics } = history.at(-1)!.validation!;
    expect(metrics.accuracy).toBeGreaterThan(0.95);
    expect(metrics.error).toBeLessThan(0.3);
  });

  it("that do not belong together are named before the first step", () => {
    const model = build(new TwoHeads(), { image: [2, 2, 1], meta: [3] } as never);
    expect(() => fit(model, twice, { loss: weightedSum({ label: crossEntropy, box: huber }) as never })).toThrow(
      /the loss does not fit outputs \{ label: \[2\], value: \[1\] \} of the model and targets \{ label: \[\], value: \[1\] \} of the data: .*there is no output "box"/,
    );
    expect(() =>
      fit(model, twice, { loss: weightedSum({ label: crossEntropy, value: meanSquaredErrorOfLabels }) }),
    ).toThrow(/does not fit outputs .*meanSquaredError: the shape of the targets/);
  });
});

describe("a loss that does not fit model and data", () => {
  it("or a metric that compares one output, is an error that names several outputs and the way to choose", () => {
    const two = { label: zeros([2, 3]), box: zeros([2, 4]) };
    for (const loss of [crossEntropy, focal, diceLoss, totalVariation, huber, cosineSimilarityLoss])
      expect(() => loss(two as never, two as never)).toThrow(
        /^\w+: the output must be one tensor, got several: label, box; compare each with its own target by weightedSum/,
      );
    for (const metric of [accuracy, mae, f1, confusionMatrix, rocAuc, psnr])
      expect(() => metric.record(two as never, two as never)).toThrow(
        /^\w+: the output must be one tensor, got several: label, box; choose one with metricOf/,
      );
  });

  it("is an error that names the outputs and the targets, before the first step", () => {
    const values = arrays({
      inputs: { values: new Float32Array(8), shape: [4, 2] },
      targets: { values: new Float32Array(4), shape: [4] },
    });
    const model = sequential([new Dense({ units: 1 })]);
    expect(() => fit(model, values, { loss: meanSquaredError })).toThrow(
      "fit: the loss does not fit outputs [1] of the model and targets [] of the data: meanSquaredError: the shape of the targets must be that of the outputs, [4, 1], got [4]; reshape one of them",
    );
    expect(() =>
      fit(sequential([new Dense({ units: 3 })]), values, { loss: weightedSum({ a: huber }) as never }),
    ).toThrow(
      'the loss does not fit outputs [3] of the model and targets [] of the data: weightedSum: there is no output "a"; the outputs are one tensor',
    );
    expect([...parameters(model).keys()]).toEqual(["layers.0.weights", "layers.0.bias"]);
  });
});
