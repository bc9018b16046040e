import { Random } from "@convlens/backend";
import { arrays, split } from "@convlens/datasets";
import { Conv2d, Dense, Flatten, MaxPool2d, ReLU, sequential } from "@convlens/layers";
import { expect } from "vitest";
import { adam, boxIou, cosineDecay, fit, meanAbsoluteError } from "../../src/index.ts";
import { describeTask } from "./task.ts";

/** Images of one bright rectangle in noise, and its left, top, right and bottom as shares of the image. */
function boxes(size: number, side: number) {
  const images = new Float32Array(size * side * side);
  const targets = new Float32Array(size * 4);
  for (let i = 0; i < size; i++) {
    const random = new Random(6).split(i);
    const [width, height] = [5 + random.integer(6), 5 + random.integer(6)];
    const [left, top] = [random.integer(side - width + 1), random.integer(side - height + 1)];
    images.set(random.normal(side * side, 0, 0.1), i * side * side);
    for (let y = top; y < top + height; y++)
      for (let x = left; x < left + width; x++) images[(i * side + y) * side + x]! += 1;
    targets.set(
      [left, top, left + width, top + height].map((x) => x / side),
      4 * i,
    );
  }
  return arrays({
    inputs: { values: images, shape: [size, side, side, 1] },
    targets: { values: targets, shape: [size, 4] },
  });
}

describeTask("detection of one box", {
  ...{ size: 1200, small: 60, epochs: 20, isSlowOnReference: true },
  start: (size, options) => {
    const { train, test } = split(boxes(size, 16), { test: 0.2, seed: 1 });
    const conv = (filters: number): Conv2d => new Conv2d({ filters, kernelSize: 3, padding: "same" });
    const model = sequential([
      ...[conv(8), new ReLU(), new MaxPool2d({ kernelSize: 2 }), conv(16), new ReLU(), new Flatten()],
      ...[new Dense({ units: 32 }), new ReLU(), new Dense({ units: 4 })],
    ]);
    const run = fit(model, train, {
      ...{ loss: meanAbsoluteError, optimizer: adam({ learningRate: cosineDecay(4e-3) }), metrics: { iou: boxIou } },
      batchSize: 16,
      ...{ validation: test, seed: 1, ...options },
    });
    return { model, run };
  },
  reached: ({ validation }) => expect(validation!.metrics.iou).toBeGreaterThan(0.7),
});
