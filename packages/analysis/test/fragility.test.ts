import { Random } from "@convlens/backend";
import { cpu } from "@convlens/backend-cpu";
import { reference } from "@convlens/backend-reference";
import {
  build,
  Conv2d,
  Dense,
  Flatten,
  MaxPool2d,
  Parallel,
  ReLU,
  sequential,
  type Layer,
  type Sequential,
} from "@convlens/layers";
import {
  argmax,
  evaluate,
  gradients,
  oneHot,
  softmax,
  softmaxCrossEntropy,
  sum,
  tensor,
  useBackend,
  type Tensor,
} from "@convlens/tensor";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import {
  adversarial,
  explain,
  faithfulness,
  heatmap,
  occlusionCurve,
  randomizationTest,
  shiftConsistency,
  structuralSimilarity,
  type Shifted,
} from "../src/index.ts";

beforeEach(() => useBackend(reference({ precision: "float64" })));

const small = (seed = 1): Sequential =>
  build(
    sequential([
      new Parallel([new Conv2d({ filters: 2, kernelSize: 3, padding: 1 }), new Conv2d({ filters: 2, kernelSize: 1 })]),
      new ReLU(),
      new Flatten(),
      new Dense({ units: 3 }),
    ]),
    [6, 6, 1],
    { seed },
  );
const images = (count = 3, seed = 1): Tensor => tensor(new Random(seed).uniform(count * 36), [count, 6, 6, 1]);

describe("shifts", () => {
  const pooling = (): Layer => sequential([new MaxPool2d({ kernelSize: 2 })]);
  /** One bright pixel. */
  const impulse = (row: number, column: number): Tensor =>
    tensor(
      Float64Array.from({ length: 64 }, (_, i) => (i === row * 8 + column ? 1 : 0)),
      [1, 8, 8, 1],
    );
  const to = (found: readonly Shifted[], down: number, right: number): Shifted =>
    found.find((each) => each.down === down && each.right === right)!;

  it("change nothing within a pooling window, and do beyond it", async () => {
    const found = await shiftConsistency(pooling(), impulse(2, 4), { shift: 1 });
    expect(found.map(({ down, right }) => [down, right])).toEqual(
      [-1, 0, 1].flatMap((down) => [-1, 0, 1].map((right) => [down, right])),
    );
    // The pixel is in the upper left corner of its window, so one down or right is still in that window.
    for (const [down, right] of [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ] as const)
      expect(to(found, down, right).change).toBe(0);
    for (const [down, right] of [
      [-1, 0],
      [0, -1],
      [-1, -1],
      [1, -1],
    ] as const)
      expect(to(found, down, right).change).toBeCloseTo(Math.SQRT2, 9);
    expect(to(found, 0, 0).same).toBeNaN();
  });

  it("move the image and fill the border as requested", async () => {
    const seen: Tensor[] = [];
    const eye: Layer = {
      call: (x) => {
        seen.push(x);
        return x;
      },
    };
    const x = tensor([1, 2, 3, 4], [1, 4, 1]);
    const found = await shiftConsistency(eye, x, { shift: 2, value: 9 });
    // |(1, 2, 3, 4) − (9, 9, 1, 2)| over |(1, 2, 3, 4)|
    expect(found.map(({ down, right }) => [down, right])).toEqual([-2, -1, 0, 1, 2].map((right) => [0, right]));
    expect(found[4]?.change).toBeCloseTo(Math.hypot(8, 7, 2, 2) / Math.hypot(1, 2, 3, 4), 9);
    expect(found[1]?.change).toBeCloseTo(Math.hypot(1, 1, 1, 5) / Math.hypot(1, 2, 3, 4), 9);
    expect(seen.length).toBeGreaterThan(0);
  });

  it("count the changed answers", async () => {
    const found = await shiftConsistency(small(), images(), { shift: 1, layer: "layers.1" });
    expect(to(found, 0, 0)).toMatchObject({ same: 1, change: 0 });
    for (const { same, share, change } of found) {
      expect([0, 1, 2, 3]).toContain(Math.round(same * 3 * 1e9) / 1e9);
      expect(share).toBeGreaterThan(0);
      expect(share).toBeLessThan(1);
      expect(change).toBeGreaterThanOrEqual(0);
    }
  });
});

describe("attacks", () => {
  it("move each number by epsilon in the direction that raises the loss", () =>
    fc.assert(
      fc.asyncProperty(fc.nat(1e6), fc.constantFrom(0.01, 0.1), async (seed, epsilon) => {
        const [model, x] = [small(seed), images(2, seed)];
        const labels = [seed % 3, (seed + 1) % 3];
        const { values } = await adversarial(model, x, { labels, epsilon, range: [-10, 10] });
        const loss = sum(softmaxCrossEntropy(model.call(x), oneHot(tensor(labels), 3)));
        const slopes = await gradients(loss, [x])[0].data();
        values.forEach((value, i) => expect(value - x.knownValues[i]!).toBeCloseTo(epsilon * Math.sign(slopes[i]!), 9));
      }),
      { numRuns: 20 },
    ));

  it("in several steps stay within epsilon and the range, and raise the loss more than one step", async () => {
    const [model, x] = [small(), images(6)];
    const labels = Array.from(await argmax(model.call(x)).data());
    const lossAt = async (values: ArrayLike<number>): Promise<number> =>
      (await evaluate(sum(softmaxCrossEntropy(model.call(tensor(values, x.shape)), oneHot(tensor(labels), 3)))))[0][0]!;
    const once = await adversarial(model, x, { labels, epsilon: 0.2 });
    const often = await adversarial(model, x, { labels, epsilon: 0.2, steps: 10 });
    expect(once.accuracyBefore).toBe(1);
    expect(once.before).toEqual(labels);
    expect(await lossAt(often.values)).toBeGreaterThanOrEqual((await lossAt(once.values)) - 1e-9);
    for (const { values } of [once, often])
      values.forEach((value, i) => {
        expect(Math.abs(value - x.knownValues[i]!)).toBeLessThanOrEqual(0.2 + 1e-9);
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(1);
      });
    await expect(adversarial(model, x, { labels: [1], epsilon: 0.1 })).rejects.toThrow(
      "adversarial: expected one label for each of 6 examples, got 1",
    );
    await expect(adversarial(model, x, { labels, epsilon: -1 })).rejects.toThrow(
      "adversarial: epsilon must be a number of at least 0, got -1",
    );
  });
});

describe("occluders", () => {
  it("change nothing outside of what the class depends on; one that covers everything gives the score of an empty image", async () => {
    const [model, x] = [small(), images()];
    const [all] = await occlusionCurve(model, x, { sizes: [6], value: 0.3, target: 1 });
    const flat = tensor(new Float64Array(36).fill(0.3), [1, 6, 6, 1]);
    const shares = await softmax(model.call(flat)).data();
    expect(all).toMatchObject({ size: 6, covered: 1 });
    expect(all?.mean).toBeCloseTo(shares[1]!, 9);
    expect(all?.least).toBeCloseTo(shares[1]!, 9);
    const [none] = await occlusionCurve(model, flat, { sizes: [2], value: 0.3, target: 1 });
    expect(none?.least).toBeCloseTo(shares[1]!, 9);
  });

  it("have sizes in eighths of the image by default", async () => {
    expect((await occlusionCurve(small(), images())).map(({ size }) => size)).toEqual([1, 2, 3, 4, 5]);
  });
});

describe("structural similarity", () => {
  const picture = fc
    .record({ h: fc.integer({ min: 1, max: 14 }), w: fc.integer({ min: 1, max: 14 }), seed: fc.nat(1e6) })
    .map(({ h, w, seed }) => ({
      height: h,
      width: w,
      values: new Random(seed).uniform(h * w),
    }));

  it("is 1 for equal images, symmetric, and never more than 1", () =>
    fc.assert(
      fc.property(picture, fc.nat(1e6), (a, seed) => {
        const b = { ...a, values: new Random(seed).uniform(a.values.length) };
        expect(structuralSimilarity(a, a)).toBeCloseTo(1, 9);
        expect(structuralSimilarity(a, b)).toBeCloseTo(structuralSimilarity(b, a), 9);
        expect(structuralSimilarity(a, b)).toBeLessThanOrEqual(1 + 1e-9);
        // The scale of the numbers does not matter if the range is given.
        const doubled = [a, b].map((p) => ({ ...p, values: p.values.map((value) => 2 * value) })) as [
          typeof a,
          typeof b,
        ];
        expect(structuralSimilarity(...doubled, { range: 2 })).toBeCloseTo(structuralSimilarity(a, b), 5);
      }),
    ));

  it("of two flat images follows from their means: (2ab + c) / (a² + b² + c)", () => {
    const flat = (value: number) => ({ height: 5, width: 7, values: new Float64Array(35).fill(value) });
    expect(structuralSimilarity(flat(0.5), flat(0.25))).toBeCloseTo((0.25 + 1e-4) / (0.3125 + 1e-4), 9);
  });

  it("falls with more noise, and omits empty regions if asked", () => {
    const random = new Random(3);
    const clean = {
      height: 16,
      width: 16,
      values: Float64Array.from({ length: 256 }, (_, i) => ((i >> 2) + (i >> 6)) % 2),
    };
    const noisy = (level: number) => ({ ...clean, values: clean.values.map((v) => v + level * (random.next() - 0.5)) });
    const [little, much] = [structuralSimilarity(clean, noisy(0.1)), structuralSimilarity(clean, noisy(1))];
    expect(little).toBeGreaterThan(0.95);
    expect(much).toBeLessThan(little - 0.1);
    const half = (on: number) => ({
      height: 16,
      width: 16,
      values: Float64Array.from({ length: 256 }, (_, i) => (i < 64 ? (i % 2 === on ? 1 : 0) : 0)),
    });
    expect(structuralSimilarity(half(0), half(1), { onlyShown: true })).toBeLessThan(
      structuralSimilarity(half(0), half(1)) - 0.3,
    );
    expect(() => structuralSimilarity(clean, { ...clean, width: 8 })).toThrow(
      "structuralSimilarity: the second picture must be 16 × 16, the size of the first, got 16 × 8",
    );
  });
});

describe("the randomization test", () => {
  it("shuffles layers from the last with parameters to the first, and restores everything", async () => {
    for (const backend of [reference(), await cpu({ threads: 1 })]) {
      useBackend(backend);
      const [model, x] = [small(), images()];
      const before = await model.call(x).data();
      const found = await randomizationTest(model, x, { method: "gradient", target: 1 });
      expect(found.map(({ path }) => path)).toEqual(["layers.3", "layers.0.branches.1", "layers.0.branches.0"]);
      expect(await model.call(x).data()).toEqual(before);
      for (const { similarity } of found) expect(similarity).toBeLessThan(1);
    }
  });

  it("restores everything after a failure, too", async () => {
    const [model, x] = [small(), images()];
    const before = await model.call(x).data();
    let calls = 0;
    const fragile: Layer = {
      inner: model,
      call: (input: Tensor) => (++calls > 2 ? (undefined as never) : model.call(input)),
    } as Layer;
    await expect(randomizationTest(fragile, x, { method: "gradient", target: 0 })).rejects.toThrow(
      "the output of a layer must be a tensor",
    );
    expect(await model.call(x).data()).toEqual(before);
  });
});

describe("deletion and insertion", () => {
  it("of a linear model by its own contributions go from one end to the other, with the areas of trapezoids", async () => {
    const model = build(sequential([new Flatten(), new Dense({ units: 2 })]), [2, 2, 1]);
    const [x, weights] = [
      [1, 1, 1, 1],
      [3, -3, 1, -1, 0, 0, -2, 2],
    ];
    for (const layer of model.layers) if (layer instanceof Dense) layer.weights!.write(weights);
    const image = tensor(x, [1, 2, 2, 1]);
    const heat = heatmap(await explain(model, image, { method: "inputTimesGradient", target: 0 }));
    expect([...heat.values]).toEqual([3, 1, 0, -2]);
    const { deletion, insertion } = await faithfulness(model, image, heat, { target: 0, steps: 4 });
    const share = (logit: number): number => 1 / (1 + Math.exp(-2 * logit));
    const expectCurve = (curve: typeof deletion, logits: number[]): void => {
      expect(curve.changed).toEqual([0, 0.25, 0.5, 0.75, 1]);
      curve.share.forEach((value, i) => expect(value).toBeCloseTo(share(logits[i]!), 9));
      const area = [0, 1, 2, 3].reduce((sum, i) => sum + (share(logits[i]!) + share(logits[i + 1]!)) / 8, 0);
      expect(curve.area).toBeCloseTo(area, 9);
      expect(curve.areas).toEqual([curve.area]);
    };
    expectCurve(deletion, [2, -1, -2, -2, 0]);
    expectCurve(insertion, [0, 3, 4, 4, 2]);
  });

  it("refuse a map of other images", async () => {
    const heat = heatmap(await explain(small(), images(2), { method: "gradient" }));
    await expect(faithfulness(small(), images(3), heat)).rejects.toThrow(
      "faithfulness: expected a heatmap of 3 examples of 6 × 6, like the inputs, got 2 of 6 × 6",
    );
  });
});
