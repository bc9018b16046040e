import { Random } from "@convlens/backend";
import { batchOf, take } from "@convlens/datasets";
import { build, predict, sequential } from "@convlens/layers";
import { lenet5 } from "@convlens/layers/models";
import { argmax, softmax, tensor, type Tensor } from "@convlens/tensor";
import { adam, fit } from "@convlens/training";
import { beforeAll, describe, expect, it } from "vitest";
import {
  adversarial,
  codesOf,
  cropOf,
  explain,
  explanationMethodNames,
  faithfulness,
  learnedFilters,
  heatmap,
  invert,
  nearestNeighbors,
  occlusionCurve,
  randomizationTest,
  shiftConsistency,
  topPatches,
  visualize,
  type ExplainMethod,
  type Objective,
  type Painting,
  type VisualizeOptions,
} from "../src/index.ts";
import { netForDigits, trainedOnDigits } from "./digits.ts";

// These properties hold only for a trained net.

let trained: Awaited<ReturnType<typeof trainedOnDigits>>;
/** Eight digits of the test set. */
let images: Tensor;
let labels: ArrayLike<number>;

beforeAll(async () => {
  trained = await trainedOnDigits();
  const batch = batchOf(trained.test, [0, 1, 2, 3, 4, 5, 6, 7]);
  images = batch.inputs;
  labels = batch.targets.knownValues;
}, 300_000);

/** First and last yielded image. */
async function ends(painting: AsyncIterable<Painting>): Promise<readonly [first: Painting, last: Painting]> {
  const looks: Painting[] = [];
  for await (const look of painting) looks.push(look);
  return [looks[0]!, looks.at(-1)!];
}

it("the trained net classifies nine of ten digits correctly", () => expect(trained.accuracy).toBeGreaterThan(0.9));

// In a net that ends in Flatten and Dense, Grad-CAM is most informative at an early layer.
const told = (method: string): ExplainMethod => ({ method, layer: "layers.2", samples: 8 }) as unknown as ExplainMethod;

describe("each explanation", () => {
  it.each(explanationMethodNames)("by %s depends on the trained weights", async (method) => {
    const { model } = trained;
    const before = await (await predict(model, images)).data();
    const found = await randomizationTest(model, images, told(method));
    expect(found.map(({ path }) => path)).toEqual(["layers.7", "layers.3", "layers.0"]);
    expect(found.at(-1)?.similarity).toBeLessThan(0.5);
    // The net is unchanged.
    expect(await (await predict(model, images)).data()).toEqual(before);
  });

  it.each(explanationMethodNames)(
    "by %s marks pixels that the output depends on, more than chance would",
    async (method) => {
      const { model } = trained;
      const heat = heatmap(await explain(model, images, told(method)));
      const found = await faithfulness(model, images, heat);
      const random = { ...heat, values: Float64Array.from(new Random(1).uniform(heat.values.length)) };
      const chance = await faithfulness(model, images, random);
      const score = ({ deletion, insertion }: typeof found): number => insertion.area - deletion.area;
      expect(score(found)).toBeGreaterThan(score(chance) + 0.1);
      expect(found.deletion.share.at(0)).toBeCloseTo(found.insertion.share.at(-1)!, 5);
      expect(found.deletion.share.at(-1)).toBeCloseTo(found.insertion.share.at(0)!, 5);
    },
  );

  it("by integrated gradients explains 99 % of the score", async () => {
    const { completeness } = await explain(trained.model, images, { method: "integratedGradients" });
    for (const { gap } of completeness!) expect(gap).toBeLessThan(0.01);
  });
});

describe("visualize on the trained net", () => {
  const ratio = async (objective: Objective, options: VisualizeOptions = {}): Promise<number> => {
    const told = { steps: 128, every: 128, ...options };
    const [first, last] = await ends(visualize(trained.model, [28, 28, 1], objective, told));
    return last.measures[0]! / first.measures[0]!;
  };

  // Digits are dark: middle grey already gives the channels that respond to ink a third of their maximum.
  it("excites every channel five times as much as noise as dark as digits does", async () => {
    const { inputs } = batchOf(trained.train, [...Array(1000).keys()]);
    const brightness = Array.from(inputs.knownValues).reduce((sum, x) => sum + x, 0) / inputs.size;
    expect(brightness).toBeCloseTo(0.13, 2);
    for (const [layer, channels] of [
      ["layers.1", 6],
      ["layers.4", 12],
    ] as const)
      for (let channel = 0; channel < channels; channel++)
        expect(await ratio({ layer, channel }, { brightness, steps: 256, every: 256 })).toBeGreaterThanOrEqual(5);
  });

  it.each([0, 1, 2, 3, 4, 5, 6, 7])(
    "excites unit %i of the second convolution five times as much as noise does",
    async (channel) => {
      // For a unit that noise does not excite at all the ratio is infinite.
      expect(await ratio({ layer: "layers.4", unit: [7, 7, channel] })).toBeGreaterThanOrEqual(5);
    },
  );

  it.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])("makes an image of class %i that the net classifies as %i", async (label) => {
    const [first, last] = await ends(
      visualize(trained.model, [28, 28, 1], { class: label }, { steps: 128, every: 128 }),
    );
    const shares = async ({ values, shape }: Painting): Promise<ArrayLike<number>> =>
      softmax(await predict(trained.model, tensor(values, shape))).data();
    const [before, after] = [await shares(first), await shares(last)];
    expect(after[label]).toBeGreaterThan(0.99);
    // Probabilities are at most 1, so the odds are compared.
    const odds = (share: number): number => share / (1 - share);
    expect(odds(after[label]!)).toBeGreaterThanOrEqual(5 * odds(before[label]!));
    expect(last.measures[0]).toBeGreaterThan(first.measures[0]! + 8);
  });

  it("the filters of the trained net are smoother than the initial ones", async () => {
    const before = await learnedFilters(build(netForDigits(), [28, 28, 1], { seed: 1 }), [28, 28, 1]);
    const after = await learnedFilters(trained.model, [28, 28, 1]);
    expect(after.map(({ path, count, height }) => [path, count, height])).toEqual([
      ["layers.0.filters", 6, 5],
      ["layers.3.filters", 12, 3],
    ]);
    expect(after[0]?.roughness).toBeLessThan(before[0]!.roughness);
  });

  it("the best patches excite a unit as much when everything outside of them is removed", async () => {
    const data = take(trained.test, 200);
    const found = await topPatches(trained.model, data, { layer: "layers.4", count: 4 });
    expect(found).toHaveLength(12);
    const inputs = batchOf(data, [...Array(200).keys()]).inputs.knownValues;
    // Up to the second ReLU, inclusive.
    const part = sequential(trained.model.layers.slice(0, 5));
    for (const { channel, patches } of found.slice(0, 4))
      for (const { index, place, box, value } of patches) {
        const [[top, bottom], [left, right]] = box as [[number, number], [number, number]];
        const kept = Float32Array.from({ length: 784 }, (_, i) => {
          const [row, column] = [Math.floor(i / 28), i % 28];
          return row >= top && row <= bottom && column >= left && column <= right ? inputs[index * 784 + i]! : 0;
        });
        const maps = await predict(part, tensor(kept, [1, 28, 28, 1]));
        expect(maps.knownValues[(place[0]! * 14 + place[1]!) * 12 + channel]).toBeCloseTo(value, 4);
        const crop = cropOf(data, index, box);
        expect(crop.shape).toEqual([bottom - top + 1, right - left + 1, 1]);
        expect(crop.values[0]).toBeCloseTo(inputs[index * 784 + top * 28 + left]!, 6);
      }
  });
});

describe("robustness of the trained net", () => {
  it("one adversarial step of 0.1 lowers the accuracy below 50 %, several steps lower it further, and no pixel moves more", async () => {
    const data = take(trained.test, 200);
    const batch = batchOf(data, [...Array(200).keys()]);
    const told = { labels: batch.targets.knownValues, epsilon: 0.1 };
    const once = await adversarial(trained.model, batch.inputs, told);
    const often = await adversarial(trained.model, batch.inputs, { ...told, steps: 10 });
    expect(once.accuracyBefore).toBeGreaterThan(0.85);
    expect(once.accuracy).toBeLessThan(0.5);
    expect(often.accuracy).toBeLessThan(once.accuracy);
    for (const { values } of [once, often]) {
      const moves = values.map((value, i) => Math.abs(value - batch.inputs.knownValues[i]!));
      const largest = (numbers: typeof values): number =>
        Array.from(numbers).reduce((a, b) => Math.max(a, b), -Infinity);
      expect(largest(moves)).toBeLessThan(0.1 + 1e-6);
      expect([largest(values), -largest(values.map((value) => -value))]).toEqual([1, 0]);
    }
  });

  it("LeNet-5, which classifies more than half correctly after one step of 0.1, falls far below that after ten", async () => {
    const model = lenet5();
    for await (const _ of fit(model, take(trained.train, 4000), {
      batchSize: 20,
      epochs: 2,
      optimizer: adam({ learningRate: 2e-3 }),
      seed: 1,
    }));
    const batch = batchOf(trained.test, [...Array(200).keys()]);
    const told = { labels: batch.targets.knownValues, epsilon: 0.1 };
    const once = await adversarial(model, batch.inputs, told);
    expect(once.accuracyBefore).toBeGreaterThan(0.9);
    expect(once.accuracy).toBeGreaterThan(0.5);
    expect((await adversarial(model, batch.inputs, { ...told, steps: 10 })).accuracy).toBeLessThan(0.4);
  });

  it("a shift by one pixel keeps most answers, a shift by four keeps fewer", async () => {
    const found = await shiftConsistency(trained.model, images, { shift: 4 });
    const at = (down: number, right: number): (typeof found)[number] =>
      found.find((each) => each.down === down && each.right === right)!;
    expect(at(0, 0)).toMatchObject({ same: 1, change: 0 });
    expect(at(0, 1).same).toBeGreaterThanOrEqual(0.75);
    const far = (at(4, 4).share + at(-4, -4).share + at(4, -4).share + at(-4, 4).share) / 4;
    expect(far).toBeLessThan(at(0, 1).share);
  });

  it("the score falls the more is covered", async () => {
    const curve = await occlusionCurve(trained.model, images, { sizes: [2, 8, 28] });
    expect(curve.map(({ covered }) => covered)).toEqual([4 / 784, 64 / 784, 1]);
    expect(curve[0]?.mean).toBeGreaterThan(curve[1]!.mean);
    expect(curve[1]?.mean).toBeGreaterThan(curve[2]!.mean);
    for (const { least, mean } of curve) expect(least).toBeLessThanOrEqual(mean + 1e-9);
    expect(curve[2]?.least).toBeCloseTo(curve[2]!.mean, 6);
  });

  it("inverting a code of the second layer gives a digit of the same class", async () => {
    const one = tensor(images.knownValues.subarray(0, 784), [1, 28, 28, 1]);
    const [first, last] = await ends(invert(trained.model, one, { layer: "layers.2", steps: 128, every: 128 }));
    expect(last.measures[0]).toBeLessThan(first.measures[0]! / 10);
    const [before, after] = [
      await predict(trained.model, one),
      await predict(trained.model, tensor(last.values, last.shape)),
    ];
    expect(await argmax(after).item()).toBe(await argmax(before).item());
  });
});

it("nearest neighbours in the codes of the last hidden layer have the same class", async () => {
  const data = take(trained.test, 300);
  const codes = await codesOf(trained.model, data, { layer: "layers.5" });
  const { indices } = nearestNeighbors(codes, { count: 1 });
  const alike = Array.from(indices, (index, i) => data.labels[index] === data.labels[i]).filter(Boolean).length / 300;
  expect(alike).toBeGreaterThan(0.85);
  expect(labels).toHaveLength(8);
});
