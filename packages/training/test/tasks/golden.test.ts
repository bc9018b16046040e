import { readFileSync } from "node:fs";
import { sizeOf, type Backend, type Shape } from "@convlens/backend";
import { cpu } from "@convlens/backend-cpu";
import { reference } from "@convlens/backend-reference";
import { batches, fromStream } from "@convlens/datasets";
import {
  apply,
  build,
  Conv1d,
  Conv2d,
  ConvTranspose2d,
  Dense,
  Flatten,
  GlobalMaxPool,
  LeakyReLU,
  MaxPool1d,
  MaxPool2d,
  parameters,
  ReLU,
  sequential,
  Sigmoid,
  SkipConnection,
  Upsample,
  type Layer,
  type Mode,
} from "@convlens/layers";
import { add, compile, full, relu, tensor, useBackend, type Shapes, type Tensor } from "@convlens/tensor";
import { describe, expect, it } from "vitest";
import {
  adam,
  binaryCrossEntropy,
  contrastive,
  crossEntropy,
  huber,
  meanAbsoluteError,
  meanSquaredError,
  minimize,
  Trainer,
  type Loss,
  type StepBatch,
} from "../../src/index.ts";

/** Losses of the first steps of each task by PyTorch, made by tools/golden/tasks.py, which has the same formulas. */
const golden = JSON.parse(readFileSync(new URL("../../../../tools/golden/tasks.json", import.meta.url), "utf8")) as {
  readonly tasks: Readonly<Record<string, { readonly losses: readonly number[]; readonly sum: number }>>;
};

const formula = (shape: Shape, value: (i: number) => number): Float64Array =>
  Float64Array.from({ length: sizeOf(shape) }, (_, i) => value(i));
const inputs = (batch: number, ...shape: number[]): Tensor =>
  tensor(
    formula(shape, (i) => Math.sin(0.37 * i + batch)),
    shape,
  );
const labels = (batch: number, classes: number, ...shape: number[]): Tensor =>
  tensor(
    formula(shape, (i) => ((7 * i + 3 + batch) % 11) % classes),
    shape,
  );

/** Gives parameter k the numbers 0.3 sin(1.3 i + 0.7 k + 0.2). */
function initialize<M extends Layer>(model: M, shapes: Shapes): M {
  build(model, shapes as Shape);
  [...parameters(model).values()].forEach((x, k) =>
    x.write(formula(x.shape, (i) => 0.3 * Math.sin(1.3 * i + 0.7 * k + 0.2))),
  );
  return model;
}

/** Sum of the sizes of all parameters. */
async function sumOf(...models: readonly object[]): Promise<number> {
  let sum = 0;
  for (const model of models)
    for (const x of parameters(model).values()) for (const value of await x.data()) sum += Math.abs(value);
  return sum;
}

const conv = (filters: number, kernelSize = 3): Conv2d => new Conv2d({ filters, kernelSize, padding: "same" });
const pool = (): Layer => new MaxPool2d({ kernelSize: 2 });
const dense = (units: number): Dense => new Dense({ units });

class Siamese implements Layer<readonly [Tensor, Tensor], readonly [Tensor, Tensor]> {
  readonly encoder = sequential([conv(3), new ReLU(), pool(), new Flatten(), new Dense({ units: 3, bias: false })]);
  readonly call = ([a, b]: readonly [Tensor, Tensor], mode?: Mode): readonly [Tensor, Tensor] => [
    apply(this.encoder, a, mode),
    apply(this.encoder, b, mode),
  ];
}
class TwoInputs implements Layer<readonly [Tensor, Tensor]> {
  readonly first = sequential([dense(4), new ReLU(), dense(4)]);
  readonly second = dense(4);
  readonly head = dense(1);
  readonly call = ([a, b]: readonly [Tensor, Tensor], mode?: Mode): Tensor =>
    apply(this.head, relu(add(apply(this.first, a, mode), apply(this.second, b, mode))), mode);
}

/** A task: a model for inputs of these shapes, its loss, and two batches. */
interface Golden {
  readonly model: () => Layer;
  readonly shapes: Shapes;
  readonly loss: Loss<Tensor, Tensor>;
  readonly batch: (b: number) => StepBatch;
}
const task = <Input, Output, Target>(
  model: () => Layer<Input, Output>,
  shapes: Shapes,
  loss: Loss<Output, Target>,
  batch: (b: number) => StepBatch<Input, Target>,
): Golden => ({ model, shapes, loss, batch }) as unknown as Golden;

const tasks: Readonly<Record<string, Golden>> = {
  regression: task(
    () => sequential([conv(3), new ReLU(), pool(), new Flatten(), dense(2)]),
    [6, 6, 1],
    meanSquaredError,
    (b) => ({ inputs: inputs(b, 4, 6, 6, 1), targets: inputs(b + 2, 4, 2) }),
  ),
  segmentation: task(
    () => {
      const body = sequential([
        ...[pool(), conv(4), new ReLU()],
        new ConvTranspose2d({ filters: 3, kernelSize: 2, stride: 2 }),
      ]);
      return sequential([conv(3), new ReLU(), new SkipConnection({ body }), conv(3, 1)]);
    },
    [6, 6, 2],
    crossEntropy({ ignoreLabel: 255 }),
    (b) => {
      const all = formula([2, 6, 6], (i) => ((7 * i + 3 + b) % 11) % 4).map((label) => (label === 3 ? 255 : label));
      return { inputs: inputs(b, 2, 6, 6, 2), targets: tensor(all, [2, 6, 6]) };
    },
  ),
  denoising: task(
    () => sequential([conv(3, 5), new ReLU(), conv(1, 5)]),
    [8, 8, 1],
    meanSquaredError,
    (b) => {
      const clean = formula([128], (i) => Math.sin(0.37 * i + b));
      const noisy = clean.map((x, i) => x + 0.3 * Math.sin(0.37 * i + b + 2));
      return { inputs: tensor(noisy, [2, 8, 8, 1]), targets: tensor(clean, [2, 8, 8, 1]) };
    },
  ),
  "super-resolution": task(
    () => sequential([conv(3), new ReLU(), new Upsample({ factor: 2 }), conv(1)]),
    [4, 4, 1],
    meanAbsoluteError,
    (b) => ({ inputs: inputs(b, 2, 4, 4, 1), targets: inputs(b + 2, 2, 8, 8, 1) }),
  ),
  detection: task(
    () => sequential([conv(3), new ReLU(), pool(), new Flatten(), dense(5), new ReLU(), dense(4)]),
    [6, 6, 1],
    huber({ delta: 0.5 }),
    (b) => ({ inputs: inputs(b, 4, 6, 6, 1), targets: inputs(b + 2, 4, 4) }),
  ),
  "multi-label": task(
    () => sequential([conv(4), new ReLU(), new GlobalMaxPool(), dense(3)]),
    [6, 6, 1],
    binaryCrossEntropy,
    (b) => ({ inputs: inputs(b, 4, 6, 6, 1), targets: labels(b, 2, 4, 3) }),
  ),
  tones: task(
    () =>
      sequential([
        ...[new Conv1d({ filters: 4, kernelSize: 9, padding: "same" }), new ReLU(), new MaxPool1d({ kernelSize: 2 })],
        ...[new GlobalMaxPool(), dense(2)],
      ]),
    [16, 1],
    crossEntropy,
    (b) => ({ inputs: inputs(b, 4, 16, 1), targets: labels(b, 2, 4) }),
  ),
  siamese: task(
    () => new Siamese(),
    [
      [6, 6, 1],
      [6, 6, 1],
    ],
    contrastive({ margin: 1.5 }),
    (b) => ({ inputs: [inputs(b, 4, 6, 6, 1), inputs(b + 2, 4, 6, 6, 1)] as const, targets: labels(b, 2, 4) }),
  ),
  "two inputs": task(
    () => new TwoInputs(),
    [[9], [3]],
    binaryCrossEntropy,
    (b) => ({
      inputs: [inputs(b, 4, 9), inputs(b + 2, 4, 3)] as const,
      targets: labels(b, 2, 4, 1),
      weights: tensor([1, 2, 0.5, 3]),
    }),
  ),
  imbalance: task(
    () => sequential([dense(5), new ReLU(), dense(2)]),
    [2],
    crossEntropy({ classWeights: [1, 19] }),
    (b) => ({ inputs: inputs(b, 6, 2), targets: labels(b, 2, 6) }),
  ),
};

/** Runs work on a backend of its own. */
async function on(backend: Backend, work: () => Promise<void>): Promise<void> {
  useBackend(backend);
  try {
    await work();
  } finally {
    backend.dispose();
  }
}

/** Backends, with the greatest relative error. Adam divides small gradients by their own size, so that they stand out in float32. */
const backends: readonly (readonly [name: string, make: () => Backend | Promise<Backend>, error: number])[] = [
  ["the reference in float64", () => reference({ precision: "float64" }), 1e-9],
  ["cpu", () => cpu({ threads: 2 }), 1e-3],
];

function expectClose(found: readonly number[], expected: readonly number[], error: number): void {
  expect(found.length).toBe(expected.length);
  found.forEach((value, i) => expect(Math.abs(value / expected[i]! - 1)).toBeLessThan(error));
}

describe.each(backends)("the first steps on %s are those of PyTorch", (_, make, error) => {
  it.each(Object.keys(tasks))("%s", async (name) => {
    const { model: makeModel, shapes, loss, batch } = tasks[name]!;
    const { losses, sum } = golden.tasks[name]!;
    await on(await make(), async () => {
      const model = initialize(makeModel(), shapes);
      const trainer = new Trainer(model, { loss, optimizer: adam({ learningRate: 0.02 }), metrics: {} });
      const found: number[] = [];
      for (let step = 0; step < losses.length; step++) found.push((await trainer.step(batch(step % 2))).loss);
      expectClose(found, losses, error);
      expectClose([await sumOf(model)], [sum], error);
    });
  });

  it("a stream", async () => {
    const { losses, sum } = golden.tasks["stream"]!;
    /** The two batches of five examples, one after the other, without end. */
    const endless = fromStream({ input: [1], target: [1] }, async function* (from) {
      for (let i = from; ; i++) {
        const [b, k] = [Math.floor(i / 5) % 2, i % 5];
        const value = (shift: number) => ({ values: Float32Array.of(Math.sin(0.37 * k + b + shift)), shape: [1] });
        yield { input: value(0), target: value(2) };
      }
    });
    await on(await make(), async () => {
      const model = initialize(sequential([dense(6), new ReLU(), dense(1)]), [1]);
      const trainer = new Trainer(model, {
        ...{ loss: meanSquaredError, optimizer: adam({ learningRate: 0.02 }), metrics: {} },
      });
      const found: number[] = [];
      for await (const batch of batches(endless, { size: 5 })) {
        found.push((await trainer.step(batch)).loss);
        if (found.length === losses.length) break;
      }
      // The numbers of data sets are float32.
      expectClose(found, losses, Math.max(error, 1e-7));
      expectClose([await sumOf(model)], [sum], Math.max(error, 1e-7));
    });
  });

  it("a generator and a critic", async () => {
    const { losses, sum } = golden.tasks["gan"]!;
    await on(await make(), async () => {
      const generator = initialize(sequential([dense(5), new ReLU(), dense(9), new Sigmoid()]), [3]);
      const critic = initialize(sequential([dense(4), new LeakyReLU({ negativeSlope: 0.2 }), dense(1)]), [9]);
      const optimizer = adam({ learningRate: 0.02, beta1: 0.5 });
      const step = compile((noise: Tensor, real: Tensor) => {
        const judged = (x: Tensor, truth: number): Tensor => binaryCrossEntropy(critic.call(x), full([4, 1], truth));
        const made = generator.call(noise);
        const ofCritic = add(judged(real, 1), judged(made, 0));
        const ofGenerator = judged(made, 1);
        minimize(optimizer, ofCritic, critic);
        minimize(optimizer, ofGenerator, generator);
        return { ofCritic, ofGenerator };
      });
      const found: number[] = [];
      for (let i = 0; i < losses.length / 2; i++) {
        const { ofCritic, ofGenerator } = await step(inputs(i % 2, 4, 3), inputs((i % 2) + 2, 4, 9));
        found.push(ofCritic.knownValue, ofGenerator.knownValue);
      }
      expectClose(found, losses, error);
      expectClose([await sumOf(generator, critic)], [sum], error);
    });
  });
});
