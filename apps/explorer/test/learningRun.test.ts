import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { Backend } from "@convlens/backend";
import { cpu } from "@convlens/backend-cpu";
import { reference } from "@convlens/backend-reference";
import { shapes, split } from "@convlens/datasets";
import { build, weightsOf, type StoredTensor } from "@convlens/layers";
import { useBackend } from "@convlens/tensor";
import { adam, fit } from "@convlens/training";
import { fingerprint } from "../src/compute/fingerprint.ts";
import { learningData } from "../src/compute/learningData.ts";
import { LearningHistory, type KeptStep } from "../src/compute/learningHistory.ts";
import { learningNet, settingsAt, type Changes, type LearningChange } from "../src/compute/learningNet.ts";
import { LearningRun } from "../src/compute/learningRun.ts";

const recipe = { filters: 2, seed: 3, batchSize: 8 };
const data = split(shapes({ size: 60, height: 28, width: 28 }), { test: 0.2 });
const adamAt = (rate: number, step = 0): LearningChange => ({ step, optimizer: "adam", rate });
let single: Backend;
let double: Backend;
const begin = (backend: Backend = single): Promise<LearningRun> =>
  LearningRun.begin(recipe, data, { backend, isOwn: false });
const numbers = (weights: ReadonlyMap<string, StoredTensor>): number[][] =>
  [...weights.values()].map(({ values }) => Array.from(values));
const at = (run: LearningRun, step: number): number[][] => numbers(run.history.at(step).kept.weights);

beforeAll(async () => {
  [single, double] = await Promise.all([cpu({ threads: 1 }), cpu({ threads: 2 })]);
  useBackend(single);
});

describe("the history of a net", () => {
  const one = (step: number, size: number): KeptStep => ({
    weights: new Map([["w", { shape: [size], values: new Float32Array(size).fill(step) }]]),
    optimizer: "sgd",
    memory: new Map([["velocity.w", new Float32Array(size)]]),
  });

  it("fits into its memory limit, with the first step, the latest, and evenly spaced ones between", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 2, max: 40 }), (steps, room) => {
        const history = new LearningHistory(room * 8 * 10);
        for (let step = 0; step <= steps; step++) history.keep(step, one(step, 10));
        const kept = new Set(Array.from({ length: steps + 1 }, (_, step) => history.at(step).step));
        expect(kept.size).toBeLessThanOrEqual(room);
        expect([kept.has(0), kept.has(steps), history.latest]).toEqual([true, true, steps]);
        for (const step of kept) {
          expect(history.at(step).kept.weights.get("w")?.values[0]).toBe(step);
          if (step !== steps) expect(step % history.stride).toBe(0);
        }
        // Half the distance would not fit.
        if (history.stride > 1) expect(Math.floor(steps / (history.stride / 2)) + 1).toBeGreaterThan(room - 1);
      }),
    );
  });

  it("goes back to a step, and continues from there", () => {
    const history = new LearningHistory(1e6);
    for (let step = 0; step <= 5; step++) history.keep(step, one(step, 1));
    history.goBack(2);
    expect([history.latest, history.at(9).step]).toEqual([2, 2]);
    history.keep(3, one(33, 1));
    expect(history.at(3).kept.weights.get("w")?.values[0]).toBe(33);
    expect(() => new LearningHistory(1).at(0)).toThrow("not been started");
  });
});

describe("settings that change during training", () => {
  it("apply from their step on", () => {
    const changes: Changes = [adamAt(1), adamAt(2, 5), adamAt(3, 8)];
    expect([0, 4, 5, 7, 8, 99].map((step) => settingsAt(changes, step).rate)).toEqual([1, 1, 2, 2, 3, 3]);
  });
});

describe("a net that is trained in steps", () => {
  it("is exactly the net of fit, across the end of an epoch", async () => {
    const run = await begin();
    const { step, rows } = await run.advance([adamAt(0.01)], 9, 60_000);
    expect([step, rows.length]).toEqual([9, 9]);
    const net = build(learningNet(recipe.filters, 4), [28, 28, 1], { seed: recipe.seed });
    const losses: number[] = [];
    const options = {
      epochs: 2,
      batchSize: recipe.batchSize,
      optimizer: adam({ learningRate: 0.01 }),
      seed: recipe.seed,
    };
    for await (const record of fit(net, data.train, options)) {
      if (record.kind !== "step") continue;
      losses.push(record.loss);
      if (record.step === 9) break;
    }
    expect(rows.map(({ loss }) => loss)).toEqual(losses);
    expect(at(run, 9)).toEqual(numbers(await weightsOf(net)));
  });

  it("takes at least one step, even without time", async () => {
    const run = await begin();
    expect((await run.advance([adamAt(0.01)], 9, 0)).step).toBe(1);
    expect((await run.advance([adamAt(0.01)], 9, 0)).step).toBe(2);
  });

  it("goes back and repeats the same steps; with other settings, others", async () => {
    const run = await begin();
    const changes: Changes = [adamAt(0.01), { step: 3, optimizer: "momentum", rate: 0.02 }];
    await run.advance(changes, 6, 60_000);
    const [early, late] = [at(run, 2), at(run, 6)];
    for (const to of [2, 4]) {
      expect(await run.goBack(to)).toBe(to);
      expect(run.history.latest).toBe(to);
      const { step, rows } = await run.advance(changes, 6, 60_000);
      expect([step, rows.length]).toEqual([6, 6 - to]);
      expect(at(run, 2)).toEqual(early);
      expect(at(run, 6)).toEqual(late);
    }
    await run.goBack(4);
    await run.advance([...changes, adamAt(0.01, 4)], 6, 60_000);
    expect(at(run, 6)).not.toEqual(late);
  });

  it("keeps its last finite step when the learning rate is far too large", async () => {
    const run = await begin();
    await run.advance([adamAt(0.01)], 2, 60_000);
    const before = at(run, 2);
    const wild: Changes = [adamAt(0.01), { step: 2, optimizer: "sgd", rate: 1e30 }];
    const { step, lost } = await run.advance(wild, 20, 60_000);
    expect(lost).toMatchObject({ step: step + 1, learningRate: 1e30 });
    expect(run.history.latest).toBe(step);
    expect(at(run, 2)).toEqual(before);
    expect(at(run, step).flat().every(Number.isFinite)).toBe(true);
    await run.goBack(2);
    const { rows, lost: again } = await run.advance([adamAt(0.01)], 5, 60_000);
    expect([rows.at(-1)!.step, again]).toEqual([5, undefined]);
  });

  it("has health records, tests and advice", async () => {
    const run = await begin();
    const { tests, health, advice } = await run.advance([{ step: 0, optimizer: "sgd", rate: 1e-9 }], 30, 60_000);
    expect(tests.map(({ step }) => step)).toEqual([0, 20]);
    expect(tests[0]?.accuracy).toBeLessThan(0.7);
    expect(health.map(({ step }) => step)).toEqual([1, 26]);
    expect(health[0]!.layers.map(({ units }) => units)).toEqual([2, 4]);
    expect(advice.join()).toContain("raise the learning rate");
  });
});

describe("a net that is moved between backends during training", () => {
  const STEPS = 28;
  const changes: Changes = [adamAt(0.01), { step: 9, optimizer: "momentum", rate: 0.02 }, adamAt(0.01, 19)];
  /** The result without the time that it took. */
  const progress = async (run: LearningRun, until: number) => {
    const { rows, tests, health, compared } = await run.advance(changes, until, 60_000);
    return { rows, tests, health, compared };
  };

  it("is exactly the same on any number of threads, as if it had stayed", async () => {
    const stayed = await begin();
    const expected = await progress(stayed, STEPS);
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat(STEPS - 1), { minLength: 1, maxLength: 5 }), async (places) => {
        const run = await begin();
        const [rows, tests, health]: [unknown[], unknown[], unknown[]] = [[], [], []];
        for (const [i, place] of [...places.toSorted((a, b) => a - b), STEPS].entries()) {
          const made = await progress(run, place);
          rows.push(...made.rows);
          tests.push(...made.tests);
          health.push(...made.health);
          if (i > 0 && place > 0) expect(made.compared).toMatchObject({ difference: 0 });
          await run.moveTo(i % 2 === 0 ? double : single);
        }
        // At step 0 each request to advance tests the net.
        expect([rows, tests.slice(-expected.tests.length), health]).toEqual([
          expected.rows,
          expected.tests,
          expected.health,
        ]);
        for (let step = 0; step <= STEPS; step++) expect(at(run, step)).toEqual(at(stayed, step));
        run.dispose();
      }),
      { numRuns: 6 },
    );
  });

  it("is nearly the same with the reference, which adds in another order", async () => {
    const stayed = await begin();
    await progress(stayed, STEPS);
    const run = await begin();
    await progress(run, 5);
    await run.moveTo(reference());
    const { rows, compared } = await progress(run, 20);
    expect([rows[0]!.step, compared!.step]).toEqual([6, 6]);
    expect(compared?.compared).toBe(at(run, 6).flat().length);
    expect(compared?.difference).toBeGreaterThan(0);
    expect(compared?.difference).toBeLessThan(1e-6);
    await run.moveTo(double);
    await progress(run, STEPS);
    const [ours, theirs] = [at(run, STEPS).flat(), at(stayed, STEPS).flat()];
    expect(ours).not.toEqual(theirs);
    expect(Math.max(...ours.map((value, i) => Math.abs(value - theirs[i]!)))).toBeLessThan(1e-4);
  });

  it("goes back and continues on any backend, with the same results", async () => {
    const run = await begin();
    const first = await progress(run, STEPS);
    const late = at(run, STEPS);
    await run.moveTo(double);
    await run.goBack(25);
    const again = await progress(run, STEPS);
    expect(again.compared).toBeUndefined();
    expect(again.health).toEqual(first.health.filter(({ step }) => step > 25));
    expect(at(run, STEPS)).toEqual(late);
    await run.goBack(3);
    await run.moveTo(single);
    expect((await progress(run, STEPS)).rows).toEqual(first.rows.slice(3));
    expect(at(run, STEPS)).toEqual(late);
  });

  it("stays on its backend if it cannot be moved", async () => {
    const [run, stayed] = [await begin(), await begin()];
    for (const each of [run, stayed]) await progress(each, 2);
    const full: Backend = {
      ...double,
      allocate: () => {
        throw new Error("there is no room");
      },
    };
    await expect(run.moveTo(full)).rejects.toThrow("no room");
    const { rows, compared } = await progress(run, 4);
    expect([rows.length, compared]).toEqual([2, undefined]);
    await progress(stayed, 4);
    expect(at(run, 4)).toEqual(at(stayed, 4));
  });

  it("continues from the last complete step on another backend when its backend fails", async () => {
    const stayed = await begin();
    const expected = await progress(stayed, STEPS);
    let left = Infinity;
    const compile: Backend["compile"] = (program) => {
      const executable = double.compile(program);
      const run: typeof executable.run = (...args) =>
        left-- > 0 ? executable.run(...args) : Promise.reject(new Error("the context was lost"));
      return { ...executable, run };
    };
    const failing: Backend = { ...double, compile };
    await fc.assert(
      fc.asyncProperty(fc.nat(60), fc.constantFrom("for good", "for once", "and is left"), async (runs, failure) => {
        left = Infinity;
        const run = await begin(failing);
        left = runs;
        const { rows } = await progress(run, STEPS).catch(() => ({ rows: [] }));
        await expect(progress(run, STEPS)).rejects.toThrow("the context was lost");
        if (failure !== "for good") left = Infinity;
        if (failure !== "for once") await run.moveTo(single);
        const more = await progress(run, STEPS);
        expect([...rows, ...more.rows]).toEqual(expected.rows);
        expect(at(run, STEPS)).toEqual(at(stayed, STEPS));
        expect(more.compared).toBeUndefined();
      }),
      { numRuns: 10 },
    );
  });

  it("frees all of its tensors", async () => {
    const once = async (): Promise<number[]> => {
      const run = await begin();
      await progress(run, 2);
      await run.moveTo(double);
      await progress(run, 12);
      run.dispose();
      return [single.memory(), double.memory()];
    };
    const [page, other] = await once();
    const [pageAgain, otherAgain] = await once();
    // Scalars that belong to the program of the tests.
    expect(pageAgain! - page!).toBeLessThan(200);
    // Garbage of the first run may be freed during the second.
    expect(otherAgain).toBeLessThanOrEqual(other!);
  });
});

describe("training data", () => {
  it("are the digits of the page", async () => {
    expect(await learningData({ kind: "digits" }, async () => data)).toBe(data);
  });

  it("have a test part, if there are enough pictures of the reader", async () => {
    const own = (counts: readonly number[]) =>
      learningData(
        {
          kind: "own",
          classes: counts.map((_, i) => `class ${i}`),
          pixels: new Uint8Array(784 * counts.reduce((a, b) => a + b)),
          labels: Uint8Array.from(counts.flatMap((count, label) => new Array<number>(count).fill(label))),
        },
        async () => data,
      );
    const [few, many] = [await own([2, 30]), await own([10, 20])];
    expect([few.train.size, few.test.size]).toEqual([32, 32]);
    expect([many.train.size, many.test.size]).toEqual([24, 6]);
    await expect(own([3, 0])).rejects.toThrow('no picture of "class 1"');
    await expect(own([3])).rejects.toThrow("add a second");
  });
});

describe("the fingerprint of a net", () => {
  it("changes with a single bit", () => {
    const of = (values: Float32Array): string => fingerprint(new Map([["w", { shape: [values.length], values }]]));
    const values = Float32Array.of(1, -0.5, 3e-8);
    expect(of(values)).toMatch(/^[\da-f]{8}$/);
    expect(of(values.slice())).toBe(of(values));
    for (let bit = 0; bit < 96; bit++) {
      const other = values.slice();
      new Uint32Array(other.buffer)[bit >> 5]! ^= 1 << (bit & 31);
      expect(of(other)).not.toBe(of(values));
    }
  });
});
