import { Random } from "@convlens/backend";
import { arrays, split } from "@convlens/datasets";
import { Conv2d, ReLU, sequential, Upsample } from "@convlens/layers";
import { expect } from "vitest";
import { adam, fit, meanAbsoluteError, psnr, ssim } from "../../src/index.ts";
import { describeTask } from "./task.ts";

const SIDE = 12;

/** Images of waves, and the same at half the size: the mean of each 2 × 2 pixels. */
function waves(size: number): { readonly large: Float32Array; readonly small: Float32Array } {
  const large = new Float32Array(size * SIDE * SIDE);
  const small = new Float32Array(large.length / 4);
  for (let i = 0; i < size; i++) {
    const random = new Random(4).split(i);
    const [a, b, phase] = [random.next() - 0.5, random.next() - 0.5, 6 * random.next()];
    for (let y = 0; y < SIDE; y++)
      for (let x = 0; x < SIDE; x++) {
        const value = 0.5 + 0.5 * Math.sin(3 * a * x + 3 * b * y + phase);
        large[(i * SIDE + y) * SIDE + x] = value;
        small[(i * (SIDE / 2) + (y >> 1)) * (SIDE / 2) + (x >> 1)]! += value / 4;
      }
  }
  return { large, small };
}

/** PSNR of images that are enlarged by repeating each pixel. */
function repeated({ large, small }: ReturnType<typeof waves>): number {
  const pixels = SIDE * SIDE;
  let sum = 0;
  for (let i = 0; i < large.length / pixels; i++) {
    let error = 0;
    for (let k = 0; k < pixels; k++) {
      const [x, y] = [k % SIDE, Math.floor(k / SIDE)];
      error += (large[i * pixels + k]! - small[(i * (SIDE / 2) + (y >> 1)) * (SIDE / 2) + (x >> 1)]!) ** 2 / pixels;
    }
    sum -= 10 * Math.log10(error);
  }
  return sum / (large.length / pixels);
}

describeTask("super-resolution × 2", {
  ...{ size: 240, small: 40, epochs: 25, isSlowOnReference: true },
  start: (size, options) => {
    const { large, small } = waves(size);
    const data = arrays({
      inputs: { values: small, shape: [size, SIDE / 2, SIDE / 2, 1] },
      targets: { values: large, shape: [size, SIDE, SIDE, 1] },
    });
    const { train, test } = split(data, { test: 0.2, seed: 1 });
    const conv = (filters: number): Conv2d => new Conv2d({ filters, kernelSize: 3, padding: "same" });
    const model = sequential([conv(12), new ReLU(), new Upsample({ factor: 2 }), conv(12), new ReLU(), conv(1)]);
    const run = fit(model, train, {
      ...{ batchSize: 16, loss: meanAbsoluteError, optimizer: adam({ learningRate: 5e-3 }) },
      ...{ metrics: { psnr, ssim: ssim({ window: 7 }) }, validation: test, seed: 1, ...options },
    });
    return { model, run };
  },
  reached: ({ validation }) => {
    expect(validation!.metrics.psnr).toBeGreaterThan(repeated(waves(240)) + 3);
    expect(validation!.metrics.ssim).toBeGreaterThan(0.9);
  },
});
