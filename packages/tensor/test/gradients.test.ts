import { Random, sizeOf, type Shape } from "@convlens/backend";
import { reference } from "@convlens/backend-reference";
import { beforeAll, describe, expect, it } from "vitest";
import * as t from "../src/index.ts";
import type { Tensor } from "../src/index.ts";

beforeAll(() => t.useBackend(reference({ precision: "float64" })));

/** Inputs and options of the check of an operation. */
interface Case {
  readonly inputs: readonly Shape[];
  readonly call: (...x: Tensor[]) => Tensor;
  /** Values of the inputs; default: from −1.5 to 1.5, none near 0 or near each other. */
  readonly values?: (random: Random, size: number) => ArrayLike<number>;
  /** Inputs whose gradients are checked. Default: all. */
  readonly of?: readonly number[];
  /** Whether the second derivative is checked, too. */
  readonly second?: boolean;
}

/** Numbers from −1.5 to 1.5, further from each other and from 0 than the step of a difference quotient. */
const spread = (random: Random, size: number): Float64Array => {
  const order = random.permutation(size);
  return Float64Array.from(order, (place) => {
    const x = -1.5 + (3 * (place + 0.25 + 0.5 * random.next())) / size;
    return Math.abs(x) < 1e-3 ? 0.01 : x;
  });
};
const positive = (random: Random, size: number): Float64Array => spread(random, size).map((x) => Math.abs(x) + 0.2);
const image: Shape = [2, 6, 5, 4];

const unary = (call: (x: Tensor) => Tensor, more: Partial<Case> = {}): Case[] =>
  [[], [3], [2, 3, 2]].map((shape) => ({ inputs: [shape], call, second: true, ...more }));
const binary = (call: (a: Tensor, b: Tensor) => Tensor, more: Partial<Case> = {}): Case[] =>
  [
    [[3], [3]],
    [[2, 3], [3]],
    [
      [2, 1, 2],
      [3, 1],
    ],
    [[], [2]],
  ].map((inputs) => ({ inputs, call, second: true, ...more }));

/** The gradient depends on the input through the result, too. */
const squared =
  (call: (...x: Tensor[]) => Tensor) =>
  (...x: Tensor[]): Tensor =>
    t.square(call(...x));

/** Every exported differentiable operation, in several shapes. */
const table: Record<string, readonly Case[]> = {
  absolute: unary(t.absolute),
  negate: unary(t.negate),
  exp: unary(t.exp),
  expm1: unary(t.expm1),
  log: unary(t.log, { values: positive }),
  log1p: unary(t.log1p, { values: positive }),
  sqrt: unary(t.sqrt, { values: positive }),
  square: unary(t.square),
  reciprocal: unary(t.reciprocal, { values: positive }),
  sin: unary(t.sin),
  cos: unary(t.cos),
  tanh: unary(t.tanh),
  erf: unary(t.erf),
  sigmoid: unary(t.sigmoid),
  relu: unary(t.relu),
  leakyRelu: unary((x) => t.leakyRelu(x, 0.2)),
  elu: unary((x) => t.elu(x, 0.7)),
  selu: unary(t.selu),
  gelu: unary(t.gelu),
  swish: unary(t.swish),
  hardSigmoid: unary((x) => t.hardSigmoid(t.multiply(x, 3)), { second: false }),
  hardSwish: unary((x) => t.hardSwish(t.multiply(x, 3)), { second: false }),
  softplus: unary(t.softplus),
  sigmoidCrossEntropy: [
    {
      inputs: [
        [2, 3],
        [2, 3],
      ],
      call: squared((x, y) => t.sigmoidCrossEntropy(x, t.sigmoid(y))),
      second: true,
    },
  ],
  clip: unary((x) => t.clip(x, -0.7, 0.9)),
  add: binary(t.add),
  subtract: binary(t.subtract),
  multiply: binary(t.multiply),
  divide: binary(t.divide, { values: positive }),
  power: binary(t.power, { values: positive }),
  maximum: binary(t.maximum),
  minimum: binary(t.minimum),
  // The quotient is between 2.2 and 2.7, far from the jumps.
  mod: binary((a, b) => t.mod(t.add(a, 9), t.add(t.multiply(b, 0.1), 4)), { values: positive }),
  where: [{ inputs: [[2, 3], [3], [2, 1]], call: t.where, of: [1, 2], second: true }],
  sum: [undefined, 0, [0, 2], -1].map((axes) => ({
    inputs: [[2, 3, 2]],
    call: (x) => t.square(t.sum(x, axes)),
    second: true,
  })),
  mean: [undefined, 1, [0, 2]].map((axes) => ({
    inputs: [[2, 3, 2]],
    call: (x) => t.square(t.mean(x, axes, { keepAxes: true })),
    second: true,
  })),
  max: [undefined, 1, [0, 2]].map((axes) => ({
    inputs: [[2, 3, 2]],
    call: (x) => t.square(t.max(x, axes)),
    second: true,
  })),
  min: [undefined, 1].map((axes) => ({ inputs: [[2, 3, 2]], call: (x) => t.square(t.min(x, axes)), second: true })),
  variance: [undefined, 1, [0, 2]].map((axes) => ({
    inputs: [[2, 3, 2]],
    call: (x) => t.variance(x, axes, { correction: 1 }),
    second: true,
  })),
  moments: [undefined, 1, [0, 2]].map((axes) => ({
    inputs: [[2, 3, 2]],
    call: (x) => {
      const { mean, variance } = t.moments(x, axes, { keepAxes: true });
      return t.multiply(t.exp(mean), variance);
    },
    second: true,
  })),
  logSumExp: [undefined, 1].map((axes) => ({ inputs: [[2, 3, 2]], call: (x) => t.logSumExp(x, axes), second: true })),
  reshape: [{ inputs: [[2, 3]], call: (x) => t.square(t.reshape(x, [3, -1])), second: true }],
  flatten: [{ inputs: [[2, 3, 2]], call: (x) => t.square(t.flatten(x)), second: true }],
  broadcastTo: [{ inputs: [[3, 1]], call: (x) => t.square(t.broadcastTo(x, [2, 3, 4])), second: true }],
  transpose: [undefined, [1, 2, 0]].map((order) => ({
    inputs: [[2, 3, 2]],
    call: (x) => t.square(t.transpose(x, order)),
    second: true,
  })),
  slice: [{ inputs: [[5, 4]], call: (x) => t.square(t.slice(x, [4, 1], [2, 2], [-2, 1])), second: true }],
  flip: [{ inputs: [[3, 2]], call: (x) => t.multiply(t.flip(x, 0), x), second: true }],
  pad: (
    [{}, { value: 0.5 }, { mode: "reflect" }, { mode: "replicate" }, { mode: "wrap" }] satisfies t.PadOptions[]
  ).map((options) => ({
    inputs: [[3, 4]],
    call: (x) =>
      t.square(
        t.pad(
          x,
          [
            [1, 2],
            [2, 0],
          ],
          options,
        ),
      ),
    second: true,
  })),
  tile: [{ inputs: [[3, 2]], call: (x) => t.square(t.tile(x, [2, 3])), second: true }],
  cumsum: [0, 1].map((axis) => ({ inputs: [[3, 6]], call: (x) => t.square(t.cumsum(x, axis)), second: true })),
  concat: [
    {
      inputs: [
        [2, 1, 2],
        [2, 3, 2],
      ],
      call: (a, b) => t.square(t.concat([a, b, a], 1)),
      second: true,
    },
  ],
  stack: [
    {
      inputs: [
        [2, 3],
        [2, 3],
      ],
      call: (a, b) => t.square(t.stack([a, b], 1)),
      second: true,
    },
  ],
  gather: [0, 1].map((axis) => ({
    inputs: [[3, 4]],
    call: (x) => t.square(t.gather(x, t.tensor([2, 0, 2]), axis)),
    second: true,
  })),
  scatter: [{ inputs: [[3, 2]], call: (x) => t.square(t.scatter(x, t.tensor([1, 3, 1]), 4)), second: true }],
  resize: (
    [
      { mode: "nearest" },
      { mode: "bilinear" },
      { mode: "bilinear", alignCorners: true },
      { mode: "bicubic" },
      { mode: "bicubic", alignCorners: true },
    ] as const
  ).map((options) => ({
    inputs: [[1, 3, 4, 2]],
    call: (x) => t.square(t.resize(x, { height: 5, width: 3, ...options })),
    second: true,
  })),
  matmul: [
    {
      inputs: [
        [2, 3],
        [3, 4],
      ],
      call: (a, b) => t.matmul(a, b),
      second: true,
    },
    {
      inputs: [
        [3, 2],
        [4, 3],
      ],
      call: (a, b) => t.matmul(a, b, { transposeA: true, transposeB: true }),
      second: true,
    },
    {
      inputs: [
        [2, 3, 2],
        [1, 3, 4],
      ],
      call: (a, b) => t.matmul(a, b, { transposeA: true }),
      second: true,
    },
    {
      inputs: [
        [2, 2, 3],
        [4, 3],
      ],
      call: (a, b) => t.matmul(a, b, { transposeB: true }),
      second: true,
    },
  ],
  conv1d: [
    {
      inputs: [
        [2, 9, 2],
        [3, 2, 3],
      ],
      call: (x, f) => t.conv1d(x, f, { stride: 2, padding: "same" }),
      second: true,
    },
    {
      inputs: [
        [1, 8, 4],
        [3, 2, 2],
      ],
      call: (x, f) => t.conv1d(x, f, { dilation: 2, groups: 2, padding: [2, 1] }),
      second: true,
    },
  ],
  conv2d: [
    {
      inputs: [image, [3, 2, 4, 3]],
      call: (x, f) => t.conv2d(x, f, { stride: [2, 1], padding: "same" }),
      second: true,
    },
    {
      inputs: [image, [3, 3, 2, 4]],
      call: (x, f) => t.conv2d(x, f, { groups: 2, dilation: [1, 2], padding: 1, stride: 2 }),
      second: true,
    },
    {
      inputs: [image, [2, 2, 1, 8]],
      call: (x, f) =>
        t.conv2d(x, f, {
          groups: 4,
          padding: [
            [1, 0],
            [0, 2],
          ],
          stride: 3,
        }),
      second: true,
    },
  ],
  conv3d: [
    {
      inputs: [
        [1, 4, 5, 4, 2],
        [3, 2, 3, 2, 3],
      ],
      call: (x, f) => t.conv3d(x, f, { stride: [1, 2, 1], padding: "same" }),
      second: true,
    },
    {
      inputs: [
        [2, 5, 4, 4, 4],
        [2, 3, 2, 2, 4],
      ],
      call: (x, f) =>
        t.conv3d(x, f, { groups: 2, dilation: [2, 1, 1], padding: [1, 0, 1], stride: 2, geometry: "ceil" }),
      second: true,
    },
  ],
  convTranspose1d: [
    {
      inputs: [
        [2, 4, 3],
        [3, 2, 3],
      ],
      call: (x, f) => t.convTranspose1d(x, f, { stride: 2, padding: 1, outputPadding: 1 }),
      second: true,
    },
  ],
  convTranspose2d: [
    {
      inputs: [
        [1, 3, 2, 4],
        [3, 2, 1, 4],
      ],
      call: (x, f) => t.convTranspose2d(x, f, { stride: 2, groups: 2, padding: [1, 0] }),
      second: true,
    },
  ],
  locallyConnected2d: [
    {
      inputs: [
        [2, 5, 4, 2],
        [2, 3, 12, 3],
      ],
      call: (x, f) => t.locallyConnected2d(x, f, { kernelSize: [3, 2], stride: [2, 1] }),
      second: true,
    },
  ],
  patches: [
    {
      inputs: [[1, 5, 4, 2]],
      call: (x) => t.square(t.patches(x, { kernelSize: 2, dilation: 2, padding: 1 })),
      second: true,
    },
  ],
  maxPool1d: [
    {
      inputs: [[2, 9, 2]],
      call: (x) => t.square(t.maxPool1d(x, { kernelSize: 3, stride: 2, padding: 1 })),
      second: true,
    },
  ],
  maxPool2d: [
    { inputs: [image], call: (x) => t.square(t.maxPool2d(x, { kernelSize: 2 })), second: true },
    { inputs: [image], call: (x) => t.square(t.maxPool2d(x, { kernelSize: 3, stride: 2, padding: 1 })), second: true },
    { inputs: [image], call: (x) => t.square(t.maxPool2d(x, { kernelSize: 2, geometry: "ceil" })), second: true },
  ],
  maxPool3d: [
    { inputs: [[1, 4, 4, 4, 2]], call: (x) => t.square(t.maxPool3d(x, { kernelSize: 2 })), second: true },
    {
      inputs: [[1, 5, 4, 5, 2]],
      call: (x) => t.square(t.maxPool3d(x, { kernelSize: [3, 2, 3], stride: 2, padding: 1, geometry: "ceil" })),
      second: true,
    },
  ],
  averagePool3d: ([true, false] as const).map((countPadding) => ({
    inputs: [[1, 4, 5, 4, 2]],
    call: (x) => t.square(t.averagePool3d(x, { kernelSize: 3, stride: 2, padding: 1, geometry: "ceil", countPadding })),
    second: true,
  })),
  maxUnpool2d: [
    {
      inputs: [[1, 4, 4, 2]],
      call: (x) =>
        t.square(
          t.maxUnpool2d(t.maxPool2d(x, { kernelSize: 2 }), t.maxPool2dIndices(x, { kernelSize: 2 }), {
            height: 4,
            width: 4,
          }),
        ),
      second: true,
    },
  ],
  averagePool1d: [
    {
      inputs: [[2, 9, 2]],
      call: (x) => t.square(t.averagePool1d(x, { kernelSize: 3, stride: 2, padding: 1 })),
      second: true,
    },
  ],
  averagePool2d: ([true, false] as const).flatMap((countPadding) =>
    (["floor", "ceil"] as const).map((geometry) => ({
      inputs: [image],
      call: (x) => t.square(t.averagePool2d(x, { kernelSize: 3, stride: 2, padding: 1, countPadding, geometry })),
      second: true,
    })),
  ),
  lpPool1d: [{ inputs: [[2, 9, 2]], call: (x) => t.lpPool1d(x, { kernelSize: 3, p: 3 }), second: true }],
  lpPool2d: [1, 2, 3].map((p) => ({
    inputs: [image],
    call: squared((x) => t.lpPool2d(x, { kernelSize: 2, p })),
    second: true,
  })),
  normalize: [0, [1, 2]].flatMap((axes) =>
    [(x: Tensor) => t.normalize(x, axes), squared((x) => t.normalize(x, axes))].map((call) => ({
      inputs: [[3, 2, 4]],
      call,
      second: true,
    })),
  ),
  batchNorm: [
    { inputs: [[4, 2, 3], [3], [3]], call: (x, scale, shift) => t.batchNorm(x, { scale, shift }), second: true },
    {
      inputs: [[4, 3], [3], [3]],
      call: (x, scale, mean) => t.batchNorm(x, { scale, mean, variance: t.tensor([1, 2, 3]) }),
      second: true,
    },
  ],
  layerNorm: [
    { inputs: [[3, 5], [5], [5]], call: (x, scale, shift) => t.layerNorm(x, { scale, shift }), second: true },
  ],
  groupNorm: [
    {
      inputs: [[2, 3, 4], [4], [4]],
      call: (x, scale, shift) => t.groupNorm(x, { groups: 2, scale, shift }),
      second: true,
    },
  ],
  localResponseNorm: [
    { inputs: [[2, 2, 6]], call: (x) => t.localResponseNorm(x, { size: 3, alpha: 0.5 }), second: true },
  ],
  softmax: [-1, 0].map((axis) => ({ inputs: [[3, 4]], call: squared((x) => t.softmax(x, axis)), second: true })),
  logSoftmax: [-1, 0].map((axis) => ({ inputs: [[3, 4]], call: squared((x) => t.logSoftmax(x, axis)), second: true })),
  softmaxCrossEntropy: [
    {
      inputs: [
        [3, 4],
        [3, 4],
      ],
      call: squared((x, y) => t.softmaxCrossEntropy(x, t.softmax(y))),
      second: true,
    },
  ],
  dropout: [{ inputs: [[4, 3]], call: (x) => t.square(t.dropout(x, 0.4)), second: true }],
  momentumStep: binary((a, b) => t.momentumStep(a, b, 0.9)),
  movingAverage: binary((a, b) => t.movingAverage(a, b, 0.7)),
  sgdStep: [{ inputs: [[3], [3], []], call: t.sgdStep, second: true }],
  adamStep: [
    {
      inputs: [[3], [3], [3], [], [], []],
      call: (...x) => t.adamStep(x[0]!, x[1]!, x[2]!, x[3]!, x[4]!, x[5]!, 1e-3),
      values: positive,
      second: true,
    },
  ],
};

/**
 * The slope of Σ weights · call(inputs) in a random direction, by gradients and by central differences in the same program,
 * and the relative distance of the two.
 */
async function distance(
  { inputs, call, values = spread, of = inputs.map((_, i) => i) }: Case,
  seed: number,
  order: 1 | 2,
): Promise<number> {
  const random = new Random(seed);
  const points = inputs.map((shape, i) => t.tensor(values(random.split(i), sizeOf(shape)), shape));
  const directions = inputs.map((shape, i) =>
    t.tensor(of.includes(i) ? random.split(`d${i}`).normal(sizeOf(shape)) : new Float64Array(sizeOf(shape)), shape),
  );
  const sample = call(...points);
  const weights = t.tensor(random.split("w").normal(sample.size), sample.shape);
  // One recording draws the same random numbers for every evaluation.
  const value = (...x: Tensor[]): Tensor => {
    t.setSeed(7);
    const y = t.sum(t.multiply(call(...x), weights));
    if (order === 1) return y;
    const dxs = t.gradients(
      y,
      of.map((i) => x[i]!),
      { unused: "zeros" },
    );
    return dxs
      .map((dx, k) => t.sum(t.multiply(dx, t.tensor(random.split(`s${k}`).normal(dx.size), dx.shape))))
      .reduce((a, b) => t.add(a, b));
  };
  const step = 1e-5;
  const moved = (by: number): Tensor => value(...points.map((x, i) => t.add(x, t.multiply(directions[i]!, by))));
  const quotient = t.divide(t.subtract(moved(step), moved(-step)), 2 * step);
  const slopes = t.gradients(
    value(...points),
    of.map((i) => points[i]!),
    { unused: "zeros" },
  );
  const slope = slopes.map((g, k) => t.sum(t.multiply(g, directions[of[k]!]!))).reduce((a, b) => t.add(a, b));
  const [a, b] = (await t.evaluate(slope, quotient)).map((v) => v[0]!) as [number, number];
  return Math.abs(a - b) / (1e-3 + Math.abs(a) + Math.abs(b));
}

describe("gradients agree with central differences in float64", () => {
  for (const [name, cases] of Object.entries(table))
    it(name, async () => {
      for (const [i, each] of cases.entries())
        for (const order of each.second ? ([1, 2] as const) : ([1] as const))
          for (const seed of [1, 2])
            expect(await distance(each, seed, order), `case ${i}, seed ${seed}, derivative ${order}`).toBeLessThan(
              order === 1 ? 1e-6 : 1e-5,
            );
    });

  it("are tested for every exported operation", () => {
    const others = new Set([
      ...[
        "Tensor",
        "Variable",
        "tensor",
        "zeros",
        "ones",
        "full",
        "range",
        "uniform",
        "normal",
        "oneHot",
        "record",
        "sorted",
        "format",
        "print",
      ],
      ...[
        "evaluate",
        "compile",
        "programOf",
        "gradients",
        "useBackend",
        "currentBackend",
        "within",
        "asRecorded",
        "recordAgain",
        "captureCallSites",
        "recordApart",
        "setSeed",
        "streamFor",
        "variablesBehind",
        "detach",
        ...[
          "currentScope",
          "printByToString",
          "areShapes",
          "areTensors",
          "isShape",
          "mapTensors",
          "mapTree",
          "showShapes",
        ],
        ...[
          "tensorsIn",
          "countOption",
          "finiteOption",
          "pairFrom",
          "poolChecks",
          "resizeChecks",
          "signalChecks",
          "tripleFrom",
          "volumeChecks",
          "windowChecks",
        ],
      ],
      // These are not differentiable.
      ...["sign", "floor", "ceil", "round", "equal", "notEqual", "greater", "greaterEqual", "less", "lessEqual"],
      ...["argmax", "maxPool2dIndices"],
    ]);
    expect(Object.keys(t).filter((name) => !others.has(name) && !(name in table))).toEqual([]);
  });
});

/** Numbers, half of them exactly 0. */
const withZeros = (random: Random, size: number): Float64Array =>
  spread(random, size).map((x, i) => ((i + size) % 2 === 0 ? 0 : x));
const smooth = (call: (x: Tensor) => Tensor, more: Partial<Case> = {}): Case => ({
  inputs: [[6]],
  call: squared((x) => call(x)),
  values: withZeros,
  second: true,
  ...more,
});
const images = { inputs: [[1, 4, 4, 1]] } as const;
const rows = { inputs: [[3, 4]] } as const;

/** Functions with two derivatives everywhere, also at 0, where the operations that compute them have a kink. */
const smoothTable: Record<string, Case> = {
  exp: smooth(t.exp),
  expm1: smooth(t.expm1),
  log1p: smooth((x) => t.log1p(t.multiply(x, 0.5))),
  square: smooth(t.square),
  sin: smooth(t.sin),
  cos: smooth(t.cos),
  tanh: smooth(t.tanh),
  erf: smooth(t.erf),
  sigmoid: smooth(t.sigmoid),
  gelu: smooth(t.gelu),
  swish: smooth(t.swish),
  softplus: smooth(t.softplus),
  // The second derivative of elu jumps at 0.
  elu: smooth((x) => t.elu(x), { second: false }),
  "power 2": smooth((x) => t.power(x, 2)),
  "power 3": smooth((x) => t.power(x, 3)),
  logSumExp: smooth((x) => t.logSumExp(x, 1), rows),
  softmax: smooth((x) => t.softmax(x), rows),
  logSoftmax: smooth((x) => t.logSoftmax(x), rows),
  variance: smooth((x) => t.variance(x, 1), rows),
  normalize: smooth((x) => t.normalize(x, 1), rows),
  localResponseNorm: smooth((x) => t.localResponseNorm(x, { size: 3, alpha: 0.5 }), rows),
  "lpPool2d 2": smooth((x) => t.exp(t.lpPool2d(x, { kernelSize: 2 })), images),
  "lpPool2d 4": smooth((x) => t.exp(t.lpPool2d(x, { kernelSize: 2, p: 4 })), images),
  softmaxCrossEntropy: smooth((x) => t.softmaxCrossEntropy(x, t.oneHot(t.tensor([3, 0, 1]), 4)), rows),
  sigmoidCrossEntropy: smooth((x) => t.sigmoidCrossEntropy(x, t.tensor([0, 1, 0.5, 0, 1, 0.25]))),
};

describe("gradients of smooth functions at 0 agree with central differences", () => {
  for (const [name, each] of Object.entries(smoothTable))
    it(name, async () => {
      for (const order of each.second ? ([1, 2] as const) : ([1] as const))
        for (const seed of [1, 2, 3])
          expect(await distance(each, seed, order), `seed ${seed}, derivative ${order}`).toBeLessThan(
            order === 1 ? 1e-6 : 1e-5,
          );
    });

  // σ(0) = 1/2 and σ′(0) = 1/4
  it("softplus has slope 1/2 and curvature 1/4", async () => {
    const x = t.tensor([0]);
    const [slope] = t.gradients(t.softplus(x), [x]);
    const [curvature] = t.gradients(slope, [x]);
    expect((await t.evaluate(slope, curvature)).map(([v]) => v)).toEqual([0.5, 0.25]);
  });
});

describe("an infinite gradient is not multiplied with the 0 of inputs that were not selected", () => {
  // As PyTorch 1.13 gives for relu, clamp, torch.maximum, torch.minimum and max(dim): 0, where 0 · ∞ is NaN.
  const x = t.tensor([-1, 4]);
  it.each<[string, Tensor, number[]]>([
    ["relu", t.relu(x), [0, 0.25]],
    ["maximum", t.maximum(0, x), [0, 0.25]],
    ["minimum", t.minimum(t.negate(t.minimum(0, t.negate(x))), 9), [0, 0.25]],
    ["clip", t.clip(x, 0, 9), [0, 0.25]],
    ["where", t.where(t.greater(x, 0), x, 0), [0, 0.25]],
  ])("by %s", async (_, y, want) => {
    const [dx] = t.gradients(t.sqrt(y), [x]);
    expect([...(await dx.data())].map((v) => v + 0)).toEqual(want);
  });

  it("by max", async () => {
    const y = t.tensor([[-1, 0]]);
    const [dy] = t.gradients(t.log(t.max(y, 1)), [y]);
    expect([...(await dy.data())]).toEqual([0, Infinity]);
  });
});

describe("gradients with the option rule", () => {
  it("replace the gradient of an operation, and keep those of others", async () => {
    const x = t.tensor([-2, 1, 3]);
    const y = t.multiply(t.relu(t.multiply(x, 2)), t.tensor([1, -1, 5]));
    const seen: (string | undefined)[] = [];
    const [dx] = t.gradients(y, [x], {
      rule: (dy, made) => {
        seen.push(made.operation);
        return made.operation === "relu" ? [t.relu(dy)] : undefined;
      },
    });
    // ReLU receives the gradients 1, −1, 5; the rule passes on the positive ones, whatever the input was.
    expect([...(await dx.data())]).toEqual([2, 0, 10]);
    expect(seen).toEqual(["multiply", "relu", "multiply"]);
  });

  it("replace it within composite operations, too", async () => {
    const [p, g] = [t.tensor([1, 2]), t.tensor([4, 9])];
    const [dg] = t.gradients(t.sgdStep(p, g, 0.1), [g], {
      rule: (_, made) =>
        made.operation === "multiply" ? made.inputs.map((input) => t.full(input.shape, 7)) : undefined,
    });
    expect([...(await dg.data())]).toEqual([7, 7]);
  });
});
