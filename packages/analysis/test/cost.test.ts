import { beforeEach, describe, expect, it } from "vitest";
import { planMemory, ValueError, type Backend, type Program, type Shape } from "@convlens/backend";
import { cpu } from "@convlens/backend-cpu";
import { reference } from "@convlens/backend-reference";
import { shapes } from "@convlens/datasets";
import {
  BatchNorm,
  build,
  Conv2d,
  Dense,
  Dropout,
  Flatten,
  GlobalAveragePool,
  MaxPool2d,
  Parallel,
  parameters,
  predict,
  ReLU,
  Residual,
  sequential,
  variables,
  type Layer,
  type Mode,
} from "@convlens/layers";
import { alexNet, lenet5, resnet18, vgg16 } from "@convlens/layers/models";
import { add, multiply, useBackend, Variable, zeros, type Tensor } from "@convlens/tensor";
import { adagrad, adam, adamW, fit, hinge, rmsProp, sgd } from "@convlens/training";
import { cost } from "../src/index.ts";
import { TwoWays } from "./helpers.ts";

beforeEach(() => useBackend(reference()));

/** A custom net with branches that are joined in three ways. */
class Own implements Layer {
  readonly stem: Layer = new Conv2d({ filters: 8, kernelSize: 3, padding: "same" });
  readonly ways: Layer = new TwoWays();
  readonly block: Layer = new Residual({
    body: sequential([new Conv2d({ filters: 4, kernelSize: 3, padding: "same" }), new BatchNorm(), new ReLU()]),
  });
  readonly branches: Layer = new Parallel([
    new Conv2d({ filters: 3, kernelSize: 1 }),
    new Conv2d({ filters: 5, kernelSize: 3, padding: "same" }),
  ]);
  readonly top: Layer = sequential([
    new MaxPool2d({ kernelSize: 2 }),
    new GlobalAveragePool(),
    new Dense({ units: 4 }),
  ]);
  readonly factor: Variable = new Variable([1], []);
  call(x: Tensor, mode?: Mode): Tensor {
    const y = this.ways.call(multiply(this.stem.call(x, mode), this.factor), mode);
    return this.top.call(this.branches.call(add(y, this.block.call(y, mode)), mode), mode);
  }
}

const nets: readonly (readonly [string, () => Layer])[] = [
  ["LeNet-5", () => lenet5({ classes: 4 })],
  ["a custom net with branches", () => new Own()],
  [
    "convolutions with batch normalisation and dropout",
    () =>
      sequential([
        ...[16, 32].flatMap((filters) => [
          new Conv2d({ filters, kernelSize: 3, padding: "same" }),
          new BatchNorm(),
          new ReLU(),
          new MaxPool2d({ kernelSize: 2 }),
        ]),
        ...[new Flatten(), new Dropout(), new Dense({ units: 4 })],
      ]),
  ],
];
const shape: Shape = [28, 28, 1];

describe.each<[string, () => Promise<Backend>]>([
  ["the reference", async () => reference()],
  ["cpu", () => cpu({ threads: 1 })],
])("cost predicts the memory that %s takes", (_, make) => {
  it.each(nets)("for a training step of %s", { timeout: 60_000 }, async (_name, net) => {
    for (const options of [
      { optimizer: adam() },
      { optimizer: adamW({ weightDecay: 0.1 }), clip: { norm: 1 } },
      { optimizer: sgd({ momentum: 0.9, nesterov: true }), diagnostics: false },
      { optimizer: sgd({ weightDecay: 0.1 }), clip: { value: 1, norm: 2 } },
      { optimizer: adagrad(), loss: hinge },
      { optimizer: rmsProp(), groups: [{ match: (path: string) => /filters|scale|shift/.test(path), frozen: true }] },
      { groups: [{ match: /bias/, learningRate: 2e-3 }] },
    ]) {
      const backend = await make();
      const programs: Program[] = [];
      useBackend({
        ...backend,
        compile: (program) => {
          programs.push(program);
          return backend.compile(program);
        },
      });
      const model = build(net(), shape);
      const { training } = cost(model, shape, { batch: 16, optimizer: sgd(), ...options });
      expect(backend.memory()).toBe(0);
      const data = shapes({ size: 32, height: 28, width: 28 });
      await fit(model, data, { batchSize: 16, optimizer: sgd({ learningRate: 1e-3 }), seed: 1, ...options }).next();
      const step = programs.find(({ updates }) => updates.length > 0);
      const { peak, sum } = planMemory(step!);
      const sizes = (shapesOf: readonly Shape[]): number =>
        4 * shapesOf.reduce((total, own) => total + own.reduce((a, b) => a * b, 1), 0);
      const [variables, constants] = [sizes(step!.variables), sizes(step!.constants.map((own) => own.shape))];
      expect(training).toEqual({
        variables,
        constants,
        values: 4 * peak,
        valuesUnplanned: 4 * sum,
        total: variables + constants + 4 * peak,
      });
      // A backend needs a little more, for example for alignment.
      expect(training.total / backend.memory()).toBeGreaterThan(0.9);
      expect(training.total / backend.memory()).toBeLessThan(1.1);
      backend.dispose();
    }
  });

  it.each(nets)("for inference with %s", async (_name, net) => {
    const backend = await make();
    useBackend(backend);
    const model = build(net(), shape);
    const { inference } = cost(model, shape, { batch: 16 });
    await predict(model, zeros([16, ...shape]));
    expect(inference.total / backend.memory()).toBeGreaterThan(0.9);
    expect(inference.total / backend.memory()).toBeLessThan(1.1);
    backend.dispose();
  });
});

describe("the cost of well-known nets", () => {
  it.each<[string, () => Layer, Shape, number, number]>([
    ["LeNet-5", () => lenet5(), [28, 28, 1], 61_706, 416_520],
    ["AlexNet", () => alexNet(), [224, 224, 3], 61_100_840, 714_188_480],
    ["VGG-16", () => vgg16(), [224, 224, 3], 138_357_544, 15_470_264_320],
    ["ResNet-18", () => resnet18(), [224, 224, 3], 11_689_512, 1_814_073_344],
  ])("%s has the published parameters and multiply-adds", (_, net, input, learned, products) => {
    const got = cost(net(), input, { optimizer: "adam" });
    expect(got.parameters).toBe(learned);
    expect(got.multiplyAdds.forward).toBe(products);
    expect(got.layers.reduce((sum, layer) => sum + layer.parameters, 0)).toBe(learned);
    // Two moments for each parameter, and the number of steps.
    expect(got.optimizer).toBe(8 * learned + 4);
    // The backward pass needs twice as many as the forward pass, except in the first layer, whose input needs no gradient.
    const first = got.layers.find((layer) => layer.multiplyAdds > 0)!.multiplyAdds;
    expect(got.multiplyAdds.training).toBe(3 * products - first);
    expect(got.training.valuesUnplanned).toBeGreaterThan(got.training.values);
  });

  it("keeps each output of VGG-16 once for the backward pass: the output of ReLU, and not its input", () => {
    const { kept, layers, activations } = cost(vgg16(), [224, 224, 3]);
    // The table of CS231n, which counts a convolution and its ReLU once, and the input and the mask of dropout.
    expect(kept).toBe(15_237_608 + 2 * 2 * 4096);
    expect(layers.filter(({ type }) => type === "Conv2d").every((layer) => layer.kept === 0)).toBe(true);
    expect(activations).toBeGreaterThan(1.8 * kept);
  });

  it("of a reshape in LeNet-5 is zero", () => {
    const rows = cost(lenet5(), [28, 28, 1]).layers.map(({ type, activations, kept }) => [type, activations, kept]);
    expect(rows.slice(4, 8)).toEqual([
      ["ReLU", 1600, 1600],
      ["MaxPool2d", 400, 400],
      ["Flatten", 0, 0],
      ["Dense", 120, 0],
    ]);
  });

  it("of three convolutions of 64 filters is 9,633,792 activations and 73.5 MiB, forward and backward", () => {
    const conv = (): Layer => new Conv2d({ filters: 64, kernelSize: 3, padding: 1 });
    const { layers } = cost(sequential([conv(), conv(), conv()]), [224, 224, 3]);
    const numbers = layers.reduce((sum, layer) => sum + layer.activations, 0);
    expect(numbers).toBe(9_633_792);
    expect((2 * 4 * numbers) / 2 ** 20).toBe(73.5);
  });
});

describe("cost", () => {
  it("leaves the model unchanged: memory, running statistics and optimizer steps", async () => {
    const model = build(new Own(), shape);
    const before = await Promise.all([...variables(model).values()].map((variable) => variable.data()));
    cost(model, shape, { batch: 3, optimizer: "adam" });
    const after = await Promise.all([...variables(model).values()].map((variable) => variable.data()));
    expect(after).toEqual(before);
  });

  it("counts the parameters of a shared layer once, and its multiply-adds for each use", () => {
    class Twice implements Layer {
      readonly inner: Layer = new Dense({ units: 3 });
      call(x: Tensor, mode?: Mode): Tensor {
        return this.inner.call(this.inner.call(x, mode), mode);
      }
    }
    const { layers, parameters: learned } = cost(new Twice(), [3]);
    expect(learned).toBe(12);
    expect(layers.map(({ name, parameters: own, multiplyAdds }) => [name, own, multiplyAdds])).toEqual([
      ["inner", 12, 9],
      ["inner#2", 0, 9],
    ]);
  });

  it("of activations grows with the batch, that of variables does not; float64 takes twice as much", () => {
    const [one, ten] = [1, 10].map((batch) => cost(lenet5(), shape, { batch }));
    expect(ten?.inference.variables).toBe(one!.inference.variables);
    expect(ten!.inference.values / one!.inference.values).toBeCloseTo(10, 0);
    expect(ten?.multiplyAdds).toEqual(one!.multiplyAdds);
    const wide = cost(lenet5(), shape, { backend: reference({ precision: "float64" }) });
    expect(wide.training.total).toBe(2 * one!.training.total);
  });

  it("refuses unknown options and wrong values", () => {
    for (const options of [
      { batchSize: 3 },
      { batch: 0 },
      { batch: 1.5 },
      { optimizer: "adamW" },
      { optimizer: adam },
      { loss: "hinge" },
      { clip: { norm: -1 } },
      { groups: [{ match: "nothing" }] },
      { diagnostics: 1 },
    ])
      expect(() => cost(lenet5(), shape, options as never), Object.keys(options)[0]).toThrow(ValueError);
  });

  it("needs no backend, and accepts nets without parameters", () => {
    const { training, parameters: learned } = cost(sequential([new Flatten()]), [3, 3, 1], {
      backend: { supports: () => false, precision: "float32" },
    });
    expect(learned).toBe(0);
    expect(training.variables).toBe(0);
    expect(parameters(sequential([])).size).toBe(0);
  });
});
