import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { Random, type Shape } from "@convlens/backend";
import { reference } from "@convlens/backend-reference";
import {
  AveragePool2d,
  build,
  Conv1d,
  Conv2d,
  ConvTranspose2d,
  Dense,
  DepthwiseConv2d,
  Flatten,
  GlobalAveragePool,
  GlobalMaxPool,
  LocallyConnected2d,
  MaxPool1d,
  MaxPool2d,
  Parallel,
  ReLU,
  Residual,
  sequential,
  Softmax,
  Tanh,
  type Layer,
} from "@convlens/layers";
import { lenet5 } from "@convlens/layers/models";
import { add, conv2d, stack, tensor, transpose, useBackend, Variable, type Tensor } from "@convlens/tensor";
import { recordModel, trace, traceGradient, type ProductsTrace } from "../src/index.ts";
import { layerNamed } from "../src/recordModel.ts";
import { filled, some, TwoWays } from "./helpers.ts";

beforeEach(() => useBackend(reference({ precision: "float64" })));

/** CS231n's running demo, channels last: the input `[5, 5, 3]`, two filters of 3 × 3 × 3, stride 2, padding 1. */
const demoInput = [
  [
    [0, 0, 2, 0, 1],
    [1, 2, 0, 0, 2],
    [1, 2, 0, 2, 2],
    [0, 0, 2, 1, 1],
    [0, 1, 0, 2, 0],
  ],
  [
    [0, 1, 2, 1, 2],
    [0, 2, 2, 1, 2],
    [2, 1, 0, 1, 1],
    [1, 1, 2, 1, 1],
    [2, 2, 2, 0, 0],
  ],
  [
    [1, 2, 1, 0, 0],
    [1, 1, 2, 1, 1],
    [1, 2, 0, 1, 1],
    [0, 0, 2, 2, 0],
    [1, 2, 2, 2, 2],
  ],
];
const demoFilters = [
  [
    [
      [1, 0, 1],
      [1, -1, 1],
      [1, 0, 1],
    ],
    [
      [-1, -1, 1],
      [1, -1, 1],
      [1, -1, -1],
    ],
    [
      [0, 1, 1],
      [0, 1, -1],
      [-1, 0, -1],
    ],
  ],
  [
    [
      [0, 1, -1],
      [0, 0, 0],
      [0, -1, 1],
    ],
    [
      [1, 1, 0],
      [-1, 1, -1],
      [-1, -1, 0],
    ],
    [
      [0, 0, 1],
      [1, -1, 1],
      [0, 0, 1],
    ],
  ],
];
const demoOutput = [
  [
    [0, -1, -3],
    [4, 5, -1],
    [1, 7, 4],
  ],
  [
    [2, -2, -4],
    [1, 4, 2],
    [2, 8, 3],
  ],
];
async function demo(): Promise<{ readonly net: Conv2d; readonly x: Tensor }> {
  const net = build(new Conv2d({ filters: 2, kernelSize: 3, stride: 2, padding: 1 }), [5, 5, 3]);
  net.filters!.write(await transpose(tensor(demoFilters), [2, 3, 1, 0]).data());
  net.bias!.write([1, 0]);
  return { net, x: stack([transpose(tensor(demoInput), [1, 2, 0])]) };
}

/** A convolution of channels-first maps: axes are permuted before and after it, and the bias is added in between. */
class ChannelsFirst implements Layer {
  readonly filters: Variable = new Variable(new Random(4).uniform(24, -1, 1), [2, 2, 2, 3]);
  readonly bias: Variable = new Variable([0.1, 0.2, 0.4], [3]);
  call(x: Tensor): Tensor {
    const y = conv2d(transpose(x, [0, 2, 3, 1]), this.filters);
    return transpose(add(y, this.bias), [0, 3, 1, 2]);
  }
}

const layers: readonly (readonly [string, () => Layer, Shape])[] = [
  [
    "convolutions",
    () => new Conv2d({ filters: 3, kernelSize: [2, 3], stride: [2, 1], padding: 1, dilation: 2, geometry: "floor" }),
    [6, 7, 2],
  ],
  ["groups", () => new Conv2d({ filters: 4, kernelSize: 3, groups: 2, padding: "same" }), [4, 4, 4]],
  ["depthwise ones", () => new DepthwiseConv2d({ kernelSize: 2, multiplier: 2 }), [4, 4, 3]],
  [
    "transposed ones",
    () => new ConvTranspose2d({ filters: 3, kernelSize: 3, stride: 2, padding: 1, groups: 1 }),
    [4, 3, 2],
  ],
  [
    "transposed ones with gaps",
    () => new ConvTranspose2d({ filters: 2, kernelSize: 1, stride: 2, padding: "same" }),
    [2, 3, 2],
  ],
  ["of signals", () => new Conv1d({ filters: 3, kernelSize: 3, stride: 2, padding: 1 }), [9, 2]],
  ["products", () => new Dense({ units: 5 }), [7]],
  ["untied ones", () => new LocallyConnected2d({ filters: 2, kernelSize: 2, padding: 1 }), [3, 4, 2]],
  ["axes that go round", () => new ChannelsFirst(), [2, 3, 4]],
  ["without a bias", () => new Conv2d({ filters: 2, kernelSize: 2, bias: false }), [3, 3, 1]],
  ["max pooling", () => new MaxPool2d({ kernelSize: 3, stride: 2, padding: 1, geometry: "floor" }), [6, 6, 2]],
  ["max pooling of signals", () => new MaxPool1d({ kernelSize: 2 }), [6, 2]],
  ["average pooling", () => new AveragePool2d({ kernelSize: [2, 3], stride: 2, geometry: "floor" }), [6, 7, 2]],
  ["the mean of maps", () => new GlobalAveragePool(), [3, 5, 2]],
  ["the largest of maps", () => new GlobalMaxPool(), [3, 5, 2]],
  ["tanh", () => new Tanh(), [3, 2]],
  ["softmax", () => new Softmax(), [4]],
  [
    "branches, whose parts are others'",
    () => new Parallel([new Conv2d({ filters: 1, kernelSize: 1 }), new Conv2d({ filters: 2, kernelSize: 1 })]),
    [2, 2, 1],
  ],
];

describe.each(layers)("the trace of %s", (_, make, shape) => {
  it("equals the output of every unit, to the last bit", async () => {
    const net = filled(make(), shape);
    const x = some([1, ...shape], 9);
    const { output } = layerNamed(recordModel(net, x), "");
    const values = await output.data();
    const own = output.shape.slice(1);
    const every = Array.from({ length: output.size }, (_unused, i) =>
      own.map((size, axis) => Math.floor(i / own.slice(axis + 1).reduce((a, b) => a * b, 1)) % size),
    );
    for (const [i, unit] of every.entries()) {
      const got = await trace(net, x, "", unit);
      expect(got.value === values[i]).toBe(true);
      expect(got.output).toBe(values[i]);
      expect(got.unit).toEqual(unit);
      // Each factor is at the place that the trace gives.
      const seen =
        got.kind === "products"
          ? got.sums.flat()
          : got.kind === "largest"
            ? got.candidates
            : got.kind === "mean"
              ? got.terms
              : [];
      for (const { input, x: number } of seen)
        expect(number).toBe(
          input === undefined ? 0 : x.knownValues[input.reduce((sum, at, axis) => sum * shape[axis]! + at, 0)],
        );
    }
  });
});

describe.each(layers.filter(([name]) => !/softmax|branches|untied|^the largest/.test(name)))(
  "traceGradient of %s",
  (_, make, shape) => {
    it("equals the gradient of every input, to the last bit", async () => {
      // The following product gives every output another gradient.
      const net = filled(sequential([make(), new Tanh(), new Flatten(), new Dense({ units: 2 })]), shape);
      const x = some([1, ...shape], 9);
      for (let i = 0; i < x.size; i++) {
        const place = shape.map(
          (size, axis) => Math.floor(i / shape.slice(axis + 1).reduce((a, b) => a * b, 1)) % size,
        );
        const got = await traceGradient(net, x, "layers.0", place, { target: [1] });
        expect(got.value).toBe(got.gradient);
        for (const { dy, derivative, product } of got.sums.flat())
          expect(Math.abs(dy * derivative - product)).toBeLessThan(1e-15);
      }
    });
  },
);

describe("trace", () => {
  it("of the convolution of CS231n has 18 sums of 27 products", async () => {
    const { net, x } = await demo();
    for (const filter of [0, 1])
      for (const row of [0, 1, 2])
        for (const column of [0, 1, 2]) {
          const got = (await trace(net, x, "", [row, column, filter])) as ProductsTrace;
          expect(got.sums).toHaveLength(1);
          expect(got.sums[0]).toHaveLength(27);
          expect(got.bias).toBe(1 - filter);
          expect(got.value).toBe(demoOutput[filter]![row]![column]);
          for (const { weight, w, input } of got.sums[0]!) {
            const [ky, kx, c, f] = weight as [number, number, number, number];
            expect(w).toBe(demoFilters[f]![c]![ky]![kx]);
            const place = [2 * row - 1 + ky, 2 * column - 1 + kx];
            expect(input).toEqual(place.every((at) => at >= 0 && at < 5) ? [...place, c] : undefined);
          }
        }
  });

  it("of gradients lists what the pixels of that demo receive from all outputs", async () => {
    const { net, x } = await demo();
    // Of the first channel, as PyTorch computes it for a gradient of ones.
    const expected = [
      [-1, 2, -1, 2, -1],
      [0, 4, 0, 4, 0],
      [-1, 2, -1, 2, -1],
      [0, 4, 0, 4, 0],
      [-1, 2, -1, 2, -1],
    ];
    for (const row of [0, 1, 2, 3, 4])
      for (const column of [0, 1, 2, 3, 4]) {
        const { value, sums } = await traceGradient(net, x, "", [row, column, 0]);
        expect(value).toBe(expected[row]![column]);
        // Two windows overlap in this pixel.
        expect(sums.flat()).toHaveLength(2 * (1 + (row % 2)) * (1 + (column % 2)));
      }
  });

  it("of max pooling names the selected input, and gives it the whole gradient", async () => {
    const net = new MaxPool2d({ kernelSize: 2 });
    const x = tensor([1, 1, 2, 4, 5, 6, 7, 8, 3, 2, 1, 0, 1, 2, 3, 4], [1, 4, 4, 1]);
    const winners = [];
    for (const unit of [
      [0, 0, 0],
      [0, 1, 0],
      [1, 0, 0],
      [1, 1, 0],
    ]) {
      const got = await trace(net, x, "", unit);
      if (got.kind === "largest") winners.push(got.candidates[got.winner]);
    }
    expect(winners).toEqual([
      { input: [1, 1, 0], x: 6 },
      { input: [1, 3, 0], x: 8 },
      { input: [2, 0, 0], x: 3 },
      { input: [3, 3, 0], x: 4 },
    ]);
    const gradient = async (row: number, column: number): Promise<number> =>
      (await traceGradient(net, x, "", [row, column, 0])).value;
    expect(await Promise.all([gradient(1, 1), gradient(2, 0), gradient(0, 0)])).toEqual([1, 1, 0]);
    // NaN is the maximum; of equal numbers the first is.
    const odd = await trace(net, tensor([9, NaN, 9, NaN], [1, 2, 2, 1]), "", [0, 0, 0]);
    expect(odd).toMatchObject({ winner: 1, value: NaN });
    expect(await trace(net, tensor([1, 9, 9, 2], [1, 2, 2, 1]), "", [0, 0, 0])).toMatchObject({ winner: 1 });
  });

  it("of a maximum over maps shares the gradient among equal numbers", async () => {
    const x = tensor([3, 1, 3, 2], [1, 2, 2, 1]);
    expect((await traceGradient(new GlobalMaxPool(), x, "", [0, 0, 0])).value).toBe(0.5);
    expect((await traceGradient(new GlobalMaxPool(), x, "", [0, 1, 0])).value).toBe(0);
  });

  it("of CS231n's example is V[2, 3, 1] = Σ X[4:9, 6:11, :] · W1 + b1", async () => {
    const net = filled(new Conv2d({ filters: 2, kernelSize: 5, stride: 2 }), [11, 11, 4]);
    const x = some([1, 11, 11, 4]);
    const got = (await trace(net, x, "", [2, 3, 1])) as ProductsTrace;
    const rows = got.sums[0]!.map(({ input }) => input![0]!);
    const columns = got.sums[0]!.map(({ input }) => input![1]!);
    expect([Math.min(...rows), Math.max(...rows), Math.min(...columns), Math.max(...columns)]).toEqual([4, 8, 6, 10]);
    expect(got.sums[0]).toHaveLength(5 * 5 * 4);
  });

  it("accepts any layer of a net, also a custom one, and reads its actual input", async () => {
    const net = filled(
      sequential([
        new TwoWays(),
        new Residual({ body: new Conv2d({ filters: 4, kernelSize: 3, padding: 1 }) }),
        new ReLU(),
      ]),
      [5, 5, 1],
    );
    const x = some([1, 5, 5, 1]);
    const { layers: recorded } = recordModel(net, x);
    for (const { name, output, type } of recorded) {
      const got = await trace(net, x, name, [2, 3, output.shape[3]! - 1]);
      expect(got.type).toBe(type);
      expect(got.value).toBe(got.output);
    }
    const residual = await trace(net, x, "layers.1", [2, 3, 1]);
    // The output of the body, and the shortcut.
    expect(residual).toMatchObject({ kind: "function", operations: ["add"] });
    expect(residual.kind === "function" && residual.inputs.map(({ input }) => input)).toEqual([
      [2, 3, 1],
      [2, 3, 1],
    ]);
    const through = await traceGradient(net, x, "layers.1.body", [2, 3, 1]);
    expect(through.value).toBe(through.gradient);
  });

  it("lists weights that are not trainable", async () => {
    class Edge implements Layer {
      call(x: Tensor): Tensor {
        return conv2d(x, tensor([-1, 1], [1, 2, 1, 1]));
      }
    }
    expect(await trace(new Edge(), tensor([2, 7], [1, 1, 2, 1]), "", [0, 0, 0])).toMatchObject({
      kind: "products",
      value: 5,
      bias: undefined,
    });
  });

  it("of softmax has a gradient from every output", async () => {
    const x = tensor([[0.1, 0.5, -0.2]]);
    const { value, gradient, sums } = await traceGradient(new Softmax(), x, "", [1], { target: [2] });
    expect(sums.flat()).toHaveLength(3);
    expect(value).toBeCloseTo(gradient, 15);
  });

  it("is equal up to rounding in float32", async () => {
    useBackend(reference());
    const net = filled(lenet5(), [28, 28, 1]);
    const x = some([1, 28, 28, 1]);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom("layers.0", "layers.3", "layers.7"), fc.nat(), async (name, seed) => {
        const { output } = layerNamed(recordModel(net, x), name);
        const unit = output.shape.slice(1).map((size) => seed % size);
        const got = await trace(net, x, name, unit);
        expect(Math.abs(got.value - got.output)).toBeLessThan(1e-5 * Math.max(1, Math.abs(got.output)));
      }),
      { numRuns: 20 },
    );
  });

  it("refuses batches, places that do not exist, and layers with several inputs", async () => {
    const net = filled(sequential([new TwoWays()]), [5, 5, 1]);
    await expect(trace(net, some([2, 5, 5, 1]), "layers.0", [0, 0, 0])).rejects.toThrow(
      "expected a batch of one example",
    );
    await expect(trace(net, some([1, 5, 5, 1]), "layers.0", [0, 5, 0])).rejects.toThrow(
      'the unit of layer "layers.0" must be a position in [5, 5, 4], got [0, 5, 0]',
    );
    await expect(traceGradient(net, some([1, 5, 5, 1]), "layers.0.far", [0, 0, 1])).rejects.toThrow(
      "layers.0.far (Conv2d): the place must be within its input, [5, 5, 1], got [0, 0, 1]",
    );
    await expect(traceGradient(net, some([1, 5, 5, 1]), "layers.0", [0, 0, 0])).rejects.toThrow(
      'traceGradient: expected a layer that reads one tensor itself, got "layers.0" (TwoWays), which reads 2; name another, such as one of those that it contains',
    );
  });
});
