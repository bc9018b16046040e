import { Random, ValueError, type Shape } from "@convlens/backend";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  augment,
  batchCount,
  batches,
  batchOf,
  classification,
  crop,
  cutout,
  flipHorizontal,
  noise,
  orientedEdges,
  rotate,
  shapes,
  shift,
  split,
  subset,
  take,
  tones,
  type Augmentation,
  type Classification,
  type SizedDataset,
} from "../src/index.ts";

const numbered = (size: number): Classification =>
  classification({
    inputs: { values: Float32Array.from({ length: size }, (_, i) => i), shape: [size, 1, 1, 1] },
    labels: new Uint8Array(size),
  });

/** The inputs of all examples, one after the other. */
const inputsOf = (data: SizedDataset): Float32Array =>
  Float32Array.from(
    batchOf(
      data,
      Array.from({ length: data.size }, (_, i) => i),
    ).inputs.knownValues,
  );

async function allOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describe("a data set of classes", () => {
  const bytes = (n: number): { readonly values: Uint8Array; readonly shape: Shape } => ({
    values: new Uint8Array(n),
    shape: [n, 1],
  });

  it("is checked when it is created", () => {
    const labels = Uint8Array.of(0, 1);
    expect(() => classification({ inputs: { values: new Uint8Array(3), shape: [2, 2] }, labels })).toThrow(
      "classification: inputs must be 4 values for the shape [2, 2], got 3",
    );
    expect(() => classification({ inputs: bytes(3), labels })).toThrow(
      "classification: expected a target for each of 3 inputs, got 2",
    );
    expect(() => classification({ inputs: bytes(2), labels, classes: ["only"] })).toThrow(
      "classification: labels[1] must be a whole number from 0 to 0, since there are 1 classes, got 1",
    );
    const hole = { values: Float32Array.of(1, NaN), shape: [2, 1] };
    expect(() => classification({ inputs: hole, labels })).toThrow(
      "classification: element 0 of example 1 in inputs must be finite, got NaN; replace it or leave the example out",
    );
    expect(() => classification({ inputs: bytes(0), labels: new Uint8Array(0) })).toThrow(
      "classification: expected at least one example, got none",
    );
    expect(classification({ inputs: bytes(2), labels: Int32Array.of(0, 3) }).classes).toEqual(["0", "1", "2", "3"]);
  });

  it("refuses labels that are not indices of classes", () => {
    for (const bad of [0.5, NaN, -1, Infinity, "0", "cat", null, undefined, 1n, true]) {
      const parts = { inputs: bytes(2), labels: [0, bad] as number[] };
      expect(() => classification(parts)).toThrow(ValueError);
      expect(() => classification(parts)).toThrow(
        "classification: labels[1] must be a whole number from 0 to 1048575, the index of a class, got ",
      );
      expect(() => classification({ ...parts, classes: ["a", "b", "c"] })).toThrow(
        "classification: labels[1] must be a whole number from 0 to 2, since there are 3 classes, got ",
      );
    }
    for (const labels of [Float32Array.of(0, 0.5), Int8Array.of(0, -1), BigInt64Array.of(0n, 1n)])
      expect(() => classification({ inputs: bytes(2), labels: labels as Float32Array })).toThrow("labels[");
    expect(() => classification({ inputs: bytes(1), labels: [2 ** 31] })).toThrow(
      "classification: labels[0] must be a whole number from 0 to 1048575, the index of a class, got 2147483648",
    );
    expect(() => classification({ inputs: bytes(1), labels: "0" as never })).toThrow("labels must be");
  });

  it("accepts integers in any array as labels, and clamped bytes as bytes", () => {
    const of = (labels: ArrayLike<number>): number[] => [...classification({ inputs: bytes(2), labels }).labels];
    for (const labels of [[2, 0], Float64Array.of(2, 0), Int8Array.of(2, 0), Uint32Array.of(2, 0)])
      expect(of(labels)).toEqual([2, 0]);
    const inputs = { values: new Uint8ClampedArray([0, 255, 51, 102]), shape: [2, 2] };
    const data = classification({ inputs, labels: [0, 1] });
    expect(batchOf(data, [0, 1]).inputs.knownValues).toEqual(Float32Array.of(0, 1, 51 / 255, 102 / 255));
    expect(data.example(0, { seed: 0, epoch: 0 })).toMatchObject({ input: { values: inputs.values.subarray(0, 2) } });
  });

  it("refuses unknown, missing and wrong fields", () => {
    const parts = { inputs: bytes(2), labels: [0, 1] };
    const make = (other: object) => () => classification({ ...parts, ...other });
    const input = (other: object) => make({ inputs: { ...bytes(2), ...other } });
    expect(make({ label: [0, 1] })).toThrow('unknown option "label"; did you mean "labels"?');
    for (const scale of [NaN, Infinity, "1", [1, 2], [NaN]])
      expect(input({ scale })).toThrow("the scale of inputs must be a finite number, or one for each of 1 channels");
    expect(input({ offset: [1, 2] })).toThrow("the offset of inputs must be a finite number");
    for (const values of [[0, 1], "ab", new DataView(new ArrayBuffer(2))])
      expect(input({ values })).toThrow("classification: inputs must be an object { values, shape }");
    for (const shape of [
      [2, 1.5],
      [2, NaN],
      [-2, -1],
    ])
      expect(input({ shape })).toThrow("the shape of inputs must be");
    expect(input({ shape: [] })).toThrow(ValueError);
    expect(make({ classes: [0, 1] })).toThrow("classes must be an array of names");
    for (const name of ["inputs", "labels"])
      expect(make({ [name]: undefined })).toThrow(`classification: ${name} is missing`);
    expect(make({ weights: [1] })).toThrow("weights must be one for each of 2 examples, got 1");
    expect(make({ weights: [1, -1] })).toThrow("weights[1] must be a number of at least 0, got -1");
  });

  it("is split into parts without a common example, each class in its share", () => {
    const labels = fc.array(fc.nat(6), { minLength: 1, maxLength: 60 });
    const share = fc.oneof(
      fc.integer({ min: 2, max: 7 }).map((every) => 1 / every),
      fc.constantFrom(0.29, 0.3, 0.7, 0.9),
      fc.double({ min: 0.01, max: 0.99, noNaN: true }),
    );
    fc.assert(
      fc.property(labels, share, fc.nat(2 ** 32 - 1), fc.boolean(), (of, share, seed, stratify) => {
        const values = Float32Array.from(of, (_, i) => i);
        const data = classification({ inputs: { values, shape: [of.length, 1] }, labels: of });
        const sizes = new Map<number, number>();
        for (const label of of) sizes.set(label, (sizes.get(label) ?? 0) + 1);
        const groups = (stratify ? [...sizes.values()] : [of.length]).filter((n) => n > 1);
        const divisible = groups.reduce((a, b) => a + b, 0);
        const wanted = Math.floor(divisible * share + 1e-9);
        const most = groups.reduce((sum, n) => sum + n - 1, 0);
        const options = { test: share, seed, stratify };
        if (wanted === 0) {
          expect(() => split(data, options)).toThrow(
            /^split: a test share of .* is less than one example; use a larger/,
          );
          return;
        }
        const { train, test } = split(data, options);
        expect([...inputsOf(train), ...inputsOf(test)].sort((a, b) => a - b)).toEqual([...values]);
        for (const part of [train, test]) inputsOf(part).forEach((index, i) => expect(part.labels[i]).toBe(of[index]));
        expect(test.size).toBeLessThanOrEqual(Math.min(wanted, most));
        if (share <= 0.5) expect(test.size).toBe(wanted);
        for (const [label, n] of stratify ? sizes : []) {
          const tested = Array.from(test.labels).filter((l) => l === label).length;
          expect(tested).toBeLessThan(n);
          if (share <= 0.5) expect(Math.abs(tested - (n > 1 ? n * share : 0))).toBeLessThan(1);
        }
      }),
    );
  });

  it("has a test part of the requested size even if a class is too small for its share", () => {
    // Classes of 2 give at most one example; the others compensate.
    const labels = [0, 0, 1, 1, ...Array.from({ length: 16 }, () => 2)];
    const data = classification({ inputs: { values: new Float32Array(20), shape: [20, 1] }, labels });
    const { train, test } = split(data, { test: 0.8 });
    expect([train.size, test.size]).toEqual([4, 16]);
    expect(new Set(train.labels)).toEqual(new Set([0, 1, 2]));
  });

  it("is split the same for the same seed, and differently for another", () => {
    const data = numbered(40);
    const of = (seed?: number): number[] => [
      ...inputsOf(split(data, { test: 0.25, ...(seed !== undefined && { seed }) }).test),
    ];
    expect(of(1)).toEqual(of(1));
    expect(of()).toEqual(of(0));
    expect(new Set(of(2))).not.toEqual(new Set(of(1)));
    for (const test of [0, 1, 5, -1, NaN, "0.2", undefined])
      expect(() => split(data, { test } as never)).toThrow("split: test must be a number above 0 and below 1");
    expect(() => split(data, 5 as never)).toThrow("split: expected an object of options");
    expect(() => split(data, { test: 0.2, seed: 0.5 })).toThrow("seed must be a whole number from 0");
    expect(() => split(data, { test: 0.2, stratify: 1 as never })).toThrow("stratify must be");
    expect(take(numbered(3), 9).size).toBe(3);
    for (const count of [0, -1, NaN, 1.5]) expect(() => take(numbered(3), count)).toThrow("take: count must be");
    expect(() => subset(numbered(3), [3])).toThrow("subset: indices[0] must be a whole number from 0 to 2, got 3");
  });
});

describe("batches", () => {
  const all = async (options: object): Promise<number[][]> =>
    (await allOf(batches(numbered(10), options))).map(({ inputs }) => [...inputs.knownValues]);

  it("contain every example once, in order or shuffled", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 12 }),
        fc.boolean(),
        fc.integer({ min: 0, max: 99 }),
        async (size, shuffle, seed) => {
          const found = await all({ size, shuffle, seed });
          expect(found).toHaveLength(batchCount(10, size));
          expect(found.flat().sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
          const dropped = await all({ size, shuffle, seed, last: "drop" });
          expect(dropped).toEqual(found.filter((batch) => batch.length === size));
        },
      ),
    );
  });

  it("depend only on seed and epoch, at any first batch", async () => {
    const options = { size: 3, shuffle: true, seed: 1 };
    const found = await all(options);
    expect(await all(options)).toEqual(found);
    expect(await all({ ...options, seed: 2 })).not.toEqual(found);
    expect(await all({ ...options, epoch: 1 })).not.toEqual(found);
    expect(await all({ ...options, from: 2 })).toEqual(found.slice(2));
    expect(await all({ ...options, prefetch: 3 })).toEqual(found);
  });

  it("are augmented by random numbers of the example, not of the batch", async () => {
    const options = { shuffle: true, seed: 1, augment: noise(0.1) };
    const of = async (size: number): Promise<number[]> => (await all({ ...options, size })).flat();
    expect(await of(3)).toEqual(await of(10));
    expect(await of(3)).not.toEqual((await all({ ...options, size: 3, epoch: 1 })).flat());
    expect(() => batches(numbered(3), { size: 0 })).toThrow(
      "batches: size must be a whole number of at least 1, got 0",
    );
  });

  it("refuse unknown options and wrong values, and augmentations that do not return an example", async () => {
    const first = (options: object) => () => batches(numbered(3), options);
    const read = (options: object): Promise<unknown> => allOf(batches(numbered(3), options));
    expect(first({ batchSize: 2 })).toThrow('unknown option "batchSize"');
    expect(first({ seed: -1 })).toThrow("seed must be a whole number from 0 to 4294967295");
    expect(first({ last: "skip" })).toThrow('last must be "keep" or "drop"');
    expect(first({ prefetch: 0.5 })).toThrow("prefetch must be");
    await expect(read({ from: 0.5 })).rejects.toThrow("from must be");
    await expect(read({ augment: () => new Float32Array(2) })).rejects.toThrow(
      "expected a Float32Array of 1 numbers for each example, got 2 numbers",
    );
    await expect(read({ augment: () => Promise.resolve(new Float32Array(1)) })).rejects.toThrow("must not be async");
    await expect(read({ augment: () => undefined })).rejects.toThrow("got undefined");
    await expect(read({ augment: () => [1] })).rejects.toThrow("got Array");
    await expect(read({ augment: () => noise(1) })).rejects.toThrow("got Function");
  });
});

describe("augmentation", () => {
  it("refuses wrong amounts", () => {
    for (const bad of [NaN, -1, Infinity, "1", undefined] as number[]) {
      for (const make of [shift, rotate, noise, cutout]) expect(() => make(bad)).toThrow(ValueError);
      expect(() => crop({ height: bad, width: 1 })).toThrow(ValueError);
    }
    expect(() => shift(0.5)).toThrow("shift: pixels must be a whole number");
    expect(() => crop({ height: 1 } as never)).toThrow(ValueError);
    expect(() => crop({ hight: 1, width: 1 } as never)).toThrow('did you mean "height"?');
    expect(() => augment(shift(1), 3 as never)).toThrow("augment: step must be a function, got 3");
  });

  const shape: Shape = [4, 5, 2];
  const image = Float32Array.from({ length: 40 }, (_, i) => i + 1);
  const at = (from: Float32Array, y: number, x: number, c: number): number =>
    y < 0 || y > 3 || x < 0 || x > 4 ? 0 : from[(y * 5 + x) * 2 + c]!;

  it("keeps the original example, and repeats with the random numbers", () => {
    const all: readonly Augmentation[] = [
      shift(1),
      flipHorizontal(),
      crop({ height: 3, width: 4 }),
      rotate(20),
      noise(1),
      cutout(2),
      augment(shift(2), rotate(5)),
    ];
    for (const change of all) {
      const before = image.slice();
      const once = change(image, shape, new Random(3));
      expect(image).toEqual(before);
      expect(once).toHaveLength(40);
      expect(change(image, shape, new Random(3))).toEqual(once);
    }
  });

  it("shifts by whole pixels and fills with zeros; every offset occurs", () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 100; seed++) {
      const moved = shift(1)(image, shape, new Random(seed));
      const found = [-1, 0, 1]
        .flatMap((dy) => [-1, 0, 1].map((dx) => [dy, dx] as const))
        .filter(([dy, dx]) =>
          moved.every((v, i) => v === at(image, Math.floor(i / 10) - dy, (Math.floor(i / 2) % 5) - dx, i % 2)),
        );
      expect(found).toHaveLength(1);
      seen.add(found[0]!.join());
    }
    expect(seen.size).toBe(9);
  });

  it("flips about half of the examples; a crop of the whole and a turn by 0 change nothing", () => {
    const flips = Array.from({ length: 200 }, (_, seed) => flipHorizontal()(image, shape, new Random(seed)));
    const mirrored = flips.filter((flipped) =>
      flipped.every((v, i) => v === at(image, Math.floor(i / 10), 4 - (Math.floor(i / 2) % 5), i % 2)),
    ).length;
    expect(Math.abs(mirrored - 100)).toBeLessThan(30);
    expect(crop({ height: 4, width: 5 })(image, shape, new Random(1))).toEqual(image);
    expect(rotate(0)(image, shape, new Random(1))).toEqual(image);
    expect(() => crop({ height: 5, width: 5 })(image, shape, new Random(1))).toThrow(
      "crop: the size must be at most 4 × 5, the size of the images, got 5 × 5",
    );
    expect(() => rotate(5)(image, [40], new Random(1))).toThrow("expected images [height, width, channels]");
  });

  it("removes a square by cutout", () => {
    for (let seed = 0; seed < 50; seed++) {
      const gone = cutout(2)(image, shape, new Random(seed)).filter((v) => v === 0).length;
      expect([2, 4, 8]).toContain(gone);
    }
  });

  it("turns pixels by a quarter to the right places", () => {
    const square = Float32Array.from({ length: 9 }, (_, i) => (i === 1 ? 1 : 0));
    // A random number of almost 1 turns by almost the whole angle.
    const turned = rotate(90)(square, [3, 3, 1], { next: () => 1 } as unknown as Random);
    expect(turned.map((v) => Math.round(v * 1e6) / 1e6)).toEqual(Float32Array.of(0, 0, 0, 0, 0, 1, 0, 0, 0));
  });
});

describe("synthetic data sets", () => {
  /** FNV-1a over the numbers, which must be the same in every engine. */
  const hashOf = (data: SizedDataset): number =>
    new Uint8Array(inputsOf(data).buffer).reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193), 0x811c9dc5) >>> 0;

  it("are the same for a seed, in every engine", () => {
    expect(
      [shapes({ size: 20, seed: 1 }), orientedEdges({ size: 20, seed: 1 }), tones({ size: 20, seed: 1 })].map(hashOf),
    ).toMatchInlineSnapshot(`
      [
        728951977,
        577434670,
        110586909,
      ]
    `);
    expect(hashOf(shapes({ size: 20, seed: 2 }))).not.toBe(hashOf(shapes({ size: 20, seed: 1 })));
  });

  it("have equally many examples of each class, and images of their class", () => {
    expect(shapes({ size: 8 }).labels).toEqual(Uint8Array.of(0, 1, 2, 3, 0, 1, 2, 3));
    expect(orientedEdges({ size: 4, directions: 2, height: 5, width: 6 })).toMatchObject({
      shapes: { input: [5, 6, 1], target: [] },
      classes: ["0°", "90°"],
    });
    const inputs = inputsOf(tones({ size: 2, noise: 0, length: 64 }));
    expect(inputs.subarray(0, 64).every((v) => v === 0)).toBe(true);
    expect(inputs.subarray(64).some((v) => Math.abs(v) > 0.9)).toBe(true);
    // Without noise a square covers its area, wherever it is.
    const square = subset(shapes({ size: 4, noise: 0 }), [1]);
    expect(inputsOf(square).reduce((a, b) => a + b, 0)).toBeGreaterThan(60);
  });
});
