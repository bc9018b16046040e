import { ValueError } from "@convlens/backend";
import { reference } from "@convlens/backend-reference";
import { useBackend } from "@convlens/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import * as layers from "../src/index.ts";
import * as models from "../src/models/index.ts";
import { some } from "./helpers.ts";

beforeAll(() => useBackend(reference()));

type Options = Readonly<Record<string, unknown>>;
interface Case {
  /** Valid options. */
  readonly good: Options;
  /** Wrong values of each option. */
  readonly bad: Readonly<Record<string, readonly unknown[]>>;
}

const counts = [0, -1, 1.5, NaN, Infinity, "3", null, [1]];
const pairs = [0, -1, 1.5, NaN, "3", null, [1], [1, 2, 3], [0, 1], [1, NaN]];
const paddings = [-1, 0.5, NaN, "SAME", "full", null, [1], [1, -1], [[1, 2, 3], 1], [[[1, 1], 1], 1]];
const borders = [...paddings, "same", "valid"];
const modes = ["cubicle", true, null];
const numbers = [NaN, Infinity, "1", null];
const booleans = [0, 1, "true", null];
const geometry = ["loose", true, null];
const functions = [null, "heNormal", {}];
const weights = { bias: booleans, initializer: functions, biasInitializer: functions };
const window = { stride: pairs, padding: paddings, dilation: pairs, geometry };
const triples = [0, 1.5, "2", [1, 2], [1, 2, 0]];
const volume = { stride: triples, padding: ["full", -1, [1, 1]], dilation: triples, geometry };
const signal = { stride: counts, padding: paddings, dilation: counts, geometry };

const cases: Readonly<Record<string, Case>> = {
  Conv1d: {
    good: {
      filters: 2,
      kernelSize: 3,
      stride: 2,
      padding: "same",
      dilation: 1,
      groups: 1,
      bias: false,
      geometry: "floor",
    },
    bad: { filters: counts, kernelSize: counts, groups: counts, inChannels: counts, ...signal, ...weights },
  },
  Conv2d: {
    good: {
      filters: 2,
      kernelSize: [3, 5],
      stride: [1, 2],
      padding: [
        [1, 0],
        [2, 1],
      ],
      initializer: layers.glorotNormal,
    },
    bad: { filters: counts, kernelSize: pairs, groups: counts, inChannels: counts, ...window, ...weights },
  },
  ConvTranspose2d: {
    good: { filters: 2, kernelSize: 2, stride: 2, outputPadding: [1, 0], padding: "valid" },
    bad: {
      ...{ filters: counts, kernelSize: pairs, groups: counts, inChannels: counts, ...weights },
      ...{ stride: pairs, padding: paddings, dilation: pairs, outputPadding: [-1, 0.5, NaN, "1", [1]] },
    },
  },
  DepthwiseConv2d: {
    good: { kernelSize: 3, multiplier: 2 },
    bad: { kernelSize: pairs, multiplier: counts, inChannels: counts, ...window, ...weights },
  },
  LocallyConnected2d: {
    good: { filters: 2, kernelSize: 3 },
    bad: { filters: counts, kernelSize: pairs, ...window, ...weights },
  },
  Dense: { good: { units: 3, inputs: 4 }, bad: { units: counts, inputs: counts, ...weights } },
  BatchNorm: {
    good: { epsilon: 0, keep: 1 },
    bad: { epsilon: [-1, ...numbers], keep: [-0.1, 1.1, ...numbers] },
  },
  GroupNorm: { good: { groups: 2, epsilon: 1e-3 }, bad: { groups: counts, epsilon: [-1, ...numbers] } },
  LayerNorm: { good: { axes: [-1, 1] }, bad: { axes: [0.5, NaN, "1", [], [0.5]], epsilon: [-1, ...numbers] } },
  LocalResponseNorm: {
    good: { size: 3, alpha: 1, beta: 0.5, k: 1 },
    bad: { size: counts, alpha: numbers, k: numbers },
  },
  MaxPool2d: { good: { kernelSize: 2, stride: 1, padding: 1 }, bad: { kernelSize: pairs, ...window } },
  AveragePool2d: {
    good: { kernelSize: 2, countPadding: true },
    bad: { kernelSize: pairs, countPadding: booleans, ...window },
  },
  LpPool2d: { good: { kernelSize: 2, p: 2 }, bad: { kernelSize: pairs, p: [0, -1, ...numbers], ...window } },
  MaxPool1d: { good: { kernelSize: 2, padding: [0, 1] }, bad: { kernelSize: counts, ...signal } },
  AveragePool1d: {
    good: { kernelSize: 2, countPadding: false },
    bad: { kernelSize: counts, countPadding: booleans, ...signal },
  },
  Conv3d: {
    good: { filters: 2, kernelSize: [1, 2, 3], stride: [1, 1, 2], padding: "same", groups: 1 },
    bad: { filters: counts, kernelSize: triples, groups: counts, inChannels: counts, ...volume, ...weights },
  },
  MaxPool3d: { good: { kernelSize: [1, 2, 2], padding: [0, 1, 1] }, bad: { kernelSize: triples, ...volume } },
  AveragePool3d: {
    good: { kernelSize: 2, countPadding: false },
    bad: { kernelSize: triples, countPadding: booleans, ...volume },
  },
  LpPool1d: { good: { kernelSize: 2, p: 3 }, bad: { kernelSize: counts, p: [0, -1, ...numbers], ...signal } },
  LeakyReLU: { good: { negativeSlope: -0.5 }, bad: { negativeSlope: numbers } },
  ELU: { good: { alpha: 2 }, bad: { alpha: numbers } },
  Dropout: { good: { rate: 0 }, bad: { rate: [1, -0.1, ...numbers] } },
  ConvTranspose1d: {
    good: { filters: 2, kernelSize: 2, stride: 2, outputPadding: 1, padding: [1, 0] },
    bad: {
      ...{ filters: counts, kernelSize: counts, groups: counts, inChannels: counts, ...weights },
      ...{ stride: counts, padding: paddings, dilation: counts, outputPadding: [-1, 0.5, NaN, "1", [1]] },
    },
  },
  SeparableConv2d: {
    good: { filters: 2, kernelSize: 3, multiplier: 2, bias: false },
    bad: { filters: counts, kernelSize: pairs, multiplier: counts, inChannels: counts, ...window, ...weights },
  },
  FrozenBatchNorm: { good: { epsilon: 0 }, bad: { epsilon: [-1, ...numbers] } },
  Concat: { good: { axis: 1 }, bad: { axis: [0.5, NaN, "1", null] } },
  SkipConnection: { good: { body: new layers.ReLU() }, bad: { body: [undefined, 3] } },
  SpatialDropout: { good: { rate: 0.2 }, bad: { rate: [1, -0.1, ...numbers] } },
  PReLU: { good: { shared: true, initial: 0 }, bad: { shared: booleans, initial: numbers } },
  GlobalMaxPool: { good: { keepAxes: true }, bad: { keepAxes: booleans } },
  GlobalAveragePool: { good: { keepAxes: false }, bad: { keepAxes: booleans } },
  Resize: {
    good: { height: 4, width: 5, mode: "bicubic", alignCorners: true },
    bad: { height: counts, width: counts, mode: modes, alignCorners: booleans },
  },
  Upsample: {
    good: { factor: [2, 3], mode: "bilinear", alignCorners: true },
    bad: { factor: pairs, mode: modes, alignCorners: booleans },
  },
  ZeroPad: {
    good: {
      padding: [
        [1, 0],
        [2, 1],
      ],
    },
    bad: { padding: borders },
  },
  Crop: { good: { cropping: 1 }, bad: { cropping: borders } },
  Reshape: { good: { shape: [2, -1] }, bad: { shape: [3, "3", null, [0.5], [-2], [-1, -1]] } },
  Permute: { good: { order: [0, 2, 1] }, bad: { order: [3, null, [], [1, 0], [0, 1, 1], [0, 2], [0, "1"]] } },
  Residual: {
    good: { body: new layers.ReLU(), shortcut: new layers.ReLU() },
    bad: { body: [undefined, 3], shortcut: [3] },
  },
};
const plain = [
  ...["ReLU", "ReLU6", "SELU", "GELU", "Swish", "HardSwish", "Sigmoid", "HardSigmoid", "Tanh", "Softplus", "Softmax"],
  ...["LogSoftmax", "Flatten", "Identity", "Add", "Multiply"],
];

const make = (name: string, ...options: readonly unknown[]): unknown =>
  new (layers as unknown as Readonly<Record<string, new (...given: readonly unknown[]) => unknown>>)[name]!(...options);

describe("options of layers", () => {
  it("are tested here for every layer", () => {
    const all = Object.entries(layers)
      .filter(
        ([, value]) => typeof value === "function" && Function.prototype.toString.call(value).startsWith("class "),
      )
      .map(([name]) => name);
    const others = new Set(["Sequential", "Parallel", "Each", "Branches", "PrintedLayer"]);
    expect(all.filter((name) => !others.has(name)).sort((a, b) => a.localeCompare(b))).toEqual(
      [...Object.keys(cases), ...plain].sort((a, b) => a.localeCompare(b)),
    );
  });

  for (const [name, { good, bad }] of Object.entries(cases)) {
    it(`of ${name} are refused if a name is unknown`, () => {
      expect(() => make(name, good)).not.toThrow();
      expect(() => make(name, { ...good, somethingElse: 1 })).toThrow(`${name}: unknown option "somethingElse"`);
      const [known] = Object.keys(good);
      expect(() => make(name, { ...good, [`${known}s`]: 1 })).toThrow(`did you mean "${known}"?`);
      for (const options of [3, null, "same", [1]]) expect(() => make(name, options)).toThrow(ValueError);
    });

    it(`of ${name} are refused if a value is wrong`, () => {
      for (const [option, values] of Object.entries(bad))
        for (const value of values) {
          expect(() => make(name, { ...good, [option]: value }), `${option}: ${JSON.stringify(value)}`).toThrow(
            ValueError,
          );
          expect(() => make(name, { ...good, [option]: value })).toThrow(name);
        }
    });
  }

  it("are refused by layers without options", () => {
    for (const name of plain) {
      expect(() => make(name)).not.toThrow();
      expect(() => make(name, { axis: 1 })).toThrow(`${name}: unknown option "axis"`);
      expect(() => make(name, 3)).toThrow(ValueError);
    }
  });

  it("are reported if they are required and missing", () => {
    for (const name of ["Conv1d", "Conv2d", "ConvTranspose2d", "DepthwiseConv2d", "LocallyConnected2d"])
      expect(() => make(name, { ...cases[name]!.good, kernelSize: undefined })).toThrow(`${name}: kernelSize must be`);
    for (const name of ["MaxPool1d", "MaxPool2d", "LpPool2d"])
      expect(() => make(name, {})).toThrow(`${name}: kernelSize must be`);
    expect(() => make("Dense", {})).toThrow("Dense: units must be");
    for (const [name, option] of [
      ["Resize", "height"],
      ["ZeroPad", "padding"],
      ["Crop", "cropping"],
      ["Reshape", "shape"],
      ["Permute", "order"],
    ] as const)
      expect(() => make(name, {})).toThrow(`${name}: ${option} must be`);
    expect(() => make("Conv2d")).toThrow(ValueError);
  });

  it("of models and functions are refused, too", () => {
    const withoutClasses = new Set(["autoencoder", "dcgan"]);
    for (const [name, net] of Object.entries(models) as [string, (options: object) => unknown][]) {
      if (withoutClasses.has(name)) continue;
      expect(() => net({ clases: 3 })).toThrow(`${name}: unknown option "clases"; did you mean "classes"?`);
      expect(() => net({ classes: 0 })).toThrow(`${name}: classes must be a whole number of at least 1, got 0`);
    }
    for (const [name, option, values] of [
      ["autoencoder", "shape", [undefined, null, [28, 28], [28, 28, 0], "28x28x1"]],
      ["autoencoder", "depth", counts],
      ["dcgan", "size", [0, 4, 12, 64.5, "64", null]],
      ["dcgan", "latent", counts],
      ["unet", "filters", counts],
      ["unet", "depth", [-1, 0.5, NaN, "2"]],
      ["resnet50", "width", [0, -1, ...numbers]],
      ["mobileNetV2", "width", [0, -1, ...numbers]],
      ["resnet1d", "filters", counts],
      ["squeezeNet", "version", ["2.0", 1.1, null]],
    ] as const)
      for (const value of values)
        expect(() =>
          models[name]({ ...(name === "autoencoder" && { shape: [8, 8, 1] }), [option]: value } as never),
        ).toThrow(`${name}: ${option} must be`);
    const from = (options: object) => () => layers.fromPattern("INPUT -> CONV -> FC", options);
    expect(from({ filter: 3 })).toThrow('fromPattern: unknown option "filter"; did you mean "filters"?');
    expect(from({ filters: 0 })).toThrow("filters must be");
    expect(from({ geometry: "loose" })).toThrow("geometry must be");
    expect(() => layers.expandPattern("INPUT -> FC", { repeat: {} } as never)).toThrow('did you mean "repeats"?');
    const dense = new layers.Dense({ units: 2 });
    expect(() => layers.build(dense, [3], { sead: 1 } as never)).toThrow('did you mean "seed"?');
    expect(() => layers.build(dense, [3], { seed: 0.5 })).toThrow("seed must be a whole number");
    for (const shape of [3, "3", undefined, [NaN], [-1]])
      expect(() => layers.build(dense, shape as never)).toThrow("build: inputShape must be the shape of one example");
    expect(() => layers.build({} as never, [3])).toThrow("build: model must be a layer");
    expect(() => layers.setWeights(layers.build(dense, [3]), new Map(), { stric: false } as never)).toThrow(
      'did you mean "strict"?',
    );
  });
});

describe("predict and activations", () => {
  const dense = new layers.Dense({ units: 2 });

  it("refuse values that are not tensors, with a way to make one", async () => {
    for (const input of [
      [1, 2],
      [[1, 2]],
      Float32Array.of(1, 2),
      3,
      "1",
      null,
      undefined,
      Promise.resolve(some([1, 2])),
    ]) {
      await expect(layers.predict(dense, input as never)).rejects.toThrow(
        /the input of predict.*tensor\(values, shape\)/,
      );
      await expect(layers.activations(dense, input as never)).rejects.toThrow("the input of activations");
    }
  });

  it("refuse values that are not models", async () => {
    for (const model of [some([1, 2]), null, {}, () => some([1, 2])])
      await expect(layers.predict(model as never, some([1, 2]))).rejects.toThrow("predict: model must be a layer");
  });
});
