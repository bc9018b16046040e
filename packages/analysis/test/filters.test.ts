import { Random } from "@convlens/backend";
import { cpu } from "@convlens/backend-cpu";
import { reference } from "@convlens/backend-reference";
import { batchOf, classification, type Classification } from "@convlens/datasets";
import {
  build,
  Conv1d,
  Conv2d,
  ConvTranspose2d,
  Dense,
  DepthwiseConv2d,
  Flatten,
  MaxPool2d,
  Parallel,
  ReLU,
  sequential,
  type Layer,
} from "@convlens/layers";
import { conv2d, tensor, useBackend, Variable, type Tensor } from "@convlens/tensor";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { cropOf, learnedFilters, topPatches } from "../src/index.ts";

beforeEach(() => useBackend(reference({ precision: "float64" })));

describe("filters as images", () => {
  it("are found in every convolution, also of custom layers, filter by filter", async () => {
    const own = new Variable(
      Float64Array.from({ length: 24 }, (_, i) => i),
      [2, 3, 1, 4],
    );
    const mine: Layer & { own: Variable } = { own, call: (x: Tensor) => conv2d(x, own) };
    const model = build(
      sequential([
        mine,
        new Parallel([
          new Conv2d({ filters: 2, kernelSize: 1 }),
          new DepthwiseConv2d({ kernelSize: 3, padding: "same" }),
        ]),
        new ConvTranspose2d({ filters: 3, kernelSize: 2 }),
      ]),
      [8, 8, 1],
    );
    const found = await learnedFilters(model, [8, 8, 1]);
    expect(found.map(({ path, height, width, channels, count }) => [path, height, width, channels, count])).toEqual([
      ["layers.0.own", 2, 3, 1, 4],
      ["layers.1.branches.0.filters", 1, 1, 4, 2],
      ["layers.1.branches.1.filters", 3, 3, 1, 4],
      ["layers.2.filters", 2, 2, 3, 6],
    ]);
    // Filter 1 of 4 has every fourth number, beginning with number 1.
    expect([...found[0]!.values.subarray(6, 12)]).toEqual([1, 5, 9, 13, 17, 21]);
    expect(found[1]!.roughness).toBeNaN();
  });

  it("of signals have one row", async () => {
    const model = build(new Conv1d({ filters: 5, kernelSize: 3 }), [9, 2]);
    expect(await learnedFilters(model, [9, 2])).toMatchObject([
      { path: "filters", height: 1, width: 3, channels: 2, count: 5 },
    ]);
  });

  it("are rough if neighbouring weights are independent, and smooth if they are alike", async () => {
    const model = build(sequential([new Conv2d({ filters: 40, kernelSize: 7 })]), [9, 9, 3]);
    const [random] = await learnedFilters(model, [9, 9, 3]);
    expect(random?.roughness).toBeGreaterThan(1.8);
    expect(random?.roughness).toBeLessThan(2.2);
    const { filters } = model.layers[0] as Conv2d;
    // A ramp from −3 to 3: neighbours in a row differ by 1, in a column by 0; the mean square is 4.
    filters!.write(Float64Array.from({ length: filters!.size }, (_, i) => (Math.floor(i / 120) % 7) - 3));
    expect((await learnedFilters(model, [9, 9, 3]))[0]?.roughness).toBeCloseTo(0.5 / 4, 9);
  });
});

describe("topPatches", () => {
  const some = (size: number, shape: readonly number[], seed: number): Classification => {
    const values = new Random(seed).uniform(size * shape.reduce((a, b) => a * b, 1));
    return classification({
      inputs: { values, shape: [size, ...shape] },
      labels: Uint8Array.from({ length: size }, (_, i) => i % 3),
    });
  };
  const inputsOf = (
    data: Classification,
  ): ArrayLike<number> & { subarray(from: number, to: number): Iterable<number> } =>
    batchOf(data, [...data.labels.keys()]).inputs.knownValues;

  it("finds what a search of all units finds, and depends on nothing outside of the boxes", () =>
    fc.assert(
      fc.asyncProperty(fc.nat(1e6), async (seed) => {
        const random = new Random(seed);
        const data = some(7, [8, 9, 2], seed);
        const model = build(
          sequential([
            new Conv2d({ filters: 3, kernelSize: 3, padding: random.integer(2), stride: 1 }),
            new ReLU(),
            new MaxPool2d({ kernelSize: 2, geometry: "floor" }),
            new Conv2d({ filters: 2, kernelSize: 2, dilation: 1 + random.integer(2) }),
          ]),
          [8, 9, 2],
          { seed },
        );
        const found = await topPatches(model, data, { layer: "layers.3", count: 3, batchSize: 4 });
        const { inputs: all } = batchOf(data, [...data.labels.keys()]);
        const inputs = inputsOf(data);
        const maps = model.call(all);
        const values = await maps.data();
        const [, h, w] = maps.shape as [number, number, number, number];
        expect(found.map(({ channel }) => channel)).toEqual([0, 1]);
        for (const { channel, patches } of found) {
          const best = Array.from({ length: 7 }, (_, n) => {
            const own = Array.from({ length: h * w }, (_unused, place) => values[(n * h * w + place) * 2 + channel]!);
            return { n, value: Math.max(...own), place: own.indexOf(Math.max(...own)) };
          }).sort((a, b) => b.value - a.value);
          patches.forEach(({ index, value, place, label, box }, k) => {
            expect([index, label]).toEqual([best[k]!.n, best[k]!.n % 3]);
            expect(value).toBeCloseTo(best[k]!.value, 5);
            expect(place).toEqual([Math.floor(best[k]!.place / w), best[k]!.place % w]);
            const crop = cropOf(data, index, box);
            expect(crop.shape).toEqual([...box.map(([a, b]) => b - a + 1), 2]);
            expect(crop.values[3]).toBe(inputs[((index * 8 + box[0]![0]) * 9 + box[1]![0]) * 2 + 3]);
          });
          // Values outside of the box do not matter.
          const { index, place, box, value } = patches[0]!;
          const [[top, bottom], [left, right]] = box as [[number, number], [number, number]];
          const other = Float64Array.from({ length: 144 }, (_, i) => {
            const [row, column] = [Math.floor(i / 18), Math.floor(i / 2) % 9];
            return row >= top && row <= bottom && column >= left && column <= right
              ? inputs[index * 144 + i]!
              : random.next();
          });
          const again = await model.call(tensor(other, [1, 8, 9, 2])).data();
          expect(again[(place[0]! * w + place[1]!) * 2 + channel]).toBeCloseTo(value, 5);
        }
      }),
      { numRuns: 25 },
    ));

  it("accepts signals and dense layers, on the cpu backend, too", async () => {
    useBackend(await cpu({ threads: 1 }));
    const data = some(5, [12, 1], 1);
    const model = build(
      sequential([new Conv1d({ filters: 2, kernelSize: 4 }), new ReLU(), new Flatten(), new Dense({ units: 3 })]),
      [12, 1],
    );
    const [signal] = await topPatches(model, data, { layer: "layers.0", count: 9 });
    expect(signal?.patches).toHaveLength(5);
    const { place, box, index } = signal!.patches[0]!;
    expect(box).toEqual([[place[0], place[0]! + 3]]);
    expect([...cropOf(data, index, box).values]).toEqual([
      ...inputsOf(data).subarray(index * 12 + place[0]!, index * 12 + place[0]! + 4),
    ]);
    const dense = await topPatches(model, data, { layer: "layers.3", count: 1 });
    expect(dense).toHaveLength(3);
    expect(dense[0]?.patches[0]).toMatchObject({ place: [], box: [[0, 11]] });
  });
});
