import { Random } from "@convlens/backend";
import { fromStream, shuffle } from "@convlens/datasets";
import { Dense, ReLU, sequential } from "@convlens/layers";
import { expect } from "vitest";
import { adam, fit, meanSquaredError, r2 } from "../../src/index.ts";
import { describeTask } from "./task.ts";

/** Points in ascending order and a curve through them, read one after the other. */
const curve = (size: number) =>
  fromStream({ input: [1], target: [1] }, async function* (from) {
    for (let i = from; i < size; i++) {
      if (i % 64 === 0) await new Promise((resolve) => setTimeout(resolve));
      const x = (2 * i) / size - 1;
      const y = Math.sin(3 * x) + 0.02 * new Random(1).split(i).normal(1, 0, 1)[0]!;
      yield { input: { values: Float32Array.of(x), shape: [1] }, target: { values: Float32Array.of(y), shape: [1] } };
    }
  });

describeTask("a stream in order, mixed by a buffer", {
  ...{ size: 600, small: 200, epochs: 20 },
  start: (size, options) => {
    const model = sequential([
      new Dense({ units: 24 }),
      new ReLU(),
      new Dense({ units: 24 }),
      new ReLU(),
      new Dense({ units: 1 }),
    ]);
    const run = fit(model, shuffle(curve(size), { buffer: 200 }), {
      ...{ loss: meanSquaredError, optimizer: adam({ learningRate: 5e-3 }), metrics: { r2 } },
      ...{ validation: curve(100), seed: 1, ...options },
    });
    return { model, run };
  },
  reached: ({ validation }) => expect(validation!.metrics.r2).toBeGreaterThan(0.97),
});
