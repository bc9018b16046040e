import { cpu } from "@convlens/backend-cpu";
import { reference } from "@convlens/backend-reference";
import { Random } from "@convlens/backend";
import {
  AveragePool2d,
  build,
  Conv2d,
  Dense,
  Flatten,
  parameters,
  ReLU,
  sequential,
  Softmax,
  type Layer,
  type Mode,
} from "@convlens/layers";
import { add, maximum, mean, minimum, tensor, useBackend, where, zeros, type Tensor } from "@convlens/tensor";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import {
  adviceOn,
  effectiveReceptiveField,
  explain,
  explanationMethodNames,
  faithfulness,
  gaussianKernel,
  heatmap,
  imageKernel,
  learnedFilters,
  nearestNeighbors,
  occlusionCurve,
  principalComponents,
  shiftConsistency,
  tsne,
  watchTraining,
  type ExplainOptions,
  type Matrix,
} from "../src/index.ts";
import { some } from "./helpers.ts";

// Empty sums, quotients of zeros and logarithms of zero are finite if they have a limit or nothing to divide.

beforeEach(() => useBackend(reference()));

const isFinite = (values: ArrayLike<number>): boolean => Array.from(values).every(Number.isFinite);
const matrix = (columns: number, values: readonly number[]): Matrix => ({
  rows: values.length / columns,
  columns,
  values: Float64Array.from(values),
});

describe("t-SNE", () => {
  const clusters = fc.record({
    rows: fc.integer({ min: 4, max: 20 }),
    columns: fc.integer({ min: 2, max: 4 }),
    centers: fc.integer({ min: 1, max: 4 }),
    apart: fc.constantFrom(0, 1, 1e3, 1e10, 1e30),
    spread: fc.constantFrom(0, 1e-30, 1e-10, 1),
    seed: fc.nat(999),
  });

  it("has finite maps and divergences for clusters at any distance, and for equal points", () =>
    fc.assert(
      fc.asyncProperty(clusters, async ({ rows, columns, centers, apart, spread, seed }) => {
        const random = new Random(seed);
        const middles = Array.from({ length: centers }, () => [...random.normal(columns)].map((z) => z * apart));
        const values = Array.from(
          { length: rows * columns },
          (_, i) => middles[Math.floor(i / columns) % centers]![i % columns]! + spread * random.normal(1)[0]!,
        );
        for await (const { divergence, points } of tsne(matrix(columns, values), { steps: 60, every: 10 })) {
          expect(divergence).toSatisfy(Number.isFinite);
          expect(points.values).toSatisfy(isFinite);
        }
      }),
      { numRuns: 30 },
    ));

  it("has the divergence 0 if all neighbourhoods are equal: ln of the pairs minus ln of the pairs", async () => {
    for await (const { divergence } of tsne(matrix(2, new Array<number>(12).fill(3)), { steps: 20, perplexity: 4 }))
      expect(divergence).toBeCloseTo(0, 12);
  });
});

it.each([NaN, Infinity, -Infinity])("points with %s are refused", async (value) => {
  const points = matrix(2, [0, 1, 2, value, 4, 5, 6, 7, 8, 9]);
  const said = `row 1 must be finite, got ${value}; leave that point out`;
  expect(() => principalComponents(points)).toThrow(said);
  expect(() => nearestNeighbors(points, { count: 1 })).toThrow(said);
  await expect(tsne(points, { perplexity: 1 }).next()).rejects.toThrow(said);
});

it("the cosine distance of a zero vector is 1", () => {
  // sklearn.metrics.pairwise.cosine_distances([[0, 0], [3, 4], [0, 0]], [[0, 0], [0, 2], [-5, 0]])
  // = [[1, 1, 1], [1, 0.2, 1.6], [1, 1, 1]]
  const [asked, points] = [matrix(2, [0, 0, 3, 4, 0, 0]), matrix(2, [0, 0, 0, 2, -5, 0])];
  const { distances, indices } = nearestNeighbors(points, { of: asked, count: 3, metric: "cosine" });
  [1, 1, 1, 0.2, 1, 1.6, 1, 1, 1].forEach((distance, i) => expect(distances[i]).toBeCloseTo(distance, 12));
  expect([...indices]).toEqual([0, 1, 2, 1, 0, 2, 0, 1, 2]);
  expect([...nearestNeighbors(asked, { count: 2, metric: "cosine" }).distances]).toEqual([1, 1, 1, 1, 1, 1]);
  // The square of its length overflows or underflows.
  const { distances: same } = nearestNeighbors(matrix(2, [3e200, 4e200, 3e-200, 4e-200]), {
    count: 1,
    metric: "cosine",
  });
  same.forEach((distance) => expect(distance).toBeCloseTo(0, 12));
});

it("components of constant points explain no variance", () => {
  const { shares, variances, scores } = principalComponents(matrix(3, new Array<number>(12).fill(7)));
  expect([...shares, ...variances, ...scores.values].every((value) => value === 0)).toBe(true);
});

it.each([1e-200, 1e-3, 0.01, 1, 1e200])(
  "a Gaussian kernel of deviation %d has weights that sum up to 1",
  (deviation) => {
    for (const size of [1, 2, 3, 4]) {
      const { values } = gaussianKernel(deviation, size);
      expect(values.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
    }
  },
);

it.each([0, NaN, Infinity])("dividing a kernel by %s is refused", (divisor) =>
  expect(() => imageKernel([[1]], divisor)).toThrow(`imageKernel: divisor must be finite and not 0, got ${divisor}`),
);

function silenced<L extends Layer>(model: L): L {
  for (const [, parameter] of parameters(model)) parameter.write(new Float32Array(parameter.size));
  return model;
}

/** A convolution whose weights are all 0, so that nothing depends on the input. */
function silent(): Layer {
  const model = build(sequential([new Conv2d({ filters: 2, kernelSize: 3 }), new ReLU()]), [6, 6, 1]);
  return silenced(model);
}

describe("a net whose outputs do not depend on the input", () => {
  it("has a receptive field of zeros", async () => {
    const field = await effectiveReceptiveField(silent(), some([1, 6, 6, 1]), "layers.1");
    expect(field).toMatchObject({ area: 0, center: [2.5, 2.5], deviation: [0, 0] });
  });

  it("has filters with roughness 0", async () =>
    expect((await learnedFilters(silent(), [6, 6, 1])).map(({ roughness }) => roughness)).toEqual([0]));

  it("has a shift consistency without changes", async () => {
    for (const { change } of await shiftConsistency(silent(), some([2, 6, 6, 1]), { shift: 1 })) expect(change).toBe(0);
  });

  it("has explanations of zeros", async () => {
    const net = silenced(build(sequential([silent(), new Flatten(), new Dense({ units: 3 })]), [6, 6, 1]));
    const x = some([1, 6, 6, 1]);
    for (const method of explanationMethodNames) {
      const { values } = await explain(net, x, { method, target: 1 });
      expect(Array.from(values).every((value) => value === 0)).toBe(true);
    }
  });
});

it("a code that was 0 and changes has a relative change of 1", async () => {
  const net: Layer = { call: (x) => maximum(add(x, -0.5), 0) };
  const x = tensor([0, 0, 0, 0], [1, 2, 2, 1]);
  for (const { down, right, change } of await shiftConsistency(net, x, { shift: 1, value: 1 }))
    expect(change).toBe(down === 0 && right === 0 ? 0 : 1);
});

it("a gradient whose median is 0 gives no advice with an infinite figure", () => {
  const steps = Array.from({ length: 10 }, (_, i) => ({ step: i + 1, loss: 1, gradientNorm: i === 4 ? 3 : 0 }));
  expect(adviceOn({ chance: 0, steps, records: [] })).toEqual([]);
});

it("a parameter of zeros that does not change has an update ratio of 0", async () => {
  const model = build(sequential([new Flatten(), new Dense({ units: 2 })]), [2, 1]);
  const watch = await watchTraining(model, { inputs: some([1, 2, 1]), targets: tensor([0]), every: 1 });
  await watch.observe({ step: 1, loss: 1 });
  const bias = watch.records[0]!.parameters.find(({ path }) => path === "layers.1.bias");
  expect(bias?.updateRatio).toBe(0);
});

describe("occlusion", () => {
  const net = (): Layer => build(sequential([new Flatten(), new Dense({ units: 3 })]), [8, 8, 1]);

  it.each([
    [
      { size: 2, stride: 3 },
      "occlusion: stride (height) must be at most 2, the size of the occluder, to cover every pixel, got 3",
    ],
    [
      { size: [8, 1] as const, stride: [9, 2] as const },
      "occlusion: stride (width) must be at most 1, the size of the occluder, to cover every pixel, got 2",
    ],
  ])("refuses %j", async (options, said) =>
    expect(explain(net(), some([1, 8, 8, 1]), { method: "occlusion", ...options })).rejects.toThrow(said),
  );

  it("by any occluder that reaches every pixel is finite", () =>
    fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 10 }), fc.integer({ min: 1, max: 12 }), async (size, stride) => {
        fc.pre(stride <= size || size >= 8);
        const { values } = await explain(net(), some([2, 8, 8, 1]), { method: "occlusion", size, stride });
        expect(values).toSatisfy(isFinite);
      }),
      { numRuns: 20 },
    ));
});

/** A trunk of a convolution and relu, with a branch of convolutions beside it that the scores may depend on or not. */
class WithBranch implements Layer {
  readonly trunk = new Conv2d({ filters: 3, kernelSize: 3 });
  readonly curve = new ReLU();
  readonly head = sequential([new Flatten(), new Dense({ units: 4 })]);
  readonly side = sequential([new Conv2d({ filters: 2, kernelSize: 3 }), new Conv2d({ filters: 2, kernelSize: 1 })]);
  call(x: Tensor, mode?: Mode): Tensor {
    const maps = this.curve.call(this.trunk.call(x, mode), mode);
    const scores = this.head.call(maps, mode);
    this.side.call(maps, mode);
    return scores;
  }
}

describe("Grad-CAM in a net with a side branch", () => {
  const x = some([2, 8, 8, 1]);

  it("uses the last convolution that the score depends on", async () => {
    const net = build(new WithBranch(), [8, 8, 1]);
    const found = await explain(net, x, { method: "gradCam", target: 1 });
    const wanted = await explain(net, x, { method: "gradCam", target: 1, layer: "trunk" });
    const other = await explain(net, x, { method: "gradCam", target: 1, layer: "curve" });
    expect(found.coarse?.shape).toEqual([2, 6, 6, 1]);
    expect(found.values).toEqual(wanted.values);
    expect(found.values).not.toEqual(other.values);
  });

  it("uses the last maps if every convolution has a single place", async () => {
    const pooled = [new ReLU(), new AveragePool2d({ kernelSize: 2 })];
    const alone = [new Conv2d({ filters: 3, kernelSize: 4 }), new Flatten(), new Dense({ units: 4 })];
    const net = build(sequential([...pooled, ...alone]), [8, 8, 1]);
    const found = await explain(net, some([2, 8, 8, 1]), { method: "gradCam", target: 1 });
    const wanted = await explain(net, some([2, 8, 8, 1]), { method: "gradCam", target: 1, layer: "layers.1" });
    expect(found.coarse?.shape).toEqual([2, 4, 4, 1]);
    expect(found.values).toEqual(wanted.values);
  });

  it("lists the available layers if the requested one is unavailable", async () =>
    expect(
      explain(build(new WithBranch(), [8, 8, 1]), x, { method: "gradCam", layer: "side.layers.0" }),
    ).rejects.toThrow(
      'gradCam: the score does not depend on layer "side.layers.0"; choose one of the layers with maps that it depends on: "trunk", "curve"',
    ));

  it("suggests other methods for a net without maps", async () => {
    const net = build(sequential([new Flatten(), new Dense({ units: 3 })]), [8, 8, 1]);
    await expect(explain(net, x, { method: "gradCam" })).rejects.toThrow(
      'gradCam: no layer that the score depends on makes maps of more than one pixel; use { method: "gradient" }, which explains any model',
    );
  });
});

const backends = { reference: () => reference(), cpu: () => cpu({ threads: 1 }) };
const mask = tensor([0, -Infinity, 0]);
/** Ways to mask a class. */
const masks: Readonly<Record<string, (y: Tensor) => Tensor>> = {
  add: (y) => add(y, mask),
  minimum: (y) => minimum(y, tensor([Infinity, -Infinity, Infinity])),
  where: (y) => where(tensor([1, 0, 1]), y, -Infinity),
  "where and softmax": (y) => new Softmax().call(where(tensor([1, 0, 1]), y, -Infinity)),
};

class Masked implements Layer {
  readonly inner: Layer;
  readonly mask: (y: Tensor) => Tensor;
  constructor(inner: Layer, mask: (y: Tensor) => Tensor) {
    this.inner = inner;
    this.mask = mask;
  }
  call(x: Tensor, mode?: Mode): Tensor {
    return this.mask(this.inner.call(x, mode));
  }
}

describe.each(Object.entries(backends))("on %s", (_, make) => {
  beforeEach(async () => useBackend(await make()));

  describe.each(Object.keys(masks))("a net that masks a class by %s", (way) => {
    const net = (): Layer => {
      const inner = build(
        sequential([new Conv2d({ filters: 2, kernelSize: 3 }), new ReLU(), new Flatten(), new Dense({ units: 3 })]),
        [6, 6, 1],
        { seed: 3 },
      );
      return new Masked(inner, masks[way]!);
    };
    const x = some([2, 6, 6, 1], 4, 0, 1);

    it.each([undefined, 0, 1, 2])("has finite maps for the target %s", async (target) => {
      for (const method of explanationMethodNames) {
        const options = { method, ...(target !== undefined && { target }) } as ExplainOptions;
        const { values } = await explain(net(), x, options);
        expect(values, method).toSatisfy(isFinite);
      }
    });

    it("has finite curves and shifts", async () => {
      const heat = heatmap(await explain(net(), x, { method: "gradient" }));
      const { deletion, insertion } = await faithfulness(net(), x, heat, { steps: 4 });
      expect([...deletion.areas, ...insertion.areas]).toSatisfy(isFinite);
      for (const { mean: share, least } of await occlusionCurve(net(), x, { sizes: [2] }))
        expect([share, least]).toSatisfy(isFinite);
      for (const { same, share, change } of await shiftConsistency(net(), x, { shift: 1 }))
        expect([same, share, change]).toSatisfy(isFinite);
    });
  });
});

it("a target that does not depend on the input has gradients of 0", async () => {
  const net: Layer = { call: (x) => x };
  const target = (y: Tensor): Tensor => mean(zeros(y.shape), [1, 2, 3]);
  const { values } = await explain(net, some([2, 4, 4, 1]), { method: "gradient", target });
  expect(Array.from(values).every((value) => value === 0)).toBe(true);
});

it.each([
  ["explain", (x: Tensor) => explain(silent(), x, { method: "gradient", target: (y) => mean(y, [1, 2, 3]) })],
  ["shiftConsistency", (x: Tensor) => shiftConsistency(silent(), x)],
])("%s refuses a batch without examples", async (_, call) =>
  expect(call(zeros([0, 6, 6, 1]))).rejects.toThrow("at least one example"),
);
