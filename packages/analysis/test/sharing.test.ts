import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { UsageError, ValueError, type Shape } from "@convlens/backend";
import { reference } from "@convlens/backend-reference";
import {
  AveragePool2d,
  BatchNorm,
  Conv1d,
  Conv2d,
  ConvTranspose2d,
  Dense,
  DepthwiseConv2d,
  Flatten,
  GlobalAveragePool,
  GlobalMaxPool,
  LayerNorm,
  LocalResponseNorm,
  LocallyConnected2d,
  MaxPool1d,
  MaxPool2d,
  Parallel,
  predict,
  ReLU,
  Residual,
  sequential,
  Softmax,
  type Layer,
} from "@convlens/layers";
import { alexNet, lenet5, vgg16 } from "@convlens/layers/models";
import { conv2d, gradients, matmul, reshape, square, tensor, useBackend, Variable, zeros } from "@convlens/tensor";
import {
  denseMatrix,
  filtersToWeights,
  inputsSeen,
  sharing,
  slidingError,
  toColumns,
  toConvolutional,
  toMatrix,
  toRows,
  weightsToFilters,
} from "../src/index.ts";
import { filled, some, TwoWays } from "./helpers.ts";

beforeEach(() => useBackend(reference({ precision: "float64" })));

const close = (got: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-12): void => {
  expect(got.length).toBe(expected.length);
  for (let i = 0; i < got.length; i++) expect(Math.abs(got[i]! - expected[i]!)).toBeLessThan(tolerance);
};

describe("sharing", () => {
  it("of nine inputs under a window of three has 7 copies, 21 connections, 3 weights and a bias", () => {
    expect(sharing(sequential([new Conv1d({ filters: 1, kernelSize: 3 })]), [9, 1])).toEqual([
      {
        name: "layers.0",
        type: "Conv1d",
        outputShape: [7, 1],
        neurons: 7,
        copies: 7,
        connections: 21,
        weights: 4,
        untied: 28,
      },
    ]);
    const [dense] = sharing(sequential([new Flatten(), new Dense({ units: 7, bias: false })]), [9, 1]);
    expect(dense).toMatchObject({ neurons: 7, copies: 1, connections: 63, weights: 63, untied: 63 });
  });

  it("of AlexNet's first layer has 290,400 neurons, 34,944 weights, 105,705,600 without sharing", () => {
    const [first, second] = sharing(alexNet({ grouped: true }), [227, 227, 3]);
    expect(first).toMatchObject({ neurons: 290_400, copies: 55 * 55, weights: 34_944, untied: 105_705_600 });
    expect(first?.connections).toBe(290_400 * 363);
    // Two groups: each neuron reads half of the 96 maps.
    expect(second).toMatchObject({ neurons: 27 * 27 * 256, copies: 27 * 27, weights: 5 * 5 * 48 * 256 + 256 });
  });

  it("counts no connection to the padding", () => {
    const [row] = sharing(new Conv2d({ filters: 2, kernelSize: 3, padding: 1, bias: false }), [4, 4, 1]);
    // Along each axis two of twelve taps lie outside.
    expect(row).toMatchObject({ neurons: 32, connections: 10 * 10 * 2, untied: 32 * 9 });
  });

  it("is absent in a locally connected layer, and found in custom layers and layers that are used twice", () => {
    const local = sharing(new LocallyConnected2d({ filters: 2, kernelSize: 2 }), [4, 4, 3])[0]!;
    expect(local).toMatchObject({ copies: 1, neurons: 18, weights: 18 * 13, untied: 18 * 13 });
    expect(sharing(new TwoWays(), [6, 6, 1]).map(({ name, copies }) => [name, copies])).toEqual([
      ["near", 36],
      ["far", 36],
    ]);
    const [up] = sharing(new ConvTranspose2d({ filters: 2, kernelSize: 2, stride: 2 }), [3, 3, 4]);
    expect(up).toMatchObject({ neurons: 72, copies: 9, connections: 9 * 4 * 4 * 2, weights: 34 });
  });
});

describe("a layer as a matrix", () => {
  it("of nine inputs and a filter of two is 8 · 9, with 16 entries, 2 weights and 56 zeros", async () => {
    const layer = filled(new Conv1d({ filters: 1, kernelSize: 2, bias: false }), [9, 1]);
    // Layers do not flip filters; the mathematical convolution by [2, −3] does.
    layer.filters!.write([-3, 2]);
    const matrix = toMatrix(layer, [9, 1]);
    expect(matrix).toMatchObject({ rows: 8, columns: 9, nonZeros: 16, distinct: 2 });
    const dense = denseMatrix(matrix);
    const values = await dense.data();
    expect(values.filter((x) => x === 0)).toHaveLength(56);
    expect([...values.slice(0, 3), ...values.slice(9, 12)]).toEqual([-3, 2, 0, 0, -3, 2]);
    const x = tensor([1, 2, 3, 4, 5, 6, 7, 8, 9], [9, 1]);
    expect([...(await matmul(dense, x).data())]).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((a) => -3 * a + 2 * (a + 1)));
    // As colah writes it, with w0 after w1: −4 … −11.
    layer.filters!.write([2, -3]);
    expect([...(await matmul(denseMatrix(toMatrix(layer, [9, 1])), x).data())]).toEqual([
      -4, -5, -6, -7, -8, -9, -10, -11,
    ]);
  });

  it("computes what the layer computes, for random geometries, and gives its weights the same gradient", async () => {
    const property = fc.asyncProperty(
      fc.record({
        kernelSize: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
        stride: fc.integer({ min: 1, max: 3 }),
        dilation: fc.integer({ min: 1, max: 2 }),
        padding: fc.constantFrom("same" as const, 0, 1, 2),
      }),
      fc.constantFrom("conv", "grouped", "depthwise", "transposed"),
      async (window, kind) => {
        const options = { ...window, geometry: "floor" as const, bias: false };
        const layer: Conv2d | DepthwiseConv2d | ConvTranspose2d =
          kind === "conv"
            ? new Conv2d({ ...options, filters: 3 })
            : kind === "grouped"
              ? new Conv2d({ ...options, filters: 4, groups: 2 })
              : kind === "depthwise"
                ? new DepthwiseConv2d({ ...options, multiplier: 2 })
                : new ConvTranspose2d({ ...window, filters: 2, bias: false });
        const shape = [6, 7, 2];
        try {
          filled(layer, shape);
        } catch {
          fc.pre(false);
        }
        const x = some([1, ...shape]);
        const matrix = toMatrix(layer, shape);
        const dense = denseMatrix(matrix);
        const [y, product] = [layer.call(x), matmul(dense, reshape(x, [84, 1]))];
        close(await product.data(), await y.data());
        const weights = layer.filters!;
        const [direct, through] = [y, product].map((t) => gradients(square(t), [weights])[0]);
        close(await through!.data(), await direct!.data(), 1e-11);
        expect([...matrix.entries.row]).toEqual([...matrix.entries.row].sort((a, b) => a - b));
      },
    );
    await fc.assert(property, { numRuns: 100 });
  });

  it("has entries exactly where units read the input", () => {
    const layer = new Conv2d({ filters: 2, kernelSize: 2, dilation: 2, padding: 1 });
    const { entries, rows, columns } = toMatrix(layer, [4, 3, 2]);
    for (let row = 0; row < rows; row++) {
      const own = [...entries.column].filter((_, i) => entries.row[i] === row).sort((a, b) => a - b);
      const unit = [Math.floor(row / 6), Math.floor(row / 2) % 3, row % 2];
      const { mask } = inputsSeen(layer, [4, 3, 2], "", unit);
      expect(own).toEqual([...Array(columns).keys()].filter((i) => mask[i]));
    }
  });

  it("of a fully connected layer is its weight matrix", async () => {
    const layer = filled(new Dense({ units: 3 }), [4]);
    const matrix = toMatrix(layer, [4]);
    expect(matrix).toMatchObject({ rows: 3, columns: 4, nonZeros: 12, distinct: 12 });
    const x = some([1, 4]);
    close(await matmul(denseMatrix(matrix), reshape(x, [4, 1])).data(), await matmul(x, layer.weights!).data());
  });

  it("is refused for layers that are no matrix product, and if it would be too large", () => {
    expect(() => toMatrix(new ReLU(), [4])).toThrow(UsageError);
    expect(() =>
      toMatrix(
        sequential([new Conv2d({ filters: 1, kernelSize: 1 }), new Conv2d({ filters: 1, kernelSize: 1 })]),
        [2, 2, 1],
      ),
    ).toThrow("2 times");
    const large = toMatrix(new Conv2d({ filters: 1, kernelSize: 1 }), [128, 128, 1]);
    expect(large.nonZeros).toBe(128 * 128);
    expect(() => denseMatrix(large)).toThrow("use the entries that are not 0");
  });
});

describe("toColumns", () => {
  it("makes 363 · 3025 numbers for AlexNet's first layer, and toRows 96 · 363", () => {
    expect(toColumns(zeros([1, 227, 227, 3]), { kernelSize: 11, stride: 4 }).shape).toEqual([1, 363, 3025]);
    expect(toRows(zeros([11, 11, 3, 96])).shape).toEqual([96, 363]);
    expect(() => toRows(zeros([3, 3]))).toThrow("toRows");
  });

  it("times toRows of the filters equals the convolution", async () => {
    const [x, filters] = [some([2, 7, 6, 3]), some([3, 2, 3, 4], 2)];
    const options = { stride: 2, padding: 1, dilation: 2 };
    const product = matmul(toRows(filters), toColumns(x, { ...options, kernelSize: [3, 2] }));
    const y = conv2d(x, filters, options);
    const [n, h, w, f] = y.shape as [number, number, number, number];
    expect(product.shape).toEqual([n, f, h * w]);
    const [got, expected] = [await product.data(), await y.data()];
    for (let i = 0; i < n; i++)
      for (let place = 0; place < h * w; place++)
        for (let k = 0; k < f; k++)
          expect(got[(i * f + k) * h * w + place]).toBeCloseTo(expected[(i * h * w + place) * f + k]!, 12);
  });
});

describe("toConvolutional", () => {
  it("converts 7 · 7 · 512 → 4096 into filters and back", async () => {
    expect(weightsToFilters(zeros([2 * 3 * 5, 7]), [2, 3, 5]).shape).toEqual([2, 3, 5, 7]);
    const weights = some([12, 2]);
    const back = filtersToWeights(weightsToFilters(weights, [2, 2, 3]));
    expect(back.shape).toEqual([12, 2]);
    expect(await back.data()).toEqual(weights.knownValues);
    const large = new Variable(() => expect.unreachable(), [7 * 7 * 512, 4096]);
    expect(weightsToFilters(large, [7, 7, 512]).size).toBe(102_760_448);
  });

  it("makes VGG-16 classify 36 crops of 224 in an image of 384 at once", () => {
    const y = toConvolutional(vgg16(), [224, 224, 3]).call(zeros([1, 384, 384, 3]));
    expect(y.shape).toEqual([1, 6, 6, 1000]);
  });

  const unpadded: readonly (readonly [string, () => Layer, Shape, Shape])[] = [
    ["LeNet-5 without padding", () => sequential([...lenet5().layers.slice(2)]), [28, 28, 6], [44, 40, 6]],
    [
      "a net of means, normalised, with softmax",
      () =>
        sequential([
          ...[
            new Conv2d({ filters: 4, kernelSize: 3, stride: 2 }),
            new BatchNorm(),
            new ReLU(),
            new LocalResponseNorm(),
          ],
          ...[new AveragePool2d({ kernelSize: 2 }), new GlobalAveragePool(), new Dense({ units: 5 }), new Softmax()],
        ]),
      [13, 9, 2],
      [25, 21, 2],
    ],
    [
      "a shortcut around 1 × 1 and two answers side by side",
      () =>
        sequential([
          new Conv2d({ filters: 3, kernelSize: 3 }),
          new Residual({ body: sequential([new Conv2d({ filters: 3, kernelSize: 1 }), new ReLU()]) }),
          new Parallel([
            sequential([new GlobalMaxPool(), new Dense({ units: 2 })]),
            sequential([new Flatten(), new Dense({ units: 3 }), new ReLU(), new Dense({ units: 4 })]),
          ]),
        ]),
      [6, 5, 1],
      [9, 10, 1],
    ],
    [
      "signals",
      () =>
        sequential([
          ...[new Conv1d({ filters: 3, kernelSize: 3 }), new ReLU(), new MaxPool1d({ kernelSize: 2 })],
          ...[new Flatten(), new Dense({ units: 4 }), new ReLU(), new Dense({ units: 2 })],
        ]),
      [12, 2],
      [22, 2],
    ],
    [
      "the largest of a signal",
      () => sequential([new Conv1d({ filters: 3, kernelSize: 3 }), new GlobalMaxPool(), new Dense({ units: 4 })]),
      [8, 1],
      [12, 1],
    ],
  ];

  it.each(unpadded)("is exact without padding: %s", async (_, make, small, large) => {
    const model = filled(make(), small);
    const { error, largest, shape } = await slidingError(model, small, some([1, ...large], 5));
    expect(error.length).toBeGreaterThan(3);
    expect(shape).toHaveLength(small.length - 1);
    expect(largest).toBeLessThan(1e-12);
  });

  it("reports where crops see zeros but the image has pixels, if there is padding", async () => {
    const conv = (): Layer => new Conv2d({ filters: 4, kernelSize: 3, padding: 1 });
    const model = filled(
      sequential([
        conv(),
        new ReLU(),
        new MaxPool2d({ kernelSize: 2 }),
        conv(),
        new ReLU(),
        new Flatten(),
        new Dense({ units: 3 }),
      ]),
      [8, 8, 1],
    );
    const { shape, error, largest, stride } = await slidingError(model, [8, 8, 1], some([1, 16, 12, 1], 5));
    expect(stride).toEqual([2, 2]);
    expect(shape).toEqual([5, 3]);
    expect(largest).toBeGreaterThan(0.01);
    // A crop in a corner shares two borders with the image.
    const corners = [0, 2, 12, 14].map((i) => error[i]!);
    expect(Math.max(...error.filter((_, i) => ![0, 2, 12, 14].includes(i)))).toBeGreaterThan(Math.max(...corners));
    // On an image of the size of a crop it equals the model.
    const x = some([2, 8, 8, 1], 7);
    close((await predict(toConvolutional(model, [8, 8, 1]), x)).knownValues, (await predict(model, x)).knownValues);
  });

  it("shares the weights of the model: training one trains the other", async () => {
    const model = filled(sequential([new Flatten(), new Dense({ units: 2, bias: false })]), [2, 2, 1]);
    const net = toConvolutional(model, [2, 2, 1]);
    const x = some([1, 3, 3, 1]);
    const before = (await predict(net, x)).knownValues;
    const weights = (model.layers[1] as Dense).weights!;
    weights.write([...(await weights.data())].map((w) => 2 * w));
    close(
      (await predict(net, x)).knownValues,
      [...before].map((y) => 2 * y),
    );
  });

  it("refuses layers that depend on the whole input, and inputs that are too small", () => {
    const model = sequential([
      new Conv2d({ filters: 2, kernelSize: 3 }),
      new LayerNorm({ axes: [1, 2, 3] }),
      new Flatten(),
      new Dense({ units: 2 }),
    ]);
    const net = toConvolutional(model, [6, 6, 1]);
    expect(() => net.call(zeros([1, 8, 8, 1]))).toThrow(ValueError);
    expect(() => net.call(zeros([1, 8, 8, 1]))).toThrow(
      "moments of [2, 4, 4, 2] in layers.1 (LayerNorm) depends on the size of the whole input",
    );
    expect(() => net.call(zeros([1, 5, 8, 1]))).toThrow("at least [6, 6, 1]");
  });
});
