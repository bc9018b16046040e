import { ValueError } from "@convlens/backend";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  arrays,
  augment,
  batches,
  batchOf,
  cache,
  classification,
  concat,
  cutout,
  filter,
  flipHorizontal,
  floatsOf,
  fromExamples,
  fromStream,
  kFolds,
  map,
  noise,
  rotate,
  shift,
  shuffle,
  skip,
  split,
  subset,
  take,
  zip,
  type Batch,
  type Dataset,
  type Numbers,
  type Position,
  type SizedDataset,
  type StreamDataset,
} from "../src/index.ts";

const PASS = { seed: 0, epoch: 0 };
const vector = (...values: readonly number[]): Numbers => ({
  values: Float32Array.from(values),
  shape: [values.length],
});

/** Examples whose input is their number, and whose target is its double. */
const counted = (size: number): SizedDataset =>
  arrays({
    inputs: { values: Float32Array.from({ length: size }, (_, i) => i), shape: [size, 1] },
    targets: { values: Float32Array.from({ length: size }, (_, i) => 2 * i), shape: [size, 1] },
  });

/** The same as a stream; `opened` notes where it was opened. */
const streamed = (size: number, { seeks = false, opened = [] as number[] } = {}): StreamDataset => {
  const read = function* (from: number): Generator<{ input: Numbers; target: Numbers }> {
    opened.push(from);
    for (let i = from; i < size; i++) yield { input: vector(i), target: vector(2 * i) };
  };
  return fromStream({ input: [1], target: [1] }, seeks ? (from) => read(from) : () => read(0));
};

async function listOf(data: Dataset, options: object = {}): Promise<Batch[]> {
  const found: Batch[] = [];
  for await (const batch of batches(data, options)) found.push(batch);
  return found;
}
const numbersOf = async (data: Dataset, options?: object): Promise<number[]> =>
  (await listOf(data, options)).flatMap(({ inputs }) => [...inputs.knownValues]);

describe("arrays", () => {
  it("gives inputs and targets of any tuples and records, with weights", () => {
    const data = arrays({
      inputs: { image: { values: Uint8Array.of(0, 255, 51, 102), shape: [2, 2, 1] }, meta: vectorOf(2, 3) },
      targets: [{ values: Uint8Array.of(7, 9), shape: [2] }, vectorOf(2, 1)],
      weights: [1, 0.5],
    });
    expect(data.shapes).toEqual({ input: { image: [2, 1], meta: [3] }, target: [[], [1]] });
    const { inputs, targets, weights, size, indices } = batchOf(data, [1, 0]);
    expect(inputs.image.shape).toEqual([2, 2, 1]);
    // Bytes of inputs become 0 to 1, bytes of targets stay whole numbers.
    expect(inputs.image.knownValues).toEqual(Float32Array.of(51 / 255, 102 / 255, 0, 1));
    expect(inputs.meta.knownValues).toEqual(Float32Array.of(3, 4, 5, 0, 1, 2));
    expect(targets[0].knownValues).toEqual(Float32Array.of(9, 7));
    expect(weights?.knownValues).toEqual(Float32Array.of(0.5, 1));
    expect([size, ...indices]).toEqual([2, 1, 0]);
  });

  it("scales and shifts bytes by channel when a batch is made", () => {
    const inputs = {
      values: Uint8Array.of(0, 10, 100, 200),
      shape: [1, 2, 2],
      scale: [0.5, 2],
      offset: [-1, 1],
    };
    const data = arrays({ inputs, targets: vectorOf(1, 1) });
    expect(batchOf(data, [0]).inputs.knownValues).toEqual(Float32Array.of(-1, 21, 49, 401));
    const whole = arrays({ inputs: { ...inputs, scale: 0.1, offset: 3 }, targets: vectorOf(1, 1) });
    expect(batchOf(whole, [0]).inputs.knownValues).toEqual(Float32Array.of(3, 4, 13, 23));
  });

  it("refuses arrays that do not belong together", () => {
    expect(() => arrays({ inputs: vectorOf(2, 1), targets: vectorOf(3, 1) })).toThrow(
      "arrays: expected a target for each of 2 inputs, got 3; inputs are [2, 1], targets [3, 1]; the first axis counts the examples",
    );
    expect(() => arrays({ inputs: { a: vectorOf(2, 1), b: vectorOf(3, 1) }, targets: vectorOf(2, 1) })).toThrow(
      "arrays: the first axis of inputs.b must be the number of examples, 2",
    );
    expect(() => arrays({ inputs: {}, targets: vectorOf(2, 1) })).toThrow("arrays: inputs must be numbers, got none");
    expect(() => arrays({ inputs: vectorOf(2, 1), targets: [[1, 2]] as never })).toThrow(ValueError);
    expect(() => arrays({ inputs: vectorOf(1, 1), targets: { values: Float32Array.of(NaN), shape: [1] } })).toThrow(
      "arrays: element 0 of example 0 in targets must be finite, got NaN",
    );
    expect(() => arrays({ inputs: vectorOf(1, 1) } as never)).toThrow(ValueError);
  });
});

function vectorOf(n: number, width: number): Numbers {
  return { values: Float32Array.from({ length: n * width }, (_, i) => i), shape: [n, width] };
}

describe("fromExamples", () => {
  it("is a list of examples of equal shapes", () => {
    const data = fromExamples([
      { input: vector(1, 2), target: { label: vector(3) }, weight: 2 },
      { input: vector(4, 5), target: { label: vector(6) } },
    ]);
    expect(batchOf(data, [0, 1]).targets.label.knownValues).toEqual(Float32Array.of(3, 6));
    expect(batchOf(data, [0, 1]).weights?.knownValues).toEqual(Float32Array.of(2, 1));
    expect(() => fromExamples([])).toThrow("fromExamples: expected at least one example, got none");
    expect(() =>
      fromExamples([
        { input: vector(1), target: vector(1) },
        { input: vector(1, 2), target: vector(1) },
      ]),
    ).toThrow("fromExamples: the input of example 1 must be [1] like the first, got [2]");
  });
});

describe("streams", () => {
  it("are read batch by batch, and go on from any place, whether the source can start there or not", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 7 }),
        fc.boolean(),
        fc.integer({ min: 0, max: 4 }),
        async (n, size, seeks, prefetch) => {
          const data = streamed(n, { seeks });
          const all = await listOf(data, { size, prefetch });
          expect(all.flatMap(({ inputs }) => [...inputs.knownValues])).toEqual(Array.from({ length: n }, (_, i) => i));
          for (const [i, { after }] of all.entries()) {
            const rest = await numbersOf(data, { size, from: after });
            expect(rest).toEqual(all.slice(i + 1).flatMap(({ inputs }) => [...inputs.knownValues]));
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it("close their source after break, also with batches made ahead", async () => {
    for (const prefetch of [0, 3]) {
      let isClosed = false;
      const data = fromStream({ input: [1], target: [1] }, function* () {
        try {
          for (let i = 0; ; i++) yield { input: vector(i), target: vector(i) };
        } finally {
          isClosed = true;
        }
      });
      for await (const { indices } of batches(data, { size: 2, prefetch })) if (indices[0]! >= 4) break;
      expect(isClosed).toBe(true);
    }
  });

  it("throw an error of their source where its batch is awaited", async () => {
    for (const prefetch of [0, 2]) {
      const data = fromStream({ input: [1], target: [1] }, function* () {
        yield { input: vector(0), target: vector(0) };
        throw new Error("the disk is gone");
      });
      const found = batches(data, { size: 1, prefetch });
      expect((await found.next()).value).toMatchObject({ size: 1 });
      await expect(found.next()).rejects.toThrow("the disk is gone");
    }
  });

  it("refuse a random order, and examples of different shapes", async () => {
    expect(() => batches(streamed(3), { shuffle: true })).toThrow("batches: a stream has no random order");
    const data = fromStream({ input: [1], target: [1] }, function* () {
      yield { input: vector(0), target: vector(0) };
      yield { input: vector(0, 1), target: vector(0) };
    });
    await expect(listOf(data)).rejects.toThrow(
      "batch: input of example 1 must be of shape [1] like the first of its batch",
    );
    expect(() => fromStream({ input: [1] } as never, () => [])).toThrow("the target of shapes must be a shape");
  });

  it("are mixed by a buffer: each example once, and the rest from any place to the bit", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 12 }),
        fc.boolean(),
        fc.integer({ min: 0, max: 99 }),
        async (n, buffer, seeks, seed) => {
          const data = shuffle(streamed(n, { seeks }), { buffer });
          const all = await listOf(data, { size: 3, seed });
          const order = all.flatMap(({ inputs }) => [...inputs.knownValues]);
          expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
          for (const { after } of all) {
            const place = JSON.parse(JSON.stringify(after)) as Position;
            const rest = await numbersOf(data, { size: 3, seed, from: place });
            expect(rest).toEqual(order.slice(order.length - rest.length));
          }
        },
      ),
      { numRuns: 40 },
    );
    const data = shuffle(streamed(100), { buffer: 50 });
    expect(await numbersOf(data, { seed: 1 })).not.toEqual(await numbersOf(data, { seed: 2 }));
    expect(await numbersOf(data, { seed: 1 })).not.toEqual(await numbersOf(data, { seed: 1, epoch: 1 }));
  });

  it("that seek are opened at the oldest example of the buffer, and then where reading stopped", async () => {
    const opened: number[] = [];
    const data = shuffle(streamed(40, { seeks: true, opened }), { buffer: 5 });
    const { after } = (await listOf(data, { size: 10 }))[1]!;
    const { read, kept } = after as unknown as { read: number; kept: { index: number }[] };
    expect([read, kept.length]).toEqual([25, 5]);
    opened.length = 0;
    await numbersOf(data, { size: 10, from: after });
    expect(opened).toEqual([Math.min(...kept.map(({ index }) => index)), read]);
  });
});

describe("changes of data sets", () => {
  it("map gives each example its own random numbers, whatever the batches", async () => {
    const of = (data: Dataset): Dataset =>
      map(data, ({ input, target }, random) => ({
        input: { ...input, values: floatsOf(input).map((x) => x + random.next()) },
        target,
      }));
    for (const data of [of(counted(12)), of(streamed(12))]) {
      const whole = await numbersOf(data, { size: 12, seed: 3 });
      expect(await numbersOf(data, { size: 5, seed: 3, prefetch: 2 })).toEqual(whole);
      expect(await numbersOf(data, { size: 5, seed: 3, epoch: 1 })).not.toEqual(whole);
      expect(whole.map(Math.floor)).toEqual(Array.from({ length: 12 }, (_, i) => i));
    }
    const both = await Promise.all([numbersOf(of(counted(5))), numbersOf(of(streamed(5)))]);
    expect(both[0]).toEqual(both[1]);
  });

  it("map may be async, and may change shapes and targets", async () => {
    const data = map(
      classification({ inputs: vectorOf(4, 1), labels: [0, 1, 0, 1] }),
      async ({ input }) => ({ input: vector(...floatsOf(input), 1), target: input }),
      { input: [2], target: [1] },
    );
    expect(data.shapes).toEqual({ input: [2], target: [1] });
    expect(data.labels).toBeUndefined();
    expect(await numbersOf(data)).toEqual([0, 1, 1, 1, 2, 1, 3, 1]);
    expect(() => batchOf(data, [0])).toThrow("batchOf: the examples of this data set must be awaited");
  });

  it("filter, take, skip and concat act alike on streams and on data of known size", async () => {
    for (const make of [counted, streamed] as readonly ((n: number) => Dataset)[]) {
      expect(await numbersOf(filter(make(9), ({ input }) => input.values[0]! % 3 === 1))).toEqual([1, 4, 7]);
      expect(await numbersOf(take(make(9), 4))).toEqual([0, 1, 2, 3]);
      expect(await numbersOf(take(make(3), 9))).toEqual([0, 1, 2]);
      expect(await numbersOf(skip(make(6), 4))).toEqual([4, 5]);
      const joined = concat(make(3), skip(make(4), 2), make(2));
      expect(await numbersOf(joined)).toEqual([0, 1, 2, 2, 3, 0, 1]);
    }
  });

  it("changed streams go on from any place", async () => {
    const changed: readonly Dataset[] = [
      take(streamed(9), 7),
      skip(streamed(9), 3),
      filter(streamed(9), (_, index) => index % 2 === 0),
      concat(streamed(3), streamed(4), streamed(2)),
      shuffle(concat(take(streamed(5), 3), skip(streamed(6), 1)), { buffer: 3 }),
    ];
    for (const data of changed) {
      const all = await listOf(data, { size: 2 });
      for (const [i, { after }] of all.entries())
        expect(await numbersOf(data, { size: 2, from: after })).toEqual(
          all.slice(i + 1).flatMap(({ inputs }) => [...inputs.knownValues]),
        );
    }
    await expect(numbersOf(take(streamed(9), 7), { from: "nonsense" })).rejects.toThrow("the place to resume from");
    await expect(numbersOf(shuffle(streamed(9), { buffer: 2 }), { from: { read: 1 } })).rejects.toThrow(
      "the place to resume from",
    );
  });

  it("refuse data sets that do not fit", () => {
    expect(() => concat(counted(2), arrays({ inputs: vectorOf(2, 2), targets: vectorOf(2, 1) }))).toThrow(
      "concat: data set 1 must be a sized data set of",
    );
    expect(() => filter(counted(2), () => false)).toThrow("filter: no example is kept");
    expect(() =>
      zip(counted(2), counted(3), ({ input, target }) => ({ input, target }), counted(2).shapes as never),
    ).toThrow("zip: expected two data sets of 2 examples, got 3");
    expect(() => subset(counted(2), [])).toThrow("subset: expected at least one index, got none");
  });

  it("concat keeps labels where the classes are the same", () => {
    const part = (labels: number[], classes: string[]) =>
      classification({ inputs: vectorOf(labels.length, 1), labels, classes });
    expect([...(concat(part([0, 1], ["a", "b"]), part([1], ["a", "b"])).labels ?? [])]).toEqual([0, 1, 1]);
    expect(concat(part([0, 1], ["a", "b"]), part([1], ["a", "c"])).labels).toBeUndefined();
  });

  it("zip joins examples, and cache reads each once, also after a failure", async () => {
    let reads = 0;
    const slow = map(counted(4), async ({ input, target }) => {
      reads++;
      if (reads === 1) throw new Error("busy");
      return { input, target };
    });
    const kept = cache(slow);
    await expect(numbersOf(kept)).rejects.toThrow("busy");
    await numbersOf(kept);
    await numbersOf(kept, { epoch: 1 });
    expect(reads).toBe(5);
    // Once read, examples need not be awaited.
    expect(batchOf(kept, [2]).inputs.knownValues).toEqual(Float32Array.of(2));
    const joined = zip(counted(4), kept, (a, b) => ({ input: { left: a.input, right: b.target }, target: a.target }), {
      input: { left: [1], right: [1] },
      target: [1],
    });
    const { inputs } = batchOf(joined, [3]);
    expect([inputs.left.knownValue, inputs.right.knownValue]).toEqual([3, 6]);
  });

  it("kFolds tests on each example once, classes in equal shares", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(3), { minLength: 4, maxLength: 40 }),
        fc.integer({ min: 2, max: 4 }),
        fc.boolean(),
        (labels, folds, stratify) => {
          const data = classification({ inputs: vectorOf(labels.length, 1), labels });
          const all = kFolds(data, { folds, seed: 5, stratify });
          const tested = all.flatMap(({ test }) => [...batchOf(test, [...Array(test.size).keys()]).inputs.knownValues]);
          expect(tested.toSorted((a, b) => a - b)).toEqual(labels.map((_, i) => i));
          const sizes = all.map(({ test }) => test.size);
          expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
          for (const { train, test } of all) expect(train.size + test.size).toBe(labels.length);
          if (!stratify) return;
          for (const label of new Set(labels)) {
            const counts = all.map(({ test }) => test.labels.filter((each) => each === label).length);
            expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
          }
        },
      ),
    );
    expect(() => kFolds(counted(3), { folds: 4 })).toThrow("kFolds: folds must be");
    expect(() => split(counted(9), { test: 0.5, stratify: true })).toThrow("stratify needs classes");
    expect(split(counted(10), { test: 0.3 }).test.size).toBe(3);
  });
});

describe("augmentation of targets", () => {
  const side = 6;
  const image = Float32Array.from({ length: side * side }, (_, i) => i + 1);
  const masked = (mask: Numbers): SizedDataset =>
    fromExamples([{ input: { values: image, shape: [side, side, 1] }, target: mask }]);
  const labels: Numbers = { values: Uint8Array.from(image), shape: [side, side] };

  it("moves a mask with its image, by whole labels, and leaves noise to the image", async () => {
    const moves = augment(flipHorizontal(), shift(2), noise(0));
    for (let seed = 0; seed < 20; seed++) {
      const [batch] = await listOf(masked(labels), { seed, augment: moves });
      expect([...batch!.targets.knownValues]).toEqual([...batch!.inputs.knownValues]);
    }
    const [turned] = await listOf(masked(labels), { seed: 1, augment: rotate(30) });
    expect(turned!.targets.knownValues.every((label: number) => Number.isInteger(label))).toBe(true);
    const [noisy] = await listOf(masked(labels), { augment: augment(noise(1), cutout(3)) });
    expect([...noisy!.targets.knownValues]).toEqual([...image]);
    expect([...noisy!.inputs.knownValues]).not.toEqual([...image]);
  });

  it("refuses a target image of another size, and leaves vectors alone", async () => {
    const other = masked({ values: new Uint8Array(9), shape: [3, 3] });
    await expect(listOf(other, { augment: shift(1) })).rejects.toThrow(
      "augment: a target must be of the height and width of its input [6, 6, 1], as the augmentation moves pixels, got [3, 3]",
    );
    const [box] = await listOf(masked(vector(1, 2, 3, 4)), { augment: shift(1) });
    expect([...box!.targets.knownValues]).toEqual([1, 2, 3, 4]);
  });

  it("changes only the images of a record", async () => {
    const data = arrays({
      inputs: { image: { values: image, shape: [1, side, side, 1] }, meta: vectorOf(1, 3) },
      targets: vectorOf(1, 1),
    });
    const [batch] = await (async () => {
      const found = [];
      for await (const each of batches(data, { augment: noise(1) })) found.push(each);
      return found;
    })();
    expect([...batch!.inputs.meta.knownValues]).toEqual([0, 1, 2]);
    expect([...batch!.inputs.image.knownValues]).not.toEqual([...image]);
    expect(data.example(0, PASS)).toMatchObject({ input: { meta: { shape: [3] } } });
  });
});
