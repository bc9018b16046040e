import fc from "fast-check";
import {
  add,
  averagePool1d,
  averagePool2d,
  batchNorm,
  clip,
  conv1d,
  conv2d,
  convTranspose1d,
  convTranspose2d,
  elu,
  evaluate,
  flatten,
  gelu,
  gradients,
  groupNorm,
  hardSigmoid,
  hardSwish,
  layerNorm,
  leakyRelu,
  localResponseNorm,
  locallyConnected2d,
  logSoftmax,
  lpPool1d,
  lpPool2d,
  max,
  maxPool1d,
  maxPool2d,
  mean,
  multiply,
  relu,
  selu,
  sigmoid,
  softmax,
  softplus,
  sum,
  swish,
  tanh,
  tensor,
  type Tensor,
} from "@convlens/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import * as layers from "../src/index.ts";
import { parameters, type Layer } from "../src/index.ts";
import { ready, some, useFloat64 } from "./helpers.ts";

beforeAll(useFloat64);

const same = async (a: Tensor, b: Tensor): Promise<void> => {
  const [left, right] = await evaluate(a, b);
  expect(a.shape).toEqual(b.shape);
  expect(left).toEqual(right);
};

/** A size with a window, stride, padding and dilation that fit it. */
const windows = fc.record({
  batch: fc.integer({ min: 1, max: 3 }),
  channels: fc.integer({ min: 1, max: 2 }),
  kernel: fc.integer({ min: 1, max: 3 }),
  stride: fc.integer({ min: 1, max: 3 }),
  padding: fc.integer({ min: 0, max: 2 }),
  dilation: fc.integer({ min: 1, max: 2 }),
  steps: fc.integer({ min: 0, max: 3 }),
  groups: fc.integer({ min: 1, max: 2 }),
  filters: fc.integer({ min: 1, max: 2 }),
});

describe("a layer with filters", () => {
  it("equals its operation with its filters and bias: Conv1d, Conv2d, DepthwiseConv2d, ConvTranspose2d, LocallyConnected2d", async () => {
    await fc.assert(
      fc.asyncProperty(windows, async ({ batch, kernel, stride, padding: pad, dilation, steps, groups, ...rest }) => {
        const padding = Math.min(pad, Math.floor(((kernel - 1) * dilation) / 2));
        const side = (kernel - 1) * dilation + 1 + steps * stride - 2 * padding;
        fc.pre(side > 0);
        const [channels, filters] = [rest.channels * groups, rest.filters * groups];
        const options = { stride, padding, dilation, groups };
        const image = some([batch, side, side, channels]);

        const two = ready(new layers.Conv2d({ filters, kernelSize: kernel, ...options }), image);
        await same(two.call(image), add(conv2d(image, two.filters!, options), two.bias!));

        const signal = some([batch, side, channels]);
        const one = ready(new layers.Conv1d({ filters, kernelSize: kernel, ...options }), signal);
        await same(one.call(signal), add(conv1d(signal, one.filters!, options), one.bias!));

        const { groups: _, ...ungrouped } = options;
        const deep = ready(
          new layers.DepthwiseConv2d({ kernelSize: kernel, multiplier: rest.filters, ...ungrouped }),
          image,
        );
        const each = { ...ungrouped, groups: channels };
        await same(deep.call(image), add(conv2d(image, deep.filters!, each), deep.bias!));

        const back = ready(new layers.ConvTranspose2d({ filters, kernelSize: kernel, ...options }), image);
        await same(back.call(image), add(convTranspose2d(image, back.filters!, options), back.bias!));

        const longer = ready(new layers.ConvTranspose1d({ filters, kernelSize: kernel, ...options }), signal);
        await same(longer.call(signal), add(convTranspose1d(signal, longer.filters!, options), longer.bias!));

        const untied = ready(new layers.LocallyConnected2d({ filters, kernelSize: kernel, ...ungrouped }), image);
        const window = { ...ungrouped, kernelSize: kernel };
        await same(untied.call(image), add(locallyConnected2d(image, untied.filters!, window), untied.bias!));
      }),
      { numRuns: 60 },
    );
  });

  it("accepts a kernel of [height, width], and has no bias if that is off", async () => {
    const x = some([2, 5, 6, 3]);
    const layer = ready(new layers.Conv2d({ filters: 4, kernelSize: [2, 3], stride: [1, 3], bias: false }), x);
    expect(layer.filters?.shape).toEqual([2, 3, 3, 4]);
    expect(layer.bias).toBeUndefined();
    await same(layer.call(x), conv2d(x, layer.filters!, { stride: [1, 3] }));
  });

  it("has its parameters at once if the number of input channels is given", () => {
    const shapes = (layer: object): Record<string, readonly number[]> =>
      Object.fromEntries([...parameters(layer)].map(([path, { shape }]) => [path, shape]));
    expect(shapes(new layers.Conv2d({ filters: 4, kernelSize: 3, groups: 2, inChannels: 6 }))).toEqual({
      filters: [3, 3, 3, 4],
      bias: [4],
    });
    expect(shapes(new layers.Conv1d({ filters: 4, kernelSize: 3, inChannels: 2 }))).toEqual({
      filters: [3, 2, 4],
      bias: [4],
    });
    expect(shapes(new layers.ConvTranspose2d({ filters: 4, kernelSize: 3, inChannels: 2 }))).toEqual({
      filters: [3, 3, 4, 2],
      bias: [4],
    });
    expect(shapes(new layers.DepthwiseConv2d({ kernelSize: 3, multiplier: 2, inChannels: 3, bias: false }))).toEqual({
      filters: [3, 3, 1, 6],
    });
    expect(shapes(new layers.ConvTranspose1d({ filters: 4, kernelSize: 3, groups: 2, inChannels: 2 }))).toEqual({
      filters: [3, 2, 2],
      bias: [4],
    });
    expect(shapes(new layers.SeparableConv2d({ filters: 4, kernelSize: 3, multiplier: 2, inChannels: 3 }))).toEqual({
      "depthwise.filters": [3, 3, 1, 6],
      "pointwise.filters": [1, 1, 6, 4],
      "pointwise.bias": [4],
    });
    expect(shapes(new layers.Dense({ units: 4, inputs: 7 }))).toEqual({ weights: [7, 4], bias: [4] });
  });

  it("Dense gives each unit the weighted sum of the whole input, and a bias", async () => {
    const x = some([2, 3]);
    const dense = ready(new layers.Dense({ units: 4 }), x);
    const [y, inputs, weights, bias] = await evaluate(dense.call(x), x, dense.weights!, dense.bias!);
    for (let n = 0; n < 2; n++)
      for (let unit = 0; unit < 4; unit++) {
        let total = bias[unit]!;
        for (let i = 0; i < 3; i++) total += inputs[n * 3 + i]! * weights[i * 4 + unit]!;
        expect(y[n * 4 + unit]).toBeCloseTo(total, 12);
      }
  });
});

describe("a layer without parameters equals its operation:", () => {
  it("pooling, with windows that fit", async () => {
    await fc.assert(
      fc.asyncProperty(windows, async ({ batch, kernel, stride, padding: pad, steps, channels }) => {
        const padding = Math.min(pad, Math.floor((kernel - 1) / 2));
        const side = kernel + steps * stride - 2 * padding;
        fc.pre(side > 0);
        const options = { kernelSize: kernel, stride, padding };
        const image = some([batch, side, side, channels]);
        await same(new layers.MaxPool2d(options).call(image), maxPool2d(image, options));
        await same(
          new layers.AveragePool2d({ ...options, countPadding: false }).call(image),
          averagePool2d(image, { ...options, countPadding: false }),
        );
        await same(new layers.LpPool2d({ ...options, p: 3 }).call(image), lpPool2d(image, { ...options, p: 3 }));
        const signal = some([batch, side, channels]);
        await same(new layers.MaxPool1d(options).call(signal), maxPool1d(signal, options));
        await same(new layers.AveragePool1d(options).call(signal), averagePool1d(signal, options));
        await same(new layers.LpPool1d(options).call(signal), lpPool1d(signal, options));
      }),
      { numRuns: 60 },
    );
  });

  it("global pooling, flattening, local response normalisation", async () => {
    const image = some([2, 3, 4, 5]);
    const signal = some([2, 3, 5]);
    await same(new layers.GlobalMaxPool().call(image), max(image, [1, 2]));
    await same(new layers.GlobalMaxPool().call(signal), max(signal, 1));
    await same(new layers.GlobalAveragePool().call(image), mean(image, [1, 2]));
    await same(new layers.GlobalAveragePool().call(signal), mean(signal, 1));
    await same(new layers.Flatten().call(image), flatten(image));
    await same(new layers.LocalResponseNorm({ size: 3 }).call(image), localResponseNorm(image, { size: 3 }));
  });

  it("activations", async () => {
    const x = some([3, 4]);
    const pairs: [Layer, Tensor][] = [
      [new layers.ReLU(), relu(x)],
      [new layers.LeakyReLU({ negativeSlope: 0.3 }), leakyRelu(x, 0.3)],
      [new layers.LeakyReLU(), leakyRelu(x, 0.01)],
      [new layers.ELU({ alpha: 0.5 }), elu(x, 0.5)],
      [new layers.ELU(), elu(x)],
      [new layers.SELU(), selu(x)],
      [new layers.GELU(), gelu(x)],
      [new layers.Swish(), swish(x)],
      [new layers.Sigmoid(), sigmoid(x)],
      [new layers.Tanh(), tanh(x)],
      [new layers.Softplus(), softplus(x)],
      [new layers.Softmax(), softmax(x)],
      [new layers.LogSoftmax(), logSoftmax(x)],
      [new layers.HardSigmoid(), hardSigmoid(x)],
      [new layers.HardSwish(), hardSwish(x)],
      [new layers.ReLU6(), clip(x, 0, 6)],
      [new layers.Identity(), x],
    ];
    for (const [layer, y] of pairs) await same(layer.call(x), y);
  });
});

describe('windows drop inputs by default, and must fit with geometry "strict":', () => {
  const image = some([1, 6, 6, 2]);
  const signal = some([1, 6, 2]);
  const strided = { kernelSize: 3, filters: 2, stride: 2 };
  const pooled = { kernelSize: 3, stride: 2 };
  it.each<[string, (options: object) => Layer, Tensor]>([
    ["Conv1d", (options) => new layers.Conv1d({ ...strided, ...options }), signal],
    ["Conv2d", (options) => new layers.Conv2d({ ...strided, ...options }), image],
    ["DepthwiseConv2d", (options) => new layers.DepthwiseConv2d({ kernelSize: 3, stride: 2, ...options }), image],
    ["LocallyConnected2d", (options) => new layers.LocallyConnected2d({ ...strided, ...options }), image],
    ["MaxPool1d", (options) => new layers.MaxPool1d({ ...pooled, ...options }), signal],
    ["MaxPool2d", (options) => new layers.MaxPool2d({ ...pooled, ...options }), image],
    ["AveragePool1d", (options) => new layers.AveragePool1d({ ...pooled, ...options }), signal],
    ["AveragePool2d", (options) => new layers.AveragePool2d({ ...pooled, ...options }), image],
    ["LpPool1d", (options) => new layers.LpPool1d({ ...pooled, ...options }), signal],
    ["LpPool2d", (options) => new layers.LpPool2d({ ...pooled, ...options }), image],
  ])("%s", (name, make, x) => {
    const strict = make({ geometry: "strict" });
    expect(() => strict.call(x)).toThrow(
      new RegExp(`^${name}: .*does not fit.*positions, got 2.5;.*geometry: "floor"`),
    );
    for (const options of [{}, { geometry: undefined }, { geometry: "floor" }])
      expect(make(options).call(x).shape[1]).toBe(2);
  });
});

describe("normalisations scale and shift by their parameters:", () => {
  const x = some([3, 4, 5, 6]);

  it("BatchNorm while training, LayerNorm, GroupNorm", async () => {
    const batch = ready(new layers.BatchNorm({ epsilon: 1e-3 }), x);
    const affine = { scale: batch.scale!, shift: batch.shift! };
    await same(batch.call(x, { training: true }), batchNorm(x, { ...affine, epsilon: 1e-3 }));
    const layer = ready(new layers.LayerNorm(), x);
    await same(layer.call(x), layerNorm(x, { scale: layer.scale!, shift: layer.shift! }));
    const group = ready(new layers.GroupNorm({ groups: 3 }), x);
    await same(group.call(x), groupNorm(x, { groups: 3, scale: group.scale!, shift: group.shift! }));
  });

  it("LayerNorm over several axes has a scale for each of their places", () => {
    const shapeFor = (axes: number[]): readonly number[] => {
      const layer = new layers.LayerNorm({ axes });
      expect(layer.call(x).shape).toEqual(x.shape);
      return layer.scale!.shape;
    };
    expect(shapeFor([-1])).toEqual([6]);
    expect(shapeFor([1, 2, 3])).toEqual([4, 5, 6]);
    expect(shapeFor([1, 3])).toEqual([4, 1, 6]);
    expect(shapeFor([1, 2])).toEqual([4, 5, 1]);
  });
});

describe("Dropout", () => {
  it("refuses a rate in place of options, and unknown options", () => {
    const make = (options: unknown): layers.Dropout => new layers.Dropout(options as { rate?: number });
    expect(() => make(0.2)).toThrow("Dropout: expected an object of options { rate }, got 0.2");
    expect(() => make({ probability: 0.2 })).toThrow('Dropout: unknown option "probability"; options are rate');
    expect(() => make({ dropRate: 0.2 })).toThrow('Dropout: unknown option "dropRate"; did you mean "rate"?');
  });

  it("does nothing outside of training", () => {
    const x = some([4, 4]);
    expect(new layers.Dropout({ rate: 0.9 }).call(x)).toBe(x);
    expect(new layers.Dropout({ rate: 0.9 }).call(x, { training: false })).toBe(x);
  });

  it("sets about the given share to 0 in training, and keeps the mean", async () => {
    const y = await new layers.Dropout({ rate: 0.25 })
      .call(tensor(new Float32Array(4000).fill(1), [4000]), { training: true })
      .data();
    const dropped = y.filter((value) => value === 0).length;
    expect(dropped / 4000).toBeGreaterThan(0.22);
    expect(dropped / 4000).toBeLessThan(0.28);
    for (const value of y) if (value !== 0) expect(value).toBeCloseTo(4 / 3, 6);
  });
});

describe("containers", () => {
  const x = some([2, 4, 4, 3]);
  const conv = (filters: number): layers.Conv2d => new layers.Conv2d({ filters, kernelSize: 3, padding: "same" });

  it("Sequential calls its layers in order", async () => {
    const [first, second] = [conv(4), conv(2)];
    const model = layers.sequential([first, new layers.ReLU(), second]);
    await same(model.call(x), second.call(relu(first.call(x))));
    expect(new layers.Sequential([]).call(x)).toBe(x);
  });

  it("Residual adds the output of the body and the input, or the output of the shortcut", async () => {
    const body = conv(3);
    await same(new layers.Residual({ body }).call(x), add(body.call(x), x));
    const [wide, shortcut] = [conv(5), new layers.Conv2d({ filters: 5, kernelSize: 1 })];
    await same(new layers.Residual({ body: wide, shortcut }).call(x), add(wide.call(x), shortcut.call(x)));
  });

  it("Parallel concatenates the maps of its branches in order", async () => {
    const branches = [conv(2), new layers.ReLU(), conv(1)];
    const y = new layers.Parallel(branches).call(x);
    expect(y.shape).toEqual([2, 4, 4, 6]);
    const [all, a, b, c] = await evaluate(y, ...branches.map((branch) => branch.call(x)));
    for (let i = 0; i < 32; i++)
      expect([...all.subarray(i * 6, i * 6 + 6)]).toEqual([
        ...a!.subarray(i * 2, i * 2 + 2),
        ...b!.subarray(i * 3, i * 3 + 3),
        c![i],
      ]);
  });
});

describe("every parameter of every layer is trained", () => {
  const image = some([2, 5, 5, 4]);
  const cases: [string, () => Layer, Tensor][] = [
    ["Conv1d", () => new layers.Conv1d({ filters: 3, kernelSize: 3 }), some([2, 7, 2])],
    ["Conv2d", () => new layers.Conv2d({ filters: 4, kernelSize: 3, stride: 2, groups: 2 }), image],
    ["DepthwiseConv2d", () => new layers.DepthwiseConv2d({ kernelSize: 3, multiplier: 2 }), image],
    ["ConvTranspose2d", () => new layers.ConvTranspose2d({ filters: 2, kernelSize: 3, stride: 2 }), image],
    ["LocallyConnected2d", () => new layers.LocallyConnected2d({ filters: 2, kernelSize: 3, stride: 2 }), image],
    ["ConvTranspose1d", () => new layers.ConvTranspose1d({ filters: 2, kernelSize: 3, stride: 2 }), some([2, 5, 2])],
    ["SeparableConv2d", () => new layers.SeparableConv2d({ filters: 3, kernelSize: 3, multiplier: 2 }), image],
    ["PReLU", () => new layers.PReLU(), image],
    ["PReLU with one slope", () => new layers.PReLU({ shared: true }), image],
    ["Dense", () => new layers.Dense({ units: 3 }), some([2, 5])],
    ["BatchNorm", () => new layers.BatchNorm(), image],
    ["LayerNorm", () => new layers.LayerNorm({ axes: [1, 3] }), image],
    ["GroupNorm", () => new layers.GroupNorm({ groups: 2 }), image],
    [
      "Residual with a shortcut, of a Parallel",
      () =>
        new layers.Residual({
          body: new layers.Parallel([
            new layers.Conv2d({ filters: 1, kernelSize: 1 }),
            new layers.Conv2d({ filters: 2, kernelSize: 3, padding: "same" }),
          ]),
          shortcut: new layers.Conv2d({ filters: 3, kernelSize: 1 }),
        }),
      image,
    ],
  ];

  it.each(cases)("the gradients of %s equal the slopes of the loss", async (_, make, x) => {
    const layer = ready(make(), x);
    const loss = (): Tensor => {
      const y = layer.call(x, { training: true });
      return sum(multiply(multiply(y, y), some(y.shape, 9)));
    };
    const found = [...parameters(layer).values()];
    const slopes = await evaluate(...gradients(loss(), found));
    const step = 1e-5;
    for (const [i, variable] of found.entries()) {
      const values = await variable.data();
      for (const at of [0, Math.floor(values.length / 2), values.length - 1]) {
        const lossAt = async (change: number): Promise<number> => {
          variable.write(values.map((value, j) => (j === at ? value + change : value)));
          return loss().item();
        };
        const slope = ((await lossAt(step)) - (await lossAt(-step))) / (2 * step);
        expect(Math.abs(slopes[i]![at]! - slope)).toBeLessThan(1e-6 * Math.max(1, Math.abs(slope)));
        expect(slope).not.toBe(0);
      }
      variable.write(values);
    }
  });
});
