import { arrays, flipHorizontal, split } from "@convlens/datasets";
import { apply, Conv2d, ConvTranspose2d, MaxPool2d, ReLU, sequential, type Layer, type Mode } from "@convlens/layers";
import { concat, type Tensor } from "@convlens/tensor";
import { expect } from "vitest";
import { adam, crossEntropy, fit, iou } from "../../src/index.ts";
import { blobs, describeTask } from "./task.ts";

/** A U-Net of two levels. */
class UNet implements Layer {
  readonly down = sequential([new Conv2d({ filters: 8, kernelSize: 3, padding: "same" }), new ReLU()]);
  readonly middle = sequential([
    new MaxPool2d({ kernelSize: 2 }),
    ...[new Conv2d({ filters: 16, kernelSize: 3, padding: "same" }), new ReLU()],
    new ConvTranspose2d({ filters: 8, kernelSize: 2, stride: 2 }),
  ]);
  readonly head = new Conv2d({ filters: 2, kernelSize: 1 });
  call(x: Tensor, mode?: Mode): Tensor {
    const fine = apply(this.down, x, mode);
    return apply(this.head, concat([fine, apply(this.middle, fine, mode)], -1), mode);
  }
}

describeTask("segmentation: maps of labels, mirrored with their images, the border ignored", {
  ...{ size: 200, small: 40, epochs: 6, isSlowOnReference: true },
  start: (size, options) => {
    const side = 16;
    const { images } = blobs(size, side);
    const labels = Uint8Array.from({ length: size * side * side }, (_, i) => {
      const [u, v] = [i % side, Math.floor(i / side) % side];
      const isBorder = u === 0 || v === 0 || u === side - 1 || v === side - 1;
      return isBorder ? 255 : images.values[i]! > 0.5 ? 1 : 0;
    });
    const data = arrays({ inputs: images, targets: { values: labels, shape: [size, side, side] } });
    const { train, test } = split(data, { test: 0.2, seed: 1 });
    const model = new UNet();
    const run = fit(model, train, {
      ...{ batchSize: 16, loss: crossEntropy({ ignoreLabel: 255, classWeights: [1, 3] }) },
      ...{ optimizer: adam({ learningRate: 1e-2 }), metrics: { iou: iou({ ignoreLabel: 255 }) } },
      ...{ augment: flipHorizontal(), validation: test, seed: 1, ...options },
    });
    return { model, run };
  },
  reached: ({ validation }) => expect(validation!.metrics.iou).toBeGreaterThan(0.9),
});
