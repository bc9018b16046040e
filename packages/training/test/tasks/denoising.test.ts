import { arrays, map } from "@convlens/datasets";
import { Conv2d, ReLU, sequential } from "@convlens/layers";
import { expect } from "vitest";
import { adam, fit, meanSquaredError, psnr } from "../../src/index.ts";
import { blobs, describeTask } from "./task.ts";

const NOISE = 0.3;

describeTask("a denoising autoencoder", {
  ...{ size: 300, small: 60, epochs: 8, isSlowOnReference: true },
  start: (size, options) => {
    const { images } = blobs(size, 12);
    const clean = arrays({ inputs: images, targets: images });
    const noisy = map(clean, ({ input, target }, random) => ({
      input: { ...input, values: random.normal(144, 0, NOISE).map((x, i) => x + input.values[i]!) },
      target,
    }));
    const conv = (filters: number): Conv2d => new Conv2d({ filters, kernelSize: 5, padding: "same" });
    const model = sequential([conv(8), new ReLU(), conv(8), new ReLU(), conv(1)]);
    const run = fit(model, noisy, {
      ...{ loss: meanSquaredError, optimizer: adam({ learningRate: 5e-3 }), metrics: { psnr } },
      ...{ validation: noisy, seed: 1, ...options },
    });
    return { model, run };
  },
  // The noisy images have −20 · log₁₀ 0.3 = 10.46 dB.
  reached: ({ validation }) => expect(validation!.metrics.psnr).toBeGreaterThan(-20 * Math.log10(NOISE) + 6),
});
