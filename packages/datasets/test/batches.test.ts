import { Random, ValueError, type Shape } from "@convlens/backend";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  augment,
  batchCount,
  batches,
  crop,
  cutout,
  dataset,
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
  type Dataset,
} from "../src/index.ts";

const numbered = (size: number): Dataset =>
  dataset({ shape: [1, 1, 1], inputs: Float32Array.from({ length: size }, (_, i) => i), labels: new Uint8Array(size) });

describe("a data set", () => {
  it("is checked when it is created", () => {
    const labels = Uint8Array.of(0, 1);
    expect(() => dataset({ shape: [2], inputs: new Uint8Array(3), labels })).toThrow(
      "expected 4 numbers for 2 examples of [2], got 3",
    );
    expect(() => dataset({ shape: [1], inputs: new Uint8Array(2), labels, classes: ["only"] })).toThrow(
      "dataset: labels[1] must be a whole number from 0 to 0, since there are 1 classes, got 1",
    );
    expect(() => dataset({ shape: [1], inputs: Float32Array.of(1, NaN), labels })).toThrow(
      "dataset: element 0 of example 1 must be finite, got NaN; replace it or leave the example out",
    );
    expect(() => dataset({ shape: [1], inputs: new Uint8Array(0), labels: new Uint8Array(0) })).toThrow(
      "dataset: expected at least one example, got none",
    );
    expect(dataset({ shape: [1], inputs: new Uint8Array(2), labels: Int32Array.of(0, 3) }).classes).toEqual([
      "0",
      "1",
      "2",
      "3",
    ]);
  });

  it("refuses labels that are not indices of classes", () => {
    for (const bad of [0.5, NaN, -1, Infinity, "0", "cat", null, undefined, 1n, true]) {
      const parts = { shape: [1], inputs: new Uint8Array(2), labels: [0, bad] as number[] };
      expect(() => dataset(parts)).toThrow(ValueError);
      expect(() => dataset(parts)).toThrow(
        "dataset: labels[1] must be a whole number from 0 to 1048575, the index of a class, got ",
      );
      expect(() => dataset({ ...parts, classes: ["a", "b", "c"] })).toThrow(
        "dataset: labels[1] must be a whole number from 0 to 2, since there are 3 classes, got ",
      );
    }
    for (const labels of [Float32Array.of(0, 0.5), Int8Array.of(0, -1), BigInt64Array.of(0n, 1n)])
      expect(() => dataset({ shape: [1], inputs: new Uint8Array(2), labels: labels as Float32Array })).toThrow(
        "labels[",
      );
    expect(() => dataset({ shape: [1], inputs: new Uint8Array(1), labels: [2 ** 31] })).toThrow(
      "dataset: labels[0] must be a whole number from 0 to 1048575, the index of a class, got 2147483648",
    );
    expect(() => dataset({ shape: [1], inputs: new Uint8Array(1), labels: "0" as never })).toThrow("labels must be");
  });

  it("accepts integers in any array as labels, and clamped bytes as bytes", () => {
    const of = (labels: ArrayLike<number>): number[] => [
      ...dataset({ shape: [1], inputs: new Uint8Array(2), labels }).labels,
    ];
    for (const labels of [[2, 0], Float64Array.of(2, 0), Int8Array.of(2, 0), Uint32Array.of(2, 0)])
      expect(of(labels)).toEqual([2, 0]);
    const inputs = new Uint8ClampedArray([0, 255, 51, 102]);
    const data = dataset({ shape: [2], inputs, labels: [0, 1] });
    expect([...batches(data)][0]?.inputs.knownValues).toEqual(Float32Array.of(0, 1, 51 / 255, 102 / 255));
    expect(data).toEqual(dataset({ shape: [2], inputs: Uint8Array.from(inputs), labels: [0, 1] }));
  });

  it("refuses unknown, missing and wrong fields", () => {
    const parts = { shape: [1], inputs: new Uint8Array(2), labels: [0, 1] };
    const make = (other: object) => () => dataset({ ...parts, ...other });
    expect(make({ label: [0, 1] })).toThrow('unknown option "label"; did you mean "labels"?');
    for (const scale of [NaN, Infinity, 0, -1, "1"]) expect(make({ scale })).toThrow("scale must be a number above 0");
    for (const inputs of [[0, 1], Float64Array.of(0, 1), Int8Array.of(0, 1), "ab"])
      expect(make({ inputs })).toThrow("inputs must be a Float32Array, or bytes");
    for (const shape of [[0], [1.5], [NaN], 1, "1"]) expect(make({ shape })).toThrow("shape must be");
    expect(make({ classes: [0, 1] })).toThrow("classes must be an array of names");
    for (const name of ["shape", "inputs", "labels"])
      expect(make({ [name]: undefined })).toThrow(`dataset: ${name} is missing`);
    expect(dataset({ ...dataset(parts), labels: [1, 1] }).size).toBe(2);
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
        const data = dataset({ shape: [1], inputs: Float32Array.from(of, (_, i) => i), labels: of });
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
        expect([...train.inputs, ...test.inputs].sort((a, b) => a - b)).toEqual([...data.inputs]);
        for (const part of [train, test]) part.inputs.forEach((index, i) => expect(part.labels[i]).toBe(of[index]));
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
    const data = dataset({ shape: [1], inputs: new Float32Array(20), labels });
    const { train, test } = split(data, { test: 0.8 });
    expect([train.size, test.size]).toEqual([4, 16]);
    expect(new Set(train.labels)).toEqual(new Set([0, 1, 2]));
  });

  it("is split the same for the same seed, and differently for another", () => {
    const data = numbered(40);
    const of = (seed?: number): number[] => [
      ...split(data, { test: 0.25, ...(seed !== undefined && { seed }) }).test.inputs,
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
  const all = (options: object): number[][] =>
    [...batches(numbered(10), options)].map(({ inputs }) => [...inputs.knownValues]);

  it("contain every example once, in order or shuffled", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.boolean(),
        fc.integer({ min: 0, max: 99 }),
        (size, shuffle, seed) => {
          const found = all({ size, shuffle, seed });
          expect(found).toHaveLength(batchCount(10, size));
          expect(found.flat().sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
          const dropped = all({ size, shuffle, seed, last: "drop" });
          expect(dropped).toEqual(found.filter((batch) => batch.length === size));
        },
      ),
    );
  });

  it("depend only on seed and epoch, at any first batch", () => {
    const options = { size: 3, shuffle: true, seed: 1 };
    expect(all(options)).toEqual(all(options));
    expect(all({ ...options, seed: 2 })).not.toEqual(all(options));
    expect(all({ ...options, epoch: 1 })).not.toEqual(all(options));
    expect(all({ ...options, start: 2 })).toEqual(all(options).slice(2));
  });

  it("are augmented by random numbers of the example, not of the batch", () => {
    const options = { shuffle: true, seed: 1, augment: noise(0.1) };
    const of = (size: number): number[] => all({ ...options, size }).flat();
    expect(of(3)).toEqual(of(10));
    expect(of(3)).not.toEqual(all({ ...options, size: 3, epoch: 1 }).flat());
    expect(() => [...batches(numbered(3), { size: 0 })]).toThrow(
      "batches: size must be a whole number of at least 1, got 0",
    );
  });

  it("refuse unknown options and wrong values, and augmentations that do not return an example", () => {
    const first = (options: object) => () => [...batches(numbered(3), options)];
    expect(first({ batchSize: 2 })).toThrow('unknown option "batchSize"');
    expect(first({ seed: -1 })).toThrow("seed must be a whole number from 0 to 4294967295");
    expect(first({ last: "skip" })).toThrow('last must be "keep" or "drop"');
    expect(first({ start: 0.5 })).toThrow("start must be");
    expect(first({ augment: () => new Float32Array(2) })).toThrow(
      "expected a Float32Array of 1 numbers for each example, got 2 numbers",
    );
    expect(first({ augment: () => Promise.resolve(new Float32Array(1)) })).toThrow("must not be async");
    expect(first({ augment: () => undefined })).toThrow("got undefined");
    expect(first({ augment: () => [1] })).toThrow("got Array");
    expect(first({ augment: () => noise(1) })).toThrow("got Function");
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
  const hashOf = ({ inputs }: Dataset): number =>
    new Uint8Array(inputs.buffer).reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193), 0x811c9dc5) >>> 0;

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
      shape: [5, 6, 1],
      classes: ["0°", "90°"],
    });
    const { inputs } = tones({ size: 2, noise: 0, length: 64 });
    expect(inputs.subarray(0, 64).every((v) => v === 0)).toBe(true);
    expect(inputs.subarray(64).some((v) => Math.abs(v) > 0.9)).toBe(true);
    // Without noise a square covers its area, wherever it is.
    const [square] = [subset(shapes({ size: 4, noise: 0 }), [1])];
    expect(Array.from(square.inputs).reduce((a, b) => a + b, 0)).toBeGreaterThan(60);
  });
});
