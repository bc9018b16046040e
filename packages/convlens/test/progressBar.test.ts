import type { StepRecord } from "@convlens/training";
import { expect, it } from "vitest";
import { ProgressBar } from "../src/progressBar.ts";

const record: StepRecord = {
  kind: "step",
  epoch: 0,
  step: 1,
  batch: 1,
  batches: 2,
  loss: 1,
  metrics: {},
  examplesPerSecond: 1,
  gradientNorm: 1,
  updateRatio: 1,
  learningRate: 1,
};

/** Remaining time that the bar shows for 20 examples in 2 batches of 16 and 4, at one example per second. */
function remaining(epochs: number, progress: Pick<StepRecord, "epoch" | "batch">): string | undefined {
  const written: string[] = [];
  const stream = { isTTY: true, columns: 200, write: (text: string) => written.push(text) };
  const bar = new ProgressBar({ epochs, examples: 20, batchSize: 16 }, stream as unknown as NodeJS.WriteStream);
  bar.step({ ...record, ...progress });
  return /images\/s {2}(.*) left$/.exec(written.join(""))?.[1];
}

it("the progress bar counts the last smaller batch by its size", () => {
  expect(remaining(1, { epoch: 0, batch: 1 })).toBe("4 s");
  expect(remaining(1, { epoch: 0, batch: 2 })).toBe("0 s");
  expect(remaining(3, { epoch: 0, batch: 1 })).toBe("44 s");
  expect(remaining(3, { epoch: 1, batch: 2 })).toBe("20 s");
});
