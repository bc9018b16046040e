import { Random, type Shape } from "@convlens/backend";
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
  it("is checked when it is made", () => {
    const labels = Uint8Array.of(0, 1);
    expect(() => dataset({ shape: [2], inputs: new Uint8Array(3), labels })).toThrow(
      "expected 4 numbers for 2 examples of [2], got 3",
    );
    expect(() => dataset({ shape: [1], inputs: new Uint8Array(2), labels, classes: ["only"] })).toThrow(
      "labels[1] is 1, out of range: there are 1 classes",
    );
    expect(() => dataset({ shape: [1], inputs: Float32Array.of(1, NaN), labels })).toThrow(
      "example 1 holds NaN at element 0",
    );
    expect(() => dataset({ shape: [1], inputs: new Uint8Array(0), labels: new Uint8Array(0) })).toThrow(
      "there are no examples",
    );
    expect(dataset({ shape: [1], inputs: new Uint8Array(2), labels: Int32Array.of(0, 3) }).classes).toEqual([
      "0",
      "1",
      "2",
      "3",
    ]);
  });

  it("is divided into parts without a common example", () => {
    const { train, test } = split(numbered(11), 5);
    expect([...train.inputs, ...test.inputs].sort((a, b) => a - b)).toEqual([...numbered(11).inputs]);
    expect([...test.inputs]).toEqual([4, 9]);
    expect(take(numbered(3), 9).size).toBe(3);
    expect(() => subset(numbered(3), [3])).toThrow("indices[0] is 3, out of range");
  });
});

describe("batches", () => {
  const all = (options: object): number[][] =>
    [...batches(numbered(10), options)].map(({ inputs }) => [...inputs.values]);

  it("hold every example once, in order or shuffled", () => {
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

  it("depend on seed and epoch, and are the same wherever one begins", () => {
    const options = { size: 3, shuffle: true, seed: 1 };
    expect(all(options)).toEqual(all(options));
    expect(all({ ...options, seed: 2 })).not.toEqual(all(options));
    expect(all({ ...options, epoch: 1 })).not.toEqual(all(options));
    expect(all({ ...options, start: 2 })).toEqual(all(options).slice(2));
  });

  it("are augmented by numbers that depend on the example, not on the batch", () => {
    const options = { shuffle: true, seed: 1, augment: noise(0.1) };
    const of = (size: number): number[] => all({ ...options, size }).flat();
    expect(of(3)).toEqual(of(10));
    expect(of(3)).not.toEqual(all({ ...options, size: 3, epoch: 1 }).flat());
    expect(() => [...batches(numbered(3), { size: 0 })]).toThrow("must be a whole number of at least 1, got 0");
  });
});

describe("augmentation", () => {
  const shape: Shape = [4, 5, 2];
  const image = Float32Array.from({ length: 40 }, (_, i) => i + 1);
  const at = (from: Float32Array, y: number, x: number, c: number): number =>
    y < 0 || y > 3 || x < 0 || x > 4 ? 0 : from[(y * 5 + x) * 2 + c]!;

  it("leaves the example as it was, and repeats with the random numbers", () => {
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

  it("shift moves by whole pixels, zeros coming in; every place comes up", () => {
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

  it("flip mirrors every other time; a whole crop and no turn change nothing", () => {
    const flips = Array.from({ length: 200 }, (_, seed) => flipHorizontal()(image, shape, new Random(seed)));
    const mirrored = flips.filter((flipped) =>
      flipped.every((v, i) => v === at(image, Math.floor(i / 10), 4 - (Math.floor(i / 2) % 5), i % 2)),
    ).length;
    expect(Math.abs(mirrored - 100)).toBeLessThan(30);
    expect(crop({ height: 4, width: 5 })(image, shape, new Random(1))).toEqual(image);
    expect(rotate(0)(image, shape, new Random(1))).toEqual(image);
    expect(() => crop({ height: 5, width: 5 })(image, shape, new Random(1))).toThrow(
      "5 × 5 does not fit into images of 4 × 5",
    );
    expect(() => rotate(5)(image, [40], new Random(1))).toThrow("expected images [height, width, channels]");
  });

  it("cutout removes a square", () => {
    for (let seed = 0; seed < 50; seed++) {
      const gone = cutout(2)(image, shape, new Random(seed)).filter((v) => v === 0).length;
      expect([2, 4, 8]).toContain(gone);
    }
  });

  it("a quarter turn moves pixels where they belong", () => {
    const square = Float32Array.from({ length: 9 }, (_, i) => (i === 1 ? 1 : 0));
    // A random number of almost 1 turns by almost the whole angle.
    const turned = rotate(90)(square, [3, 3, 1], { next: () => 1 } as unknown as Random);
    expect(turned.map((v) => Math.round(v * 1e6) / 1e6)).toEqual(Float32Array.of(0, 0, 0, 0, 0, 1, 0, 0, 0));
  });
});

describe("synthetic sets", () => {
  /** FNV-1a over the numbers: the same in every engine, or the sets would differ between them. */
  const hashOf = ({ inputs }: Dataset): number =>
    new Uint8Array(inputs.buffer).reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193), 0x811c9dc5) >>> 0;

  it("are the same for a seed, everywhere", () => {
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

  it("have each class as often, and what they are named after", () => {
    expect(shapes({ size: 8 }).labels).toEqual(Uint8Array.of(0, 1, 2, 3, 0, 1, 2, 3));
    expect(orientedEdges({ size: 4, directions: 2, height: 5, width: 6 })).toMatchObject({
      shape: [5, 6, 1],
      classes: ["0°", "90°"],
    });
    const { inputs } = tones({ size: 2, noise: 0, length: 64 });
    expect(inputs.subarray(0, 64).every((v) => v === 0)).toBe(true);
    expect(inputs.subarray(64).some((v) => Math.abs(v) > 0.9)).toBe(true);
    // Without noise a square covers its own area, whatever its place.
    const [square] = [subset(shapes({ size: 4, noise: 0 }), [1])];
    expect(Array.from(square!.inputs).reduce((a, b) => a + b, 0)).toBeGreaterThan(60);
  });
});
