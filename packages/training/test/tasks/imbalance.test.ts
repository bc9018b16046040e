import { Random } from "@convlens/backend";
import { cpu } from "@convlens/backend-cpu";
import { arrays, classification } from "@convlens/datasets";
import { Dense, ReLU, sequential } from "@convlens/layers";
import { useBackend } from "@convlens/tensor";
import { expect, it } from "vitest";
import { adam, crossEntropy, f1, fit, recall } from "../../src/index.ts";
import { describeTask } from "./task.ts";

/** Points of two overlapping clouds, of which one in twenty belongs to the second. */
function clouds(size: number, seed: number) {
  const labels = Uint8Array.from({ length: size }, (_, i) => (i % 20 === 0 ? 1 : 0));
  const values = new Random(seed).normal(2 * size, 0, 1).map((x, i) => x + (labels[i >> 1] === 1 ? 1.5 : 0));
  return { inputs: { values, shape: [size, 2] }, labels };
}
const net = () => sequential([new Dense({ units: 16 }), new ReLU(), new Dense({ units: 2 })]);
const common = {
  optimizer: adam({ learningRate: 1e-2 }),
  metrics: { recall: recall({ average: "none" }), f1 },
  seed: 1,
};

describeTask("classes of very different frequency, with weights of classes", {
  ...{ size: 800, small: 200, epochs: 15 },
  start: (size, options) => {
    const model = net();
    const run = fit(model, classification(clouds(size, 1)), {
      ...{ ...common, loss: crossEntropy({ classWeights: [1, 19] }), ...options },
      validation: classification(clouds(size, 2)),
    });
    return { model, run };
  },
  // The best possible recall of both is Φ(1.5/√2) = 0.86.
  reached: ({ validation }) => {
    for (const value of validation!.metrics.recall) expect(value).toBeGreaterThan(0.75);
  },
});

it("without weights the rare class is missed, and weights of the examples do the same as those of the classes", async () => {
  useBackend(await cpu({ threads: 1 }));
  const { inputs, labels } = clouds(800, 1);
  const validation = classification(clouds(800, 2));
  const options = { ...common, validation, epochs: 15 };
  const plain = await fit(net(), classification({ inputs, labels }), { ...options, loss: crossEntropy });
  expect(plain.at(-1)!.validation!.metrics.recall[1]).toBeLessThan(0.5);
  const weights = Array.from(labels, (label) => (label === 1 ? 19 : 1));
  const weighted = arrays({ inputs, targets: { values: labels, shape: [800] }, weights });
  const byExample = await fit(net(), weighted, { ...options, loss: crossEntropy });
  const classWeights = [1, 19];
  const byClass = await fit(net(), classification({ inputs, labels }), {
    ...options,
    loss: crossEntropy({ classWeights }),
  });
  byExample.forEach(({ loss }, i) => expect(loss).toBeCloseTo(byClass[i]!.loss, 3));
});
