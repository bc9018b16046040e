import { describe, expect, it } from "vitest";
import { trainedBy } from "../src/compute/learned.ts";
import type { ComparedStep, LearningProgress } from "../src/compute/learningRun.ts";
import type { Processor } from "../src/compute/processor.ts";
import { comparisonInWords, speedsInWords } from "../src/panels/learning/model.ts";
import { Processing } from "../src/panels/learning/processing.ts";

describe("the processor that trains a net", () => {
  /** A worker that answers its first request on command, with a result or a problem. */
  const slowWorker = () => {
    const asked: { readonly what: string; readonly resolve: (value: unknown) => void }[] = [];
    const wait = (what: string) => new Promise((resolve) => asked.push({ what, resolve }));
    const compute = {
      prepare: (processor: Processor) => wait(`prepare ${processor}`),
      ask: (_: string, { processor }: { readonly processor: Processor }) => wait(`move to ${processor}`),
    };
    let state: Processor = "all";
    const processing = new Processing(compute as never, ({ processor }) => (state = processor));
    const moveTo = (processor: Processor): void => {
      state = processor;
      void processing.moveTo(processor);
    };
    const answer = async (expected: string, problem?: string): Promise<void> => {
      const { what, resolve } = asked.shift()!;
      expect(what).toBe(expected);
      const isMove = what.startsWith("move");
      const outcome =
        problem === undefined ? { kind: "answer", value: "a backend" } : { kind: "problem", text: problem };
      resolve(isMove ? outcome : problem);
      await new Promise((after) => setTimeout(after));
    };
    const move = async (processor: Processor): Promise<void> => {
      moveTo(processor);
      await answer(`prepare ${processor}`);
      await answer(`move to ${processor}`);
    };
    const now = () => [trainedBy.value?.processor, state, processing.refusal.value];
    return { processing, moveTo, move, answer, now, asked };
  };
  const progress = (step: number, milliseconds: number, compared?: ComparedStep): LearningProgress => ({
    rows: [{ step, loss: 1, accuracy: 0.5, gradientNorm: 1, updateRatio: 1e-3, learningRate: 0.1 }],
    ...{ step, stride: 1, tests: [], health: [], advice: [], lost: undefined, milliseconds, compared },
  });

  it("changes when the worker confirms it, and otherwise goes back to the last one", async () => {
    const { processing, moveTo, move, answer, now } = slowWorker();
    await move("all");
    expect(trainedBy.value).toEqual({ processor: "all", backend: "a backend" });
    moveTo("graphics");
    expect(now()).toEqual(["all", "graphics", undefined]);
    await answer("prepare graphics", "There is none.");
    expect(now()).toEqual(["all", "all", "There is none."]);
    // Two are requested in a row, and the second fails.
    moveTo("one");
    await answer("prepare one");
    moveTo("reference");
    await answer("move to one");
    expect(now()).toEqual(["one", "reference", undefined]);
    await answer("prepare reference");
    await answer("move to reference", "There is no room.");
    expect(now()).toEqual(["one", "one", "There is no room."]);
    await move("reference");
    expect(now()).toEqual(["reference", "reference", undefined]);
    processing.end();
    expect(trainedBy.value).toBeUndefined();
  });

  it("is not one that was given up before it was ready", async () => {
    const { processing, moveTo, move, answer, now, asked } = slowWorker();
    await move("all");
    moveTo("graphics");
    moveTo("one");
    await answer("prepare graphics", "There is none.");
    await answer("prepare one");
    await answer("move to one");
    expect(now()).toEqual(["one", "one", undefined]);
    moveTo("reference");
    await answer("prepare reference");
    processing.end();
    await answer("move to reference");
    expect([trainedBy.value, asked]).toEqual([undefined, []]);
  });

  it("is requested again if the first one is not available", async () => {
    const { processing, moveTo, move, answer, now } = slowWorker();
    moveTo("graphics");
    await answer("prepare graphics", "There is none.");
    expect(now()).toEqual([undefined, "all", "There is none."]);
    await move("all");
    expect(now()).toEqual(["all", "all", undefined]);
    processing.end();
  });

  it("has a speed for each, and a step that two have computed", async () => {
    const { processing, move } = slowWorker();
    await move("all");
    processing.heard(progress(1, 10), 32);
    await move("reference");
    processing.heard(progress(2, 400, { step: 2, difference: 1.5e-8, compared: 3290 }), 32);
    expect(processing.speeds.value).toEqual({ all: 3200, reference: 80 });
    expect(processing.comparison.value).toMatchObject({ from: "all", to: "reference", step: 2 });
    processing.forget();
    expect([processing.speeds.value, processing.comparison.value]).toEqual([{}, undefined]);
    processing.end();
  });

  it("is described in words", () => {
    expect(speedsInWords({}, "all", 4)).toBe("");
    expect(speedsInWords({ all: 1234.5 }, "all", 4)).toBe("Examples per second: 1,235 now (SIMD, 4 threads).");
    expect(speedsInWords({ all: 1234, reference: 56 }, "reference", 4)).toBe(
      "Examples per second: 56 now (reference); 1,234 (SIMD, 4 threads).",
    );
    expect(speedsInWords({ all: 1234 }, "one", 4)).toBe("Examples per second: 1,234 (SIMD, 4 threads).");
    const step = { step: 7, compared: 3290, from: "all", to: "one" } as const;
    expect(comparisonInWords({ ...step, difference: 0 }, 2)).toMatch(/of 3,290 weights is none, to the last bit\.$/);
    expect(comparisonInWords({ ...step, difference: 1.5e-8 }, 2)).toMatch(/is 1\.5 · 10\^−8\.$/);
  });
});
