import fc from "fast-check";
import { transformWithOxc } from "vite";
import { describe, expect, it } from "vitest";
import * as backendCpu from "@convlens/backend-cpu";
import * as backendReference from "@convlens/backend-reference";
import * as datasets from "@convlens/datasets";
import * as layers from "@convlens/layers";
import * as tensor from "@convlens/tensor";
import * as training from "@convlens/training";
import { learningJobs } from "../src/compute/learning.ts";
import { learningData } from "../src/compute/learningData.ts";
import { optimizerNames, settingsAt, type Changes } from "../src/compute/learningNet.ts";
import { LearningRun, type LearningRow } from "../src/compute/learningRun.ts";
import { processors } from "../src/compute/processor.ts";
import { initialState, parseState, printState } from "../src/fields.ts";
import { codeOf } from "../src/panels/learning/code.ts";
import { bestStep, Columns, pointsOf } from "../src/panels/learning/columns.ts";
import {
  changesUntil,
  comparison,
  gentler,
  learningFields,
  lostSentence,
  rates,
  recipeOf,
  sharesOf,
  short,
  shownStep,
  verdict,
  withChange,
  type LearningState,
} from "../src/panels/learning/model.ts";
import { drawnOn, inTheMiddle, lacking, packed } from "../src/panels/learning/ownPictures.ts";

const initial = initialState(learningFields);
const anySettings = fc.record({ optimizer: fc.constantFrom(...optimizerNames), rate: fc.constantFrom(...rates) });
const anyChanges = fc
  .tuple(
    anySettings,
    fc.uniqueArray(fc.integer({ min: 1, max: 5000 }), { maxLength: 6 }),
    fc.infiniteStream(anySettings),
  )
  .map(([first, steps, more]): Changes => [
    { step: 0, ...first },
    ...steps.toSorted((a, b) => a - b).map((step) => ({ step, ...more.next().value! })),
  ]);

describe("the address of a net in training", () => {
  it("contains its settings, and their changes", () => {
    fc.assert(
      fc.property(anyChanges, fc.nat(99), (changes, seed) => {
        const state: LearningState = { ...initial, changes, seed, data: "shapes", trained: 12, at: 3 };
        expect(parseState(learningFields, printState(learningFields, state))).toEqual({ state, problems: [] });
      }),
    );
  });

  it.each(["", "5_adam_0.1", "0_adam_0.2", "0_lion_0.1", "0_adam_0.1*9_sgd_1*9_sgd_0.1", "0_adam_NaN"])(
    "has no meaning with changes %j",
    (changes) =>
      expect(parseState(learningFields, new Map([["changes", changes]]))).toEqual({
        state: initial,
        problems: [`changes=${changes}`],
      }),
  );
});

it.each([[0, 5, 5, 1_000_000_000], [5, 5, 1, 0], [5, 5, 1, 257], [5]])(
  "a file whose first filters have the shape %j, %j, %j, %j makes no net",
  async (...shape) => {
    const values = new Float32Array(shape.reduce((size, length) => size * length, 1));
    const file = layers.writeSafetensors(new Map([["layers.0.filters", { shape, values }]]));
    const recipe = { filters: 8, seed: 1, batchSize: 8 };
    await expect(learningJobs.startLearning({ net: "first", data: { kind: "shapes" }, recipe, file })).rejects.toThrow(
      `this file has [${shape.join(", ")}]`,
    );
  },
);

describe("settings that change during training", () => {
  it("apply from their step on, and keep earlier ones", () => {
    fc.assert(
      fc.property(anyChanges, fc.nat(5000), anySettings, (changes, step, settings) => {
        const changed = withChange(changes, step, settings);
        expect(settingsAt(changed, step)).toMatchObject(settings);
        expect(settingsAt(changed, 1e6)).toMatchObject(settings);
        if (step > 0) expect(settingsAt(changed, step - 1)).toEqual(settingsAt(changes, step - 1));
        expect(changed[0]?.step).toBe(0);
      }),
    );
  });

  it("are removed with their steps", () => {
    const at = (step: number) => ({ step, optimizer: "sgd", rate: 0.1 }) as const;
    const changes: Changes = [at(0), at(5), at(9)];
    expect(changesUntil(changes, 9).map(({ step }) => step)).toEqual([0, 5]);
    expect(changesUntil(changes, 0).map(({ step }) => step)).toEqual([0]);
  });

  it("get a lower learning rate, but never 0", () => {
    const at = (rate: number): number => gentler([{ step: 0, optimizer: "sgd", rate }], 7).rate;
    expect([at(10), at(0.3), at(0.0001)]).toEqual([1, 0.03, 0.0001]);
  });
});

/** Columns of a net with these losses, one for each step. */
function columnsOf(losses: readonly number[]): Columns {
  const rows = losses.map((loss, i): LearningRow => ({
    step: i + 1,
    loss,
    accuracy: 0.5,
    gradientNorm: 1,
    updateRatio: 1e-3,
    learningRate: 0.1,
  }));
  const tests = [0, 10].map((step) => ({ step, loss: 1, accuracy: step / 100 }));
  const rest = { health: [], advice: [], lost: undefined, milliseconds: 1, compared: undefined };
  return new Columns().with({ rows, tests, step: losses.length, stride: 1, ...rest });
}

describe("curves", () => {
  it("have few points, each the mean of its steps, and the mean of all points is the mean of all steps", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 9, noNaN: true }), { minLength: 1, maxLength: 400 }),
        fc.integer({ min: 3, max: 50 }),
        (losses, most) => {
          const points = pointsOf(columnsOf(losses), most);
          const steps = points.map(({ step }) => step);
          if (losses.length >= 20) expect(steps.length).toBeLessThanOrEqual(most);
          expect(steps.at(-1)).toBe(losses.length);
          const sizes = steps.map((step, i) => step - (steps[i - 1] ?? 0));
          expect(new Set(sizes.slice(0, -1)).size).toBeLessThanOrEqual(1);
          const whole = points.reduce((sum, { loss }, i) => sum + loss * sizes[i]!, 0);
          expect(whole).toBeCloseTo(
            losses.reduce((a, b) => a + b, 0),
            6,
          );
        },
      ),
    );
  });

  it("find the best step, and drop later rows when cut", () => {
    const columns = columnsOf(Array.from({ length: 100 }, (_, i) => Math.abs(i - 64) + 1));
    expect(bestStep(columns)).toBe(70);
    expect(columns.mean("loss", 100, 2)).toBe(35.5);
    const cut = columns.until(9);
    expect([cut.step, cut.tests.length, cut.testAt(50)!.step]).toEqual([9, 1, 0]);
    expect(columns.step).toBe(100);
  });
});

describe("the panel", () => {
  it("shows a step that is stored", () => {
    fc.assert(
      fc.property(fc.integer({ min: -1, max: 999 }), fc.nat(500), fc.constantFrom(1, 2, 4, 8), (at, latest, stride) => {
        const step = shownStep(at, latest, stride);
        expect(step === latest || (step % stride === 0 && step <= at && step > at - stride)).toBe(true);
        if (at < 0) expect(step).toBe(latest);
      }),
    );
  });

  it("writes numbers with three digits", () =>
    expect([0.123456, 1234.5, 0.0000123, -4, NaN].map(short)).toEqual(["0.123", "1230", "0.000012", "−4", "—"]));

  it("describes the answer in words", () => {
    expect(sharesOf([0, Math.log(3)])).toEqual([expect.closeTo(0.25), expect.closeTo(0.75)]);
    expect(verdict([0, Math.log(3)], ["a", "b"], 1)).toBe("The net says b (75.0 %), which is right.");
    expect(verdict([0, Math.log(3)], ["a", "b"], 0)).toContain("but it is a (25.0 %)");
    expect(verdict([NaN, NaN], ["a", "b"], 0)).toContain("no answer");
  });

  it("says which of two nets is better", () => {
    const test = (accuracy: number, step = 9) => ({ loss: 1, accuracy, step });
    expect(comparison(test(0.9), test(0.88))).toContain("the test accuracy of the first net is higher by 2 points");
    expect(comparison(test(0.9), test(0.9))).toContain("the same test accuracy");
    expect(comparison(test(0.9), test(0.9, 8))).toBe("");
  });

  it("says what went wrong", () => {
    const said = (loss: number): string => lostSentence({ step: 8, loss, learningRate: 3 }, "sgd");
    expect(said(NaN)).toContain("NaN");
    expect(said(Infinity)).toContain("infinite");
    expect(said(1)).toContain("weights became NaN");
    expect(said(1)).toContain("as it was after step 7");
  });
});

describe("pictures of the reader", () => {
  const blank = new Uint8Array(784);

  it("are drawn as strokes", () => {
    const drawn = drawnOn(blank, { x: 5, y: 10 }, { x: 20, y: 10 });
    const inked = [...drawn.keys()].filter((i) => drawn[i]! > 0);
    expect(inked.every((i) => Math.abs(Math.floor(i / 28) + 0.5 - 10) < 2)).toBe(true);
    expect([...drawn.subarray(9 * 28 + 6, 9 * 28 + 19)].every((ink) => ink === 255)).toBe(true);
    expect(drawnOn(drawn, { x: 5, y: 10 }, { x: 5, y: 10 })).toEqual(drawn);
  });

  it("have their centre of mass in the middle", () => {
    fc.assert(
      fc.property(fc.tuple(fc.integer({ min: 4, max: 24 }), fc.integer({ min: 4, max: 24 })), ([x, y]) => {
        const drawn = inTheMiddle(drawnOn(blank, { x, y }, { x, y }));
        const total = drawn.reduce((a, b) => a + b);
        const middle = drawn.reduce((sum, ink, i) => sum + ink * (i % 28), 0) / total;
        expect(Math.abs(middle - 14)).toBeLessThanOrEqual(0.5);
      }),
    );
    expect(inTheMiddle(blank)).toEqual(blank);
  });

  it("are collected class by class, if no class is empty", () => {
    const a = { name: "A", pictures: [blank.fill(0), blank] };
    const b = { name: "B", pictures: [Uint8Array.from(blank, () => 7)] };
    const { pixels, labels, classes } = packed([a, b]);
    expect([[...labels], classes, pixels.length, pixels.at(-1)]).toEqual([[0, 0, 1], ["A", "B"], 3 * 784, 7]);
    expect(lacking([a, b])).toBeUndefined();
    expect(lacking([a, { name: "C", pictures: [] }])).toContain("No picture yet of C");
    expect(lacking([a, { ...b, name: "A" }])).toContain("a name of its own");
  });
});

describe("the program of the panel", () => {
  const AsyncFunction = (async () => undefined).constructor as new (
    ...parts: string[]
  ) => (...values: unknown[]) => Promise<unknown>;

  const backends = { all: () => backendCpu.cpu({ threads: 1 }), reference: backendReference.reference };

  /** Runs the program with its imports, and returns the file that it writes. */
  async function run(code: string): Promise<Uint8Array> {
    let file: Uint8Array | undefined;
    const known = {
      ...datasets,
      ...layers,
      ...tensor,
      ...training,
      ...backendReference,
      cpu: () => backendCpu.cpu({ threads: 1 }),
      console: { log: () => undefined },
      writeFile: (_: string, bytes: Uint8Array) => {
        file = bytes;
        return Promise.resolve();
      },
    };
    const imports = [...code.matchAll(/^import \{ (.*) \} from ".*";$/gm)].flatMap(([, names]) => names!.split(", "));
    expect(imports.filter((name) => !Object.hasOwn(known, name))).toEqual([]);
    const { code: plain } = await transformWithOxc(
      `async () => {\n${code.replace(/^import .*\n/gm, "")}\n}`,
      "shown.ts",
    );
    const names = Object.entries(known);
    await new AsyncFunction(...names.map(([name]) => name), `return (${plain.trim().replace(/;$/, "")})()`)(
      ...names.map(([, value]) => value),
    );
    return file!;
  }

  it("uses the backend of the page", () => {
    const found = processors.map((processor) => /^useBackend\((.*)\);$/m.exec(codeOf({ ...initial, processor }))![1]);
    expect(found).toEqual(["await cpu()", "await cpu({ threads: 1 })", "reference()", "await cpu()"]);
  });

  it.each(["all", "reference"] as const)("gives the exact net of the page on %s", async (processor) => {
    const state: LearningState = {
      ...initial,
      data: "shapes",
      filters: 2,
      trained: 12,
      processor,
      changes: [
        { step: 0, optimizer: "momentum", rate: 0.01 },
        { step: 5, optimizer: "momentum", rate: 0.1 },
        { step: 9, optimizer: "momentum", rate: 0.003 },
      ],
    };
    const file = await run(codeOf(state));
    const net = await LearningRun.begin(
      recipeOf(state),
      await learningData({ kind: "shapes" }, () => Promise.reject(new Error("no digits are wanted"))),
      { backend: await backends[processor](), isOwn: false },
    );
    await net.advance(state.changes, state.trained, 60_000);
    const ours = net.history.at(12).kept.weights;
    const { tensors } = layers.readSafetensors(file);
    expect([...tensors.keys()].sort()).toEqual([...ours.keys()].sort());
    for (const [path, { values }] of ours) expect(tensors.get(path)?.values).toEqual(values);
  });

  it("says what one call of fit cannot express", () => {
    const changes = [
      { step: 0, optimizer: "adam", rate: 0.003 },
      { step: 9, optimizer: "sgd", rate: 0.1 },
    ] as const;
    expect(codeOf({ ...initial, changes })).toContain("a Trainer allows another");
    expect(codeOf(initial)).not.toContain("a Trainer");
    expect(codeOf(initial)).toContain("await mnist()");
    expect(codeOf({ ...initial, data: "own" })).toContain("shapes replace them");
  });
});
