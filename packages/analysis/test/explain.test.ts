import { readFileSync } from "node:fs";
import { cpu } from "@convlens/backend-cpu";
import { reference } from "@convlens/backend-reference";
import { Random, type Backend, type Shape } from "@convlens/backend";
import * as layers from "@convlens/layers";
import * as models from "@convlens/layers/models";
import {
  AveragePool2d,
  BatchNorm,
  build,
  Conv1d,
  Conv2d,
  Dense,
  ELU,
  Flatten,
  GELU,
  LayerNorm,
  LeakyReLU,
  LocalResponseNorm,
  LpPool2d,
  MaxPool2d,
  Parallel,
  predict,
  ReLU,
  Residual,
  SELU,
  sequential,
  Sigmoid,
  Softplus,
  Swish,
  Tanh,
  variables,
  type Layer,
  type Mode,
} from "@convlens/layers";
import {
  add,
  concat,
  full,
  multiply,
  relu,
  reshape,
  slice,
  sum,
  tensor,
  useBackend,
  zeros,
  type Tensor,
} from "@convlens/tensor";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import {
  explain,
  explanationMethodNames,
  explanationMethods,
  type ExplanationMethod,
  type ExplainMethod,
  type Explanation,
} from "../src/index.ts";

interface Stored {
  readonly shape: Shape;
  readonly values: readonly number[];
}
const golden = JSON.parse(readFileSync(new URL("../../../tools/golden/explain.json", import.meta.url), "utf8")) as {
  readonly options: Readonly<Record<string, number>> & { readonly targets: readonly number[] };
  readonly x: Stored;
  readonly nets: Readonly<
    Record<
      string,
      {
        readonly weights: Readonly<Record<string, Stored>>;
        readonly scores: Stored;
        readonly coarse: Stored;
        readonly maps: Readonly<Record<string, Stored>>;
      }
    >
  >;
};
const { targets, epsilon, samples, noise, seed, steps, size, stride } = golden.options;

/** Layers in a row, with names. */
class Chain implements Layer {
  readonly conv1 = new Conv2d({ filters: 4, kernelSize: 3, padding: 1 });
  readonly conv2 = new Conv2d({ filters: 5, kernelSize: 3 });
  readonly open2 = new ReLU();
  readonly dense1 = new Dense({ units: 8 });
  readonly dense2 = new Dense({ units: 5 });
  readonly pool = new MaxPool2d({ kernelSize: 2 });
  readonly flatten = new Flatten();
  call(x: Tensor, mode?: Mode): Tensor {
    const first = this.pool.call(relu(this.conv1.call(x, mode)), mode);
    const second = this.open2.call(this.conv2.call(first, mode), mode);
    return this.dense2.call(relu(this.dense1.call(this.flatten.call(second, mode), mode)), mode);
  }
}

/** A sum around a convolution, then two stacked branches. */
class Branches implements Layer {
  readonly stem = new Conv2d({ filters: 3, kernelSize: 3, padding: 1 });
  readonly body = new Conv2d({ filters: 3, kernelSize: 3, padding: 1 });
  readonly narrow = new Conv2d({ filters: 2, kernelSize: 1 });
  readonly wide = new Conv2d({ filters: 2, kernelSize: 3, padding: 1 });
  readonly open = new ReLU();
  readonly pool = new AveragePool2d({ kernelSize: 2 });
  readonly flatten = new Flatten();
  readonly head = new Dense({ units: 5 });
  call(x: Tensor, mode?: Mode): Tensor {
    const stem = relu(this.stem.call(x, mode));
    const sum = relu(add(stem, this.body.call(stem, mode)));
    const maps = this.open.call(concat([this.narrow.call(sum, mode), this.wide.call(sum, mode)], -1), mode);
    return this.head.call(this.flatten.call(this.pool.call(maps, mode), mode), mode);
  }
}

const nets: Readonly<Record<string, { readonly make: () => Layer; readonly layer: string }>> = {
  chain: { make: () => new Chain(), layer: "open2" },
  branches: { make: () => new Branches(), layer: "open" },
};
const x = tensor(golden.x.values, golden.x.shape);

/** Options of each method in the golden values. */
const told = (method: string, layer: string): ExplainMethod =>
  ({ method, layer, epsilon, samples, noise, seed, steps, size, stride }) as unknown as ExplainMethod;

/** Largest difference, relative to the largest number. */
function distance(got: ArrayLike<number>, want: readonly number[]): number {
  expect(got.length).toBe(want.length);
  let [far, large] = [0, 0];
  want.forEach((value, i) => {
    far = Math.max(far, Math.abs(got[i]! - value));
    large = Math.max(large, Math.abs(value));
  });
  return far / large;
}

const backends: Readonly<Record<string, () => Backend | Promise<Backend>>> = {
  "the reference in float64": () => reference({ precision: "float64" }),
  "the cpu backend": () => cpu(),
};

for (const [backend, make] of Object.entries(backends))
  describe(`explanations on ${backend} agree with PyTorch`, () => {
    for (const [name, net] of Object.entries(nets)) {
      const { weights, scores, coarse, maps } = golden.nets[name]!;
      it.each(Object.keys(maps))(`${name}: %s`, async (method) => {
        useBackend(await make());
        const model = build(net.make(), [8, 8, 2]);
        for (const [path, variable] of variables(model)) variable.write(weights[path]!.values);
        const found = await explain(model, x, { ...told(method, net.layer), target: targets });
        expect(found.shape).toEqual(maps[method]!.shape);
        expect(distance(found.values, maps[method]!.values)).toBeLessThan(1e-5);
        expect(distance(found.scores, scores.values)).toBeLessThan(1e-5);
        expect(found.classes).toEqual(targets);
        if (method !== "gradCam") return;
        expect(found.coarse?.shape).toEqual(coarse.shape);
        expect(distance(found.coarse!.values, coarse.values)).toBeLessThan(1e-5);
      });
    }
  });

it("each method has its own title, summary and source, and shares options only with the same check", () => {
  const methods: readonly ExplanationMethod[] = Object.values(explanationMethods);
  expect(new Set(methods.map(({ title }) => title)).size).toBe(methods.length);
  for (const { summary, source } of methods) {
    expect(summary).toMatch(/^[A-Z].*\.$/);
    expect(source).toMatch(/ \d{4}$/);
  }
  const checks = new Map<string, unknown>();
  for (const { options } of methods)
    for (const [name, check] of Object.entries(options)) {
      if (checks.has(name)) expect(check, name).toBe(checks.get(name));
      checks.set(name, check);
    }
});

it("the golden values contain every method", () => {
  expect(Object.keys(golden.nets["chain"]!.maps).sort()).toEqual([...explanationMethodNames].sort());
});

/** A random net without biases, of ReLU, pooling, sums and stacks: homogeneous, so that scores are gradients times inputs. */
function homogeneous(random: Random): Layer {
  const conv = (): Layer => new Conv2d({ filters: 1 + random.integer(4), kernelSize: 3, padding: 1, bias: false });
  const pools = [
    () => new MaxPool2d({ kernelSize: 2 }),
    () => new AveragePool2d({ kernelSize: 2 }),
    () => new LpPool2d({ kernelSize: 2 }),
  ];
  const body = random.integer(2) === 0 ? [new Parallel([conv(), conv()])] : [new Residual({ body: new ReLU() })];
  return sequential([
    conv(),
    random.integer(2) === 0 ? new ReLU() : new LeakyReLU({ negativeSlope: 0.2 }),
    ...body,
    new ReLU(),
    pools[random.integer(3)]!(),
    new Flatten(),
    new Dense({ units: 3, bias: false }),
  ]);
}

const net = fc.record({ seed: fc.nat(1e6), height: fc.constantFrom(4, 6), width: fc.constantFrom(4, 8) });

/** A random net, and a batch of two for it. */
function problem({ seed, height, width }: { seed: number; height: number; width: number }): {
  readonly model: Layer;
  readonly x: Tensor;
} {
  const random = new Random(seed);
  const model = build(homogeneous(random), [height, width, 2], { seed });
  return { model, x: tensor(random.normal(2 * height * width * 2), [2, height, width, 2]) };
}

describe("sums of explanations", () => {
  beforeEach(() => useBackend(reference({ precision: "float64" })));

  /** Sum of each example. */
  const sums = ({ values, scores }: Explanation): number[] =>
    Array.from(scores, (_, n) => {
      const size = values.length / scores.length;
      return Array.from(values.subarray(n * size, (n + 1) * size)).reduce((a, b) => a + b, 0);
    });

  it("gradient × input and relevance sum up to the score without biases, in nets with branches, too", () =>
    fc.assert(
      fc.asyncProperty(net, fc.nat(2), async (shape, target) => {
        const { model, x } = problem(shape);
        for (const method of ["inputTimesGradient", "relevance"] as const) {
          const found = await explain(model, x, { method, target, epsilon: 1e-9 });
          sums(found).forEach((sum, n) => expect(sum).toBeCloseTo(found.scores[n]!, 5));
        }
      }),
      { numRuns: 40 },
    ));

  it("integrated gradients miss less than 1 % of the difference, and report how much", () =>
    fc.assert(
      fc.asyncProperty(net, fc.constantFrom(0, 0.5), async (shape, baseline) => {
        const { model, x } = problem(shape);
        const found = await explain(model, x, { method: "integratedGradients", baseline });
        const before = await explain(model, full(x.shape, baseline), { method: "gradient", target: found.classes! });
        sums(found).forEach((sum, n) => {
          const difference = found.scores[n]! - before.scores[n]!;
          // If large contributions cancel, 1 % of the small sum is less than the integration error at the kinks of ReLU.
          const size = found.values.length / found.scores.length;
          const all = Array.from(found.values.subarray(n * size, (n + 1) * size), Math.abs).reduce((a, b) => a + b, 0);
          expect(Math.abs(sum - difference)).toBeLessThanOrEqual(0.01 * Math.max(Math.abs(difference), 0.05 * all));
          expect(found.completeness?.[n]?.expected).toBeCloseTo(difference, 9);
          expect(found.completeness?.[n]?.sum).toBeCloseTo(sum, 9);
        });
      }),
      { numRuns: 20 },
    ));

  it("relevance passes through other activations and normalisations, and sums up to the score", async () => {
    for (const activation of [new ELU(), new SELU(), new Tanh()]) {
      const layers = [new Conv2d({ filters: 3, kernelSize: 3, bias: false }), activation, new Flatten()];
      const model = build(sequential([...layers, new Dense({ units: 2, bias: false })]), [5, 5, 1], { seed: 4 });
      const x = tensor(new Random(1).normal(25), [1, 5, 5, 1]);
      const found = await explain(model, x, { method: "relevance", target: 1, epsilon: 1e-9 });
      expect(sums(found)[0], activation.constructor.name).toBeCloseTo(found.scores[0]!, 6);
    }
    const normal = [new Conv2d({ filters: 3, kernelSize: 3, bias: false }), new LayerNorm(), new Flatten()];
    const gated: Layer & { a: Layer; b: Layer } = {
      a: new Conv2d({ filters: 2, kernelSize: 3, bias: false }),
      b: sequential([new Conv2d({ filters: 2, kernelSize: 3, bias: false }), new ReLU()]),
      call(x, mode) {
        return multiply(this.a.call(x, mode), this.b.call(x, mode));
      },
    };
    for (const first of [normal, [gated, new Flatten()]]) {
      const model = build(sequential([...first, new Dense({ units: 2, bias: false })]), [5, 5, 1], { seed: 6 });
      const x = tensor(new Random(2).normal(25), [1, 5, 5, 1]);
      const found = await explain(model, x, { method: "relevance", target: 0, epsilon: 1e-9 });
      expect(sums(found)[0], first[0]!.constructor.name).toBeCloseTo(found.scores[0]!, 6);
    }
    const others = [
      new GELU(),
      new Swish(),
      new Softplus(),
      new Sigmoid(),
      new BatchNorm(),
      new LayerNorm(),
      new LocalResponseNorm(),
    ];
    for (const layer of others) {
      const model = build(
        sequential([new Conv2d({ filters: 4, kernelSize: 3 }), layer, new Flatten(), new Dense({ units: 2 })]),
        [5, 5, 1],
      );
      const found = await explain(model, tensor(new Random(2).normal(25), [1, 5, 5, 1]), { method: "relevance" });
      expect([...found.values].every(Number.isFinite), layer.constructor.name).toBe(true);
      expect(
        [...found.values].some((value) => value !== 0),
        layer.constructor.name,
      ).toBe(true);
    }
  });
});

describe("explain", () => {
  beforeEach(() => useBackend(reference()));
  const image = (): Tensor => tensor(new Random(3).normal(2 * 36), [2, 6, 6, 1]);
  const small = (): Layer =>
    sequential([new Conv2d({ filters: 2, kernelSize: 3 }), new ReLU(), new Flatten(), new Dense({ units: 3 })]);

  it("explains the predicted class of each example by default", async () => {
    const model = build(small(), [6, 6, 1], { seed: 1 });
    const logits = await (await predict(model, image())).data();
    const largest = [0, 1].map((n) => [0, 1, 2].reduce((a, b) => (logits[n * 3 + b]! > logits[n * 3 + a]! ? b : a)));
    const { classes, scores } = await explain(model, image(), { method: "gradient" });
    expect(classes).toEqual(largest);
    expect([...scores]).toEqual(largest.map((c, n) => logits[n * 3 + c]));
  });

  it("is finite in a net that excludes another class by a score of −∞", async () => {
    const net = new Chain();
    const masked: Layer & { readonly net: Chain } = {
      net,
      call: (input, mode) => add(net.call(input, mode), tensor([0, 0, -Infinity, 0, 0])),
    };
    for (const method of explanationMethodNames) {
      const { values, scores } = await explain(masked, x, { ...told(method, "net.open2"), target: 1 });
      expect([...values, ...scores].every(Number.isFinite), method).toBe(true);
    }
  });

  it("explains any number of the output, of any model", async () => {
    const model = build(new Conv2d({ filters: 2, kernelSize: 3 }), [6, 6, 1], { seed: 1 });
    const one = await explain(model, image(), {
      method: "gradient",
      target: (y) => reshape(slice(y, [0, 1, 2, 0], [2, 1, 1, 1]), [2]),
    });
    // One unit reads nine pixels, weighted by the filter itself.
    expect([...one.values].filter((value) => value !== 0)).toHaveLength(18);
    expect(one.classes).toBeUndefined();
    const filter = await model.filters!.data();
    expect(one.values[1 * 6 + 2]).toBeCloseTo(filter[0]!, 6);
  });

  const maps: readonly (readonly [name: string, make: () => Layer])[] = [
    ["ReLU6", () => new layers.ReLU6()],
    ["HardSwish", () => new layers.HardSwish()],
    ["HardSigmoid", () => new layers.HardSigmoid()],
    ["PReLU", () => new layers.PReLU()],
    ["FrozenBatchNorm", () => new layers.FrozenBatchNorm()],
    ["SpatialDropout", () => new layers.SpatialDropout()],
    ["Upsample", () => new layers.Upsample({ mode: "bilinear" })],
    ["Resize", () => new layers.Resize({ height: 3, width: 5 })],
    ["ZeroPad", () => new layers.ZeroPad({ padding: 1 })],
    ["Crop", () => new layers.Crop({ cropping: 1 })],
    ["Permute", () => new layers.Permute({ order: [0, 3, 1, 2] })],
    ["Reshape", () => new layers.Reshape({ shape: [2, -1] })],
    ["SeparableConv2d", () => new layers.SeparableConv2d({ filters: 3, kernelSize: 3 })],
    ["SkipConnection", () => new layers.SkipConnection({ body: new layers.Upsample() })],
    [
      "ConvTranspose1d",
      () =>
        sequential([
          new layers.Reshape({ shape: [16, 2] }),
          new layers.ConvTranspose1d({ filters: 2, kernelSize: 3, stride: 2 }),
        ]),
    ],
    ["GlobalAveragePool", () => new layers.GlobalAveragePool({ keepAxes: true })],
    ...(["Add", "Concat", "Multiply"] as const).map(
      (name) =>
        [
          name,
          () =>
            sequential([layers.branches({ a: new layers.Identity(), b: new layers.Sigmoid() }), new layers[name]()]),
        ] as const,
    ),
  ];
  it.each(maps)("explains a net with %s by all methods", async (_, make) => {
    const conv = new Conv2d({ filters: 2, kernelSize: 3 });
    const model = build(sequential([conv, make(), new Flatten(), new Dense({ units: 3 })]), [6, 6, 1], { seed: 2 });
    for (const method of explanationMethodNames) {
      const { shape, values } = await explain(model, image(), { method });
      expect(shape.slice(0, 3), method).toEqual([2, 6, 6]);
      expect([...values].every(Number.isFinite), method).toBe(true);
      // Grad-CAM and guided rules may leave out negative evidence, the gradient does not.
      if (method === "gradient" || method === "relevance")
        expect(
          [...values].some((value) => value !== 0),
          method,
        ).toBe(true);
    }
  });

  it("explains one input of a model of several, and small models of known kinds", async () => {
    const both = build(
      sequential([
        layers.each({
          image: sequential([new Conv2d({ filters: 2, kernelSize: 3 }), new Flatten()]),
          meta: new Dense({ units: 2 }),
        }),
        new layers.Concat(),
        layers.branches({ label: new Dense({ units: 3 }), box: new Dense({ units: 4 }) }),
      ]),
      { image: [6, 6, 1], meta: [4] },
    );
    const x = { image: image(), meta: tensor(new Random(1).normal(8), [2, 4]) };
    const seen = await explain(layers.restrict(both, x, { input: "image", output: "label" }), x.image, {
      method: "gradient",
    });
    expect([...seen.values].some((value) => value !== 0)).toBe(true);
    const nets = [
      models.mobileNetV2({ classes: 3, width: 0.1 }),
      models.squeezeNet({ classes: 3 }),
      sequential([models.unet({ filters: 2, depth: 2 }), new layers.GlobalAveragePool()]),
    ];
    const pictures = tensor(new Random(4).normal(33 * 36), [1, 33, 36, 1]);
    for (const net of nets)
      for (const method of ["gradient", "relevance", "gradCam"] as const) {
        const { values } = await explain(build(net, [33, 36, 1], { seed: 1 }), pictures, { method });
        expect([...values].every(Number.isFinite), method).toBe(true);
        expect(
          [...values].some((value) => value !== 0),
          method,
        ).toBe(true);
      }
  });

  it("explains signals: all methods work in one dimension", async () => {
    const model = build(
      sequential([new Conv1d({ filters: 3, kernelSize: 3 }), new ReLU(), new Flatten(), new Dense({ units: 2 })]),
      [9, 2],
    );
    const signal = tensor(new Random(5).normal(18), [1, 9, 2]);
    for (const method of explanationMethodNames) {
      const { shape, values } = await explain(model, signal, { method });
      expect(
        [
          [1, 9, 1],
          [1, 9, 2],
        ],
        method,
      ).toContainEqual(shape);
      expect(values.length).toBe(shape[1]! * shape[2]!);
    }
  });

  it("occlusion is 0 if the occluder equals the image, and where no window covers a pixel", async () => {
    const model = build(small(), [6, 6, 1]);
    const flat = await explain(model, full([1, 6, 6, 1], 0.5), { method: "occlusion", value: 0.5 });
    expect([...flat.values]).toEqual(Array.from({ length: 36 }, () => 0));
    const still = await explain(model, image(), {
      method: "occlusion",
      size: [2, 3],
      stride: 1,
      target: (y) => multiply(0, sum(y, 1)),
    });
    expect(new Set(still.values.map(Math.abs))).toEqual(new Set([0]));
  });

  it.each<readonly [string, ExplainMethod & { target?: never }, RegExp]>([
    ["a missing class", { method: "gradient", target: 7 } as never, /the target must be a class from 0 to 2, got 7/],
    ["too many targets", { method: "gradient", target: [1, 2, 0] } as never, /one for each of 2 examples, got 3/],
    [
      "a target of another shape",
      { method: "gradient", target: (y: Tensor) => y } as never,
      /one number for each example/,
    ],
    [
      "a layer that does not exist",
      { method: "gradCam", layer: "layers.9" },
      /no layer is called "layers\.9"; layers are "layers\.0" \(Conv2d\)/,
    ],
    ["a layer without maps", { method: "gradCam", layer: "layers.3" }, /before the first Flatten/],
    [
      "an occluder of half a pixel",
      { method: "occlusion", size: 0.5 },
      /occlusion: the size in pixels must be a whole number of at least 1/,
    ],
    [
      "a baseline of another shape",
      { method: "integratedGradients", baseline: zeros([3]) },
      /the shape of the baseline must be that of the inputs/,
    ],
  ])("%s is refused", async (_, options, message) => {
    await expect(explain(build(small(), [6, 6, 1]), image(), options)).rejects.toThrow(message);
  });
});
