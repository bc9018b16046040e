import { cpu } from "@convlens/backend-cpu";
import { reference } from "@convlens/backend-reference";
import { batchOf, shapes, type Classification } from "@convlens/datasets";
import {
  build,
  constant,
  Conv2d,
  Dense,
  Flatten,
  MaxPool2d,
  sequential,
  Sigmoid,
  weightsOf,
  type Layer,
  type Mode,
} from "@convlens/layers";
import { gradients, mean, oneHot, relu, softmaxCrossEntropy, useBackend, type Tensor } from "@convlens/tensor";
import { adam, crossEntropy, fit, type FitOptions, hinge, sgd } from "@convlens/training";
import { beforeEach, describe, expect, it } from "vitest";
import { adviceOn, watchTraining, type TrainingHealth, type TrainingWatch } from "../src/index.ts";

beforeEach(() => useBackend(reference()));

const data = shapes({ size: 80, height: 8, width: 8 });
const { inputs, targets } = batchOf(data, [...Array(40).keys()]);
const told = { inputs, targets };

/** A custom net whose ReLUs are operations and not layers. */
class Net implements Layer {
  readonly conv1 = new Conv2d({ filters: 4, kernelSize: 3, padding: 1 });
  readonly conv2 = new Conv2d({ filters: 5, kernelSize: 3, padding: 1 });
  readonly pool = new MaxPool2d({ kernelSize: 2 });
  readonly flatten = new Flatten();
  readonly head = new Dense({ units: 4 });
  call(x: Tensor, mode?: Mode): Tensor {
    const maps = this.pool.call(relu(this.conv2.call(relu(this.conv1.call(x, mode)), mode)), mode);
    return this.head.call(this.flatten.call(maps, mode), mode);
  }
}

async function watched(
  model: Layer,
  options: FitOptions,
  set: Classification = data,
  every = 10,
): Promise<TrainingWatch> {
  build(model, set.shapes.input, { seed: 1, onlyFresh: true });
  const watch = await watchTraining(model, { ...told, every });
  for await (const record of fit(model, set, { batchSize: 20, seed: 1, ...options }))
    if (record.kind === "step") await watch.observe(record);
  return watch;
}

describe("trainingHealth", () => {
  it("measures the update and the gradient of each parameter", async () => {
    for (const backend of [reference(), await cpu({ threads: 1 })]) {
      useBackend(backend);
      const model = build(new Net(), data.shapes.input, { seed: 3 });
      const watch = await watchTraining(model, { ...told, every: 2 });
      expect(watch.chance).toBeCloseTo(Math.log(4), 12);
      expect((await watchTraining(model, { ...told, loss: crossEntropy })).chance).toBe(watch.chance);
      expect((await watchTraining(model, { ...told, loss: hinge })).chance).toBeUndefined();
      const before: ReadonlyMap<string, ArrayLike<number>>[] = [];
      const weights = async (): Promise<Map<string, ArrayLike<number>>> =>
        new Map([...(await weightsOf(model))].map(([path, { values }]) => [path, values]));
      before.push(await weights());
      for await (const record of fit(model, data, { batchSize: 20, epochs: 2, seed: 1 })) {
        if (record.kind !== "step") continue;
        await watch.observe(record);
        before.push(await weights());
      }
      expect(watch.records.map(({ step }) => step)).toEqual([1, 3, 5, 7]);
      expect(watch.steps.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
      const rms = (values: ArrayLike<number>): number =>
        Math.sqrt(Array.from(values).reduce((sum, x) => sum + x * x, 0) / values.length);
      for (const { step, parameters } of watch.records)
        for (const { path, size, updateRatio } of parameters) {
          const [old, now] = [before[step - 1]!.get(path)!, before[step]!.get(path)!];
          expect(size).toBeCloseTo(rms(now), 5);
          const ratio = rms(Array.from(now, (value, i) => value - old[i]!)) / rms(old);
          if (Number.isFinite(ratio)) expect(updateRatio).toBeCloseTo(ratio, 5);
        }
      // Current gradients on the examples.
      await watch.observe({ step: 9, loss: 1 });
      const loss = mean(softmaxCrossEntropy(model.call(told.inputs), oneHot(told.targets, 4)));
      const slope = await gradients(loss, [model.conv1.filters!])[0].data();
      expect(watch.records.at(-1)?.parameters[0]).toMatchObject({ path: "conv1.filters" });
      expect(watch.records.at(-1)?.parameters[0]?.gradient).toBeCloseTo(rms(slope), 5);
      expect(watch.records.at(-1)?.parameters[0]?.updateRatio).toBeCloseTo(0, 12);
    }
  });

  it("counts dead units by the layer that computes them, also if ReLU is not a layer", async () => {
    const model = build(new Net(), data.shapes.input, { seed: 3 });
    model.conv2.bias!.write([0, -1e3, 0, -1e3, 0]);
    const watch = await watchTraining(model, { ...told, every: 1 });
    await watch.observe({ step: 1, loss: 1.4 });
    expect(watch.records[0]?.layers).toMatchObject([
      { path: "conv1 (Conv2d)", curve: "relu", units: 4, dead: 0 },
      { path: "conv2 (Conv2d)", curve: "relu", units: 5, dead: 2 },
    ]);
    const [advice] = watch.advice();
    expect(advice).toMatchObject({ topic: "dead units", about: "conv2 (Conv2d)", figure: 0.4, step: 1 });
    expect(advice?.text).toBe(
      "40 % of the units of conv2 (Conv2d) are dead at step 1 (2 of 5; 2 at step 1): lower the learning rate, initialize other weights or use LeakyReLU.",
    );
  });

  it("requires a model that was built", async () => {
    await expect(watchTraining(new Net(), told)).rejects.toThrow(
      "watchTraining: this model has no parameters yet; make them with build(model, inputShape)",
    );
  });
});

describe("advice on real training", () => {
  it("is empty if all is well", async () => {
    expect((await watched(new Net(), { epochs: 15, optimizer: adam({ learningRate: 2e-3 }) })).advice()).toEqual([]);
  });

  it("reports dead units and too large updates if the learning rate is too high", async () => {
    const watch = await watched(new Net(), { epochs: 6, optimizer: sgd({ learningRate: 2 }), onNaN: "continue" });
    const topics = watch.advice().map(({ topic }) => topic);
    expect(topics).toContain("dead units");
    const dead = watch.advice().find(({ topic }) => topic === "dead units")!;
    expect(dead.text).toContain("lower the learning rate");
    const layer = watch.records.at(-1)!.layers.find(({ path }) => path === dead.about)!;
    expect(dead.figure).toBe(layer.dead / layer.units);
  });

  it("reports small updates and a loss that does not fall if it is too low", async () => {
    const watch = await watched(new Net(), { epochs: 30, optimizer: adam({ learningRate: 1e-7 }) });
    const topics = new Set(watch.advice().map(({ topic }) => topic));
    expect(topics).toContain("small updates");
    expect(topics).toContain("no progress");
  });

  it("reports vanishing gradients and saturated units in a deep net of sigmoids with large weights", async () => {
    const deep = sequential([
      new Flatten(),
      ...Array.from({ length: 6 }, () => [new Dense({ units: 12, initializer: constant(2) }), new Sigmoid()]).flat(),
      new Dense({ units: 4 }),
    ]);
    const advice = (await watched(deep, { epochs: 1 })).advice();
    expect(advice.map(({ topic }) => topic)).toContain("saturated units");
    expect(advice.find(({ topic }) => topic === "vanishing gradients")?.about).toBe("layers.1.weights");
  });

  it("reports an initial loss far from chance", async () => {
    const model = sequential([
      new Flatten(),
      new Dense({ units: 4, initializer: (shape, _, random) => random.normal(shape[0]! * shape[1]!, 0, 5) }),
    ]);
    const [advice] = (await watched(model, { epochs: 1 })).advice();
    expect(advice).toMatchObject({ topic: "start", about: "loss", step: 1 });
    expect(advice?.text).toMatch(/^The first loss is [\d.]+, random guessing has 1\.39: /);
  });
});

describe("advice", () => {
  const base: TrainingHealth = { chance: undefined, steps: [], records: [] };
  const parameter = (path: string, updateRatio: number, gradient = 1) => ({ path, size: 1, gradient, updateRatio });
  const record = (step: number, parameters: ReturnType<typeof parameter>[]) => ({ step, layers: [], parameters });

  it.each<readonly [string, Partial<TrainingHealth>, object]>([
    [
      "reports a loss of NaN",
      {
        steps: [
          { step: 1, loss: 2 },
          { step: 2, loss: NaN },
        ],
      },
      { topic: "not finite", figure: NaN, step: 2 },
    ],
    [
      "reports a single large gradient",
      { steps: Array.from({ length: 9 }, (_, i) => ({ step: i + 1, loss: 1, gradientNorm: i === 5 ? 500 : 2 })) },
      { topic: "exploding gradients", figure: 250, step: 6 },
    ],
    [
      "uses the median of three records",
      { records: [0.5, 0.02, 0.03].map((ratio, i) => record(i, [parameter("layers.0.filters", ratio)])) },
      { topic: "large updates", about: "layers.0.filters", figure: 0.03, step: 2 },
    ],
    [
      "reports a parameter that does not change",
      { records: [record(1, [parameter("a.weights", 0)])] },
      { topic: "small updates", figure: 0 },
    ],
    [
      "reports exploding gradients",
      { records: [record(1, [parameter("a.weights", 1e-3, 5000), parameter("b.weights", 1e-3, 1)])] },
      { topic: "exploding gradients", about: "a.weights", figure: 5000 },
    ],
  ])("%s", (_, health, expected) => {
    const advice = adviceOn({ ...base, ...health });
    expect(advice).toHaveLength(1);
    expect(advice[0]).toMatchObject(expected);
    const { figure, text } = advice[0]!;
    expect(text).toContain(figure === 0 ? "at all" : `${figure}`);
  });

  it("ignores biases that begin at 0, and is empty for a healthy run", () => {
    expect(adviceOn({ ...base, records: [record(1, [parameter("a.bias", 1), parameter("b.filters", 1e-3)])] })).toEqual(
      [],
    );
    expect(adviceOn({ chance: Math.LN10, steps: [{ step: 1, loss: 2.5 }], records: [] })).toEqual([]);
    expect(adviceOn(base)).toEqual([]);
  });
});
