import { arrays, split } from "@convlens/datasets";
import { Conv2d, Dense, Flatten, MaxPool2d, ReLU, sequential } from "@convlens/layers";
import { expect } from "vitest";
import { adam, fit, mae, meanSquaredError, r2 } from "../../src/index.ts";
import { blobs, describeTask } from "./task.ts";

describeTask("regression: the place of a blob", {
  ...{ size: 600, small: 80, epochs: 25 },
  start: (size, options) => {
    const { images, blobs: all } = blobs(size, 12);
    const places = { values: Float32Array.from(all.flatMap(({ x, y }) => [x / 12, y / 12])), shape: [size, 2] };
    const { train, test } = split(arrays({ inputs: images, targets: places }), { test: 0.2, seed: 1 });
    const model = sequential([
      ...[new Conv2d({ filters: 8, kernelSize: 3, padding: "same" }), new ReLU(), new MaxPool2d({ kernelSize: 2 })],
      ...[new Flatten(), new Dense({ units: 2 })],
    ]);
    const run = fit(model, train, {
      ...{ loss: meanSquaredError, optimizer: adam({ learningRate: 5e-3 }), metrics: { mae, r2 } },
      ...{ validation: test, seed: 1, ...options },
    });
    return { model, run };
  },
  reached: ({ validation }) => expect(validation!.metrics.r2).toBeGreaterThan(0.95),
});
