import type { Shape } from "@convlens/backend";
import { evaluate, gradients, multiply, sum, tensor, type Tensor } from "@convlens/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import * as layers from "../src/index.ts";
import {
  build,
  layersOf,
  loadWeights,
  parameters,
  predict,
  restrict,
  saveWeights,
  summary,
  variables,
  type Layer,
} from "../src/index.ts";
import { ready, some, useFloat64 } from "./helpers.ts";

beforeAll(useFloat64);

const image: Shape = [5, 6, 4];
const signal: Shape = [7, 4];
const volume: Shape = [3, 4, 3, 2];
const filters = { filters: 4, kernelSize: 3 };

/** Every class of layers that takes one tensor, with the shape of an example and of what becomes of it. */
const cases: Readonly<Record<string, readonly [make: () => Layer, input: Shape, output: Shape]>> = {
  AveragePool1d: [() => new layers.AveragePool1d({ kernelSize: 2 }), signal, [3, 4]],
  AveragePool2d: [() => new layers.AveragePool2d({ kernelSize: 2 }), image, [2, 3, 4]],
  AveragePool3d: [() => new layers.AveragePool3d({ kernelSize: [1, 2, 2] }), volume, [3, 2, 1, 2]],
  BatchNorm: [() => new layers.BatchNorm(), image, image],
  Conv1d: [() => new layers.Conv1d(filters), signal, [5, 4]],
  Conv2d: [() => new layers.Conv2d(filters), image, [3, 4, 4]],
  Conv3d: [() => new layers.Conv3d({ filters: 3, kernelSize: [2, 3, 1] }), volume, [2, 2, 3, 3]],
  ConvTranspose1d: [() => new layers.ConvTranspose1d({ ...filters, stride: 2 }), signal, [15, 4]],
  ConvTranspose2d: [() => new layers.ConvTranspose2d({ ...filters, stride: 2 }), image, [11, 13, 4]],
  Crop: [() => new layers.Crop({ cropping: [1, 2] }), image, [3, 2, 4]],
  Dense: [() => new layers.Dense({ units: 3 }), [4], [3]],
  DepthwiseConv2d: [() => new layers.DepthwiseConv2d({ kernelSize: 3, multiplier: 2 }), image, [3, 4, 8]],
  Dropout: [() => new layers.Dropout(), image, image],
  Flatten: [() => new layers.Flatten(), image, [120]],
  FrozenBatchNorm: [() => new layers.FrozenBatchNorm(), image, image],
  GlobalAveragePool: [() => new layers.GlobalAveragePool({ keepAxes: true }), image, [1, 1, 4]],
  GlobalMaxPool: [() => new layers.GlobalMaxPool({ keepAxes: true }), signal, [1, 4]],
  GroupNorm: [() => new layers.GroupNorm({ groups: 2 }), image, image],
  LayerNorm: [() => new layers.LayerNorm(), image, image],
  LocalResponseNorm: [() => new layers.LocalResponseNorm(), image, image],
  LocallyConnected2d: [() => new layers.LocallyConnected2d(filters), image, [3, 4, 4]],
  LpPool1d: [() => new layers.LpPool1d({ kernelSize: 2, p: 2 }), signal, [3, 4]],
  LpPool2d: [() => new layers.LpPool2d({ kernelSize: 2, p: 2 }), image, [2, 3, 4]],
  MaxPool1d: [() => new layers.MaxPool1d({ kernelSize: 2 }), signal, [3, 4]],
  MaxPool2d: [() => new layers.MaxPool2d({ kernelSize: 2 }), image, [2, 3, 4]],
  MaxPool3d: [() => new layers.MaxPool3d({ kernelSize: 2, stride: 1 }), volume, [2, 3, 2, 2]],
  PReLU: [() => new layers.PReLU(), image, image],
  Parallel: [
    () => new layers.Parallel([new layers.ReLU(), new layers.Conv2d({ filters: 2, kernelSize: 1 })]),
    image,
    [5, 6, 6],
  ],
  Permute: [() => new layers.Permute({ order: [0, 3, 1, 2] }), image, [4, 5, 6]],
  Reshape: [() => new layers.Reshape({ shape: [10, -1] }), image, [10, 12]],
  Residual: [() => new layers.Residual({ body: new layers.Conv2d({ ...filters, padding: "same" }) }), image, image],
  Resize: [() => new layers.Resize({ height: 7, width: 4 }), image, [7, 4, 4]],
  SeparableConv2d: [() => new layers.SeparableConv2d({ ...filters, multiplier: 2 }), image, [3, 4, 4]],
  Sequential: [() => layers.sequential([new layers.Flatten(), new layers.Dense({ units: 2 })]), image, [2]],
  SkipConnection: [() => new layers.SkipConnection({ body: new layers.Upsample() }), image, [5, 6, 8]],
  SpatialDropout: [() => new layers.SpatialDropout(), image, image],
  Upsample: [() => new layers.Upsample({ factor: [1, 2] }), image, [5, 12, 4]],
  ZeroPad: [() => new layers.ZeroPad({ padding: [2, 0] }), signal, [9, 4]],
  ...Object.fromEntries(
    [
      ...["ELU", "GELU", "HardSigmoid", "HardSwish", "Identity", "LeakyReLU", "LogSoftmax", "ReLU", "ReLU6", "SELU"],
      ...["Sigmoid", "Softmax", "Softplus", "Swish", "Tanh"],
    ].map((name) => [
      name,
      [() => new (layers as unknown as Readonly<Record<string, new () => Layer>>)[name]!(), image, image],
    ]),
  ),
};

/** Classes that take or return several tensors; parts.test.ts tests them. */
const several = ["Each", "Branches", "Concat", "Add", "Multiply"];

describe("every layer", () => {
  it("has a case here", () => {
    const classes = Object.entries(layers)
      .filter(
        ([, value]) => typeof value === "function" && Function.prototype.toString.call(value).startsWith("class "),
      )
      .map(([name]) => name)
      .filter((name) => !["PrintedLayer", ...several].includes(name));
    expect(Object.keys(cases).toSorted()).toEqual(classes.toSorted());
  });

  describe.each(Object.entries(cases))("%s", (name, [make, input, output]) => {
    const x = some([2, ...input], 5);

    it("prints itself, and is summarised with the shape of its output", () => {
      const layer = build(make(), input);
      expect(String(layer)).toMatch(new RegExp(`^${name}(:| \\(|\n|$)`));
      expect(layer.call(x).shape).toEqual([2, ...output]);
      const { rows, parameters: count } = summary(layer, input);
      if (layersOf(layer).size === 1)
        expect(rows).toEqual([expect.objectContaining({ type: name, outputShape: output })]);
      expect(count).toBe([...parameters(layer).values()].reduce((total, { size }) => total + size, 0));
    });

    it("answers the same when it was saved and loaded, and when it is restricted to its input", async () => {
      const layer = ready(make(), x);
      const other = build(make(), input, { seed: 9 });
      if (variables(layer).size > 0) await loadWeights(other, await saveWeights(layer));
      const expected = await (await predict(layer, x)).data();
      expect(await (await predict(other, x)).data()).toEqual(expected);
      expect(await (await predict(restrict(layer, x), x)).data()).toEqual(expected);
      expect([...variables(other).keys()]).toEqual([...variables(layer).keys()]);
    });

    it("passes on gradients that are slopes of the loss", async () => {
      const layer = ready(make(), x);
      const loss = (at: Tensor): Tensor => {
        const y = layer.call(at);
        return sum(multiply(multiply(y, y), some(y.shape, 9)));
      };
      const [slopes, values] = await evaluate(...gradients(loss(x), [x]), x);
      const step = 1e-5;
      for (const at of [0, Math.floor(x.size / 2), x.size - 1]) {
        const lossAt = (change: number): Promise<number> =>
          loss(
            tensor(
              values.map((value, i) => (i === at ? value + change : value)),
              x.shape,
            ),
          ).item();
        const slope = ((await lossAt(step)) - (await lossAt(-step))) / (2 * step);
        expect(slopes[at]).toBeCloseTo(slope, 5);
      }
    });
  });
});

describe("PReLU", () => {
  it("has a slope for each channel, or one for all", () => {
    const shapeOf = (options: layers.PReLUOptions): Shape | undefined =>
      build(new layers.PReLU(options), image).negativeSlope?.shape;
    expect(shapeOf({})).toEqual([4]);
    expect(shapeOf({ shared: true })).toEqual([1]);
  });

  it("refuses other channels than at the first call", () => {
    const layer = build(new layers.PReLU(), image);
    expect(() => layer.call(some([1, 5, 6, 1]))).toThrow("PReLU: expected 4 channels, as at the first call");
  });
});

describe("SpatialDropout", () => {
  const ones = tensor(new Float32Array(2000 * 6).fill(1), [200, 2, 3, 10]);

  it("drops whole maps in training and keeps the mean", async () => {
    const y = await new layers.SpatialDropout({ rate: 0.25 }).call(ones, { training: true }).data();
    let dropped = 0;
    for (let n = 0; n < 200; n++)
      for (let c = 0; c < 10; c++) {
        const map = Array.from({ length: 6 }, (_, pixel) => y[(n * 6 + pixel) * 10 + c]!);
        expect(new Set(map).size).toBe(1);
        if (map[0] === 0) dropped++;
        else expect(map[0]).toBeCloseTo(4 / 3, 6);
      }
    expect(dropped / 2000).toBeGreaterThan(0.21);
    expect(dropped / 2000).toBeLessThan(0.29);
  });

  it("does nothing outside of training", () => {
    expect(new layers.SpatialDropout({ rate: 0.9 }).call(ones)).toBe(ones);
  });
});

describe("borders and sizes", () => {
  it("ZeroPad and Crop reverse each other, for every form of borders", async () => {
    const forms: [layers.Borders, Shape, Shape][] = [
      [2, image, [9, 10, 4]],
      [[1, 0], image, [7, 6, 4]],
      [
        [
          [0, 1],
          [2, 3],
        ],
        image,
        [6, 11, 4],
      ],
      [2, signal, [11, 4]],
      [[0, 3], signal, [10, 4]],
    ];
    for (const [borders, from, to] of forms) {
      const x = some([2, ...from]);
      const larger = new layers.ZeroPad({ padding: borders }).call(x);
      expect(larger.shape).toEqual([2, ...to]);
      expect(await new layers.Crop({ cropping: borders }).call(larger).data()).toEqual(await x.data());
      const [all, some_] = await evaluate(sum(larger), sum(x));
      expect(all[0]).toBeCloseTo(some_[0]!, 10);
    }
  });

  it("say what they need", () => {
    const x = some([1, 5, 6, 4]);
    expect(() => new layers.Crop({ cropping: 3 }).call(x)).toThrow(
      "Crop: size (axis 1) must be more than the 6 elements that are removed, got [1, 5, 6, 4]",
    );
    for (const make of [
      (): Layer => new layers.Crop({ cropping: 1 }),
      (): Layer => new layers.ZeroPad({ padding: 1 }),
      (): Layer => new layers.Upsample(),
    ])
      expect(() => make().call(some([2, 3]))).toThrow("maps [batch, height, width, channels] or [batch, length");
    expect(() =>
      new layers.ZeroPad({
        padding: [
          [1, 1],
          [0, 0],
        ],
      }).call(some([2, 7, 4])),
    ).toThrow("expected images [batch, height, width, channels]");
    expect(() => new layers.Reshape({ shape: [7] }).call(x)).toThrow("expected a shape of 120 values");
    expect(() => new layers.Permute({ order: [0, 2, 1] }).call(x)).toThrow("Permute: expected an input of 3 axes");
  });

  it("Upsample enlarges signals as images of height 1", async () => {
    const x = some([2, 3, 2]);
    for (const mode of ["nearest", "bilinear"] as const) {
      const y = new layers.Upsample({ factor: 3, mode }).call(x);
      const wide = new layers.Upsample({ factor: [1, 3], mode }).call(tensor(await x.data(), [2, 1, 3, 2]));
      expect(y.shape).toEqual([2, 9, 2]);
      expect(await y.data()).toEqual(await wide.data());
    }
  });
});
