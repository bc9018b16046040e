import { split, tones } from "@convlens/datasets";
import { Conv1d, Dense, GlobalMaxPool, MaxPool1d, ReLU, sequential } from "@convlens/layers";
import { expect } from "vitest";
import { adam, fit } from "../../src/index.ts";
import { describeTask } from "./task.ts";

describeTask("tones in noise", {
  ...{ size: 400, small: 60, epochs: 12 },
  start: (size, options) => {
    const { train, test } = split(tones({ size, length: 96 }), { test: 0.25, seed: 1 });
    const conv = (filters: number): Conv1d => new Conv1d({ filters, kernelSize: 9, padding: "same" });
    const model = sequential([
      ...[conv(8), new ReLU(), new MaxPool1d({ kernelSize: 2 }), conv(8), new ReLU()],
      ...[new GlobalMaxPool(), new Dense({ units: 2 })],
    ]);
    const run = fit(model, train, {
      ...{ batchSize: 16, optimizer: adam({ learningRate: 5e-3 }), validation: test, seed: 1, ...options },
    });
    return { model, run };
  },
  reached: ({ validation }) => expect(validation!.metrics.accuracy).toBeGreaterThan(0.9),
});
