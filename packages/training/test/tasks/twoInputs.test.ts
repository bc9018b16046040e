import { Random } from "@convlens/backend";
import { arrays, split } from "@convlens/datasets";
import { apply, Dense, Flatten, ReLU, sequential, type Layer, type Mode } from "@convlens/layers";
import { add, relu, type Tensor } from "@convlens/tensor";
import { expect } from "vitest";
import { adam, binaryAccuracy, binaryCrossEntropy, fit, rocAuc } from "../../src/index.ts";
import { blobs, describeTask } from "./task.ts";

interface Inputs {
  readonly image: Tensor;
  readonly meta: Tensor;
}

class TwoInputs implements Layer<Inputs> {
  readonly image = sequential([new Flatten(), new Dense({ units: 8 }), new ReLU(), new Dense({ units: 8 })]);
  readonly meta = new Dense({ units: 8 });
  readonly head = new Dense({ units: 1 });
  readonly call = ({ image, meta }: Inputs, mode?: Mode): Tensor =>
    apply(this.head, relu(add(apply(this.image, image, mode), apply(this.meta, meta, mode))), mode);
}

describeTask("two inputs: an image and numbers", {
  ...{ size: 500, small: 80, epochs: 20 },
  start: (size, options) => {
    const { images: image } = blobs(size, 8);
    const meta = new Random(3).normal(3 * size, 0, 1);
    const isTrue = Array.from({ length: size }, (_, i) => (image.values[64 * i + 36]! + meta[3 * i]! > 0.5 ? 1 : 0));
    const data = arrays({
      inputs: { image, meta: { values: meta, shape: [size, 3] } },
      targets: { values: Uint8Array.from(isTrue), shape: [size, 1] },
      weights: isTrue.map((is) => (is === 1 ? 2 : 1)),
    });
    const { train, test } = split(data, { test: 0.25, seed: 2 });
    const model = new TwoInputs();
    const run = fit(model, train, {
      ...{ loss: binaryCrossEntropy, optimizer: adam({ learningRate: 1e-2 }), validation: test, seed: 1 },
      ...{ metrics: { accuracy: binaryAccuracy, auc: rocAuc }, ...options },
    });
    return { model, run };
  },
  reached: ({ validation }) => {
    expect(validation!.metrics.accuracy).toBeGreaterThan(0.85);
    expect(validation!.metrics.auc).toBeGreaterThan(0.93);
  },
});
