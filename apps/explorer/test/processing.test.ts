import { describe, expect, it } from "vitest";
import { trainedBy } from "../src/compute/learned.ts";
import type { ComparedStep, LearningProgress } from "../src/compute/learningRun.ts";
import type { Processor } from "../src/compute/processor.ts";
import { comparisonInWords, speedsInWords } from "../src/panels/learning/model.ts";
import { Processing } from "../src/panels/learning/processing.ts";

describe("what trains a net", () => {
  /** A worker that answers when it is told to: whether it can do what it was asked first. */
  const slowWorker = () => {
    const asked: ((isAtHand: boolean) => Promise<void>)[] = [];
    const ask = () =>
      new Promise((resolve) =>
        asked.push(async (isAtHand) => {
          resolve(isAtHand ? { kind: "answer", value: undefined } : { kind: "problem", text: "There is none." });
          await new Promise((after) => setTimeout(after));
        }),
      );
    let state: Processor = "all";
    const processing = new Processing({ ask: ask as never }, ({ processor }) => (state = processor));
    const moveTo = (processor: Processor): void => {
      state = processor;
      void processing.moveTo(processor);
    };
    return { processing, moveTo, state: () => state, answer: (isAtHand: boolean) => asked.shift()!(isAtHand) };
  };
  const progress = (step: number, milliseconds: number, compared?: ComparedStep): LearningProgress => ({
    rows: [{ step, loss: 1, accuracy: 0.5, gradientNorm: 1, updateRatio: 1e-3, rate: 0.1 }],
    ...{ step, stride: 1, tests: [], health: [], advice: [], lost: undefined, milliseconds, compared },
  });

  it("is changed when the worker says so, and goes back to the last that did where it cannot", async () => {
    const { processing, moveTo, state, answer } = slowWorker();
    moveTo("all");
    await answer(true);
    expect([trainedBy.value, state()]).toEqual(["all", "all"]);
    // Two are asked for in a row, the second in vain.
    moveTo("one");
    moveTo("reference");
    await answer(true);
    expect([trainedBy.value, state(), processing.refusal.value]).toEqual(["one", "reference", undefined]);
    await answer(false);
    expect([trainedBy.value, state(), processing.refusal.value]).toEqual(["one", "one", "There is none."]);
    moveTo("reference");
    await answer(true);
    expect([trainedBy.value, state(), processing.refusal.value]).toEqual(["reference", "reference", undefined]);
    processing.end();
    expect(trainedBy.value).toBeUndefined();
  });

  it("is asked for again from the beginning where the first is not at hand", async () => {
    const { processing, moveTo, state, answer } = slowWorker();
    moveTo("one");
    await answer(false);
    expect([trainedBy.value, state(), processing.refusal.value]).toEqual([undefined, "all", "There is none."]);
    moveTo("all");
    await answer(true);
    expect(trainedBy.value).toBe("all");
    processing.end();
  });

  it("has a speed for each, and a step that two have made", async () => {
    const { processing, moveTo, answer } = slowWorker();
    moveTo("all");
    await answer(true);
    processing.heard(progress(1, 10), 32);
    moveTo("reference");
    await answer(true);
    processing.heard(progress(2, 400, { step: 2, difference: 1.5e-8, compared: 3290 }), 32);
    expect(processing.speeds.value).toEqual({ all: 3200, reference: 80 });
    expect(processing.comparison.value).toMatchObject({ from: "all", to: "reference", step: 2 });
    processing.forget();
    expect([processing.speeds.value, processing.comparison.value]).toEqual([{}, undefined]);
    processing.end();
  });

  it("is said in words", () => {
    expect(speedsInWords({}, "all", 4)).toBe("");
    expect(speedsInWords({ all: 1234.5 }, "all", 4)).toBe("Examples a second: 1,235 now (SIMD, 4 threads).");
    expect(speedsInWords({ all: 1234, reference: 56 }, "reference", 4)).toBe(
      "Examples a second: 56 now (reference, plain loops); 1,234 (SIMD, 4 threads).",
    );
    expect(speedsInWords({ all: 1234 }, "one", 4)).toBe("Examples a second: 1,234 (SIMD, 4 threads).");
    const step = { step: 7, compared: 3290, from: "all", to: "one" } as const;
    expect(comparisonInWords({ ...step, difference: 0 }, 2)).toMatch(/of 3,290 weights is none, to the last bit\.$/);
    expect(comparisonInWords({ ...step, difference: 1.5e-8 }, 2)).toMatch(/is 1\.5 · 10\^−8\.$/);
  });
});
