import { Random } from "@convlens/backend";
import { arrays, split } from "@convlens/datasets";
import { Conv2d, Dense, GlobalMaxPool, ReLU, sequential } from "@convlens/layers";
import { expect } from "vitest";
import { adam, binaryAccuracy, binaryCrossEntropy, exactMatch, f1, fit, rocAuc } from "../../src/index.ts";
import { describeTask } from "./task.ts";

/** Images in which a vertical bar, a horizontal bar and a dot may be. */
function signs(size: number, side: number) {
  const images = new Float32Array(size * side * side);
  const targets = new Uint8Array(size * 3);
  for (let i = 0; i < size; i++) {
    const random = new Random(9).split(i);
    images.set(random.normal(side * side, 0, 0.1), i * side * side);
    const put = (x: number, y: number): void => void (images[(i * side + y) * side + x]! += 1);
    for (let label = 0; label < 3; label++) {
      if (random.next() < 0.5) continue;
      targets[3 * i + label] = 1;
      const [a, b] = [1 + random.integer(side - 6), 1 + random.integer(side - 2)];
      for (let k = 0; k < 5; k++)
        if (label === 0) put(b, a + k);
        else if (label === 1) put(a + k, b);
      if (label === 2)
        for (const [dx, dy] of [
          [0, 0],
          [1, 0],
          [0, 1],
          [1, 1],
        ] as const)
          put(a + dx, Math.min(side - 2, b) + dy);
    }
  }
  return arrays({
    inputs: { values: images, shape: [size, side, side, 1] },
    targets: { values: targets, shape: [size, 3] },
  });
}

describeTask("several labels of one image", {
  ...{ size: 600, small: 60, epochs: 20, isSlowOnReference: true },
  start: (size, options) => {
    const { train, test } = split(signs(size, 12), { test: 0.2, seed: 1 });
    const conv = (filters: number): Conv2d => new Conv2d({ filters, kernelSize: 3, padding: "same" });
    const model = sequential([
      conv(12),
      new ReLU(),
      conv(16),
      new ReLU(),
      new GlobalMaxPool(),
      new Dense({ units: 3 }),
    ]);
    const run = fit(model, train, {
      ...{ loss: binaryCrossEntropy, optimizer: adam({ learningRate: 5e-3 }), validation: test, seed: 1 },
      ...{ metrics: { accuracy: binaryAccuracy, exactMatch, f1, auc: rocAuc }, ...options },
    });
    return { model, run };
  },
  reached: ({ validation }) => {
    const { accuracy, f1: score, auc } = validation!.metrics;
    expect(accuracy).toBeGreaterThan(0.93);
    expect(score).toBeGreaterThan(0.93);
    expect(auc).toBeGreaterThan(0.97);
  },
});
