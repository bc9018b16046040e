import { numberFrom, Random, seedOption, wholeFrom } from "@convlens/backend";
import { tensor } from "@convlens/tensor";
import { extentOf, partsOf } from "../../numbers.ts";
import type { ExplanationMethod } from "../method.ts";
import { withGradient } from "../question.ts";

/** Options of the explanation method `"smoothGrad"`. */
export interface SmoothGradOptions {
  /** Number of noisy copies. Default: 32. */
  readonly samples?: number;
  /** Standard deviation of the noise, as a fraction of the range (maximum − minimum) of each example. Default: 0.15. */
  readonly noise?: number;
  /** Seed of the noise. Default: 0. */
  readonly seed?: number;
}

/**
 * SmoothGrad: the mean gradient over noisy copies of the input, which averages out local fluctuations.
 *
 * @example
 * ```ts
 * const smooth = await explain(model, images, { method: "smoothGrad", samples: 8, seed: 1 });
 * smooth.shape; // that of the images
 * ```
 */
export const smoothGrad: ExplanationMethod<SmoothGradOptions> = {
  title: "SmoothGrad",
  summary: "The gradient, averaged over noisy copies of the input.",
  source: "Smilkov et al. 2017",
  channels: "largest",
  options: { samples: wholeFrom(1), noise: numberFrom(0), seed: seedOption },
  async run(question, { samples = 32, noise = 0.15, seed = 0 }) {
    const { x } = question;
    const deviations = partsOf(x.knownValues, x.shape[0] ?? 1).map((own) => {
      const [low, high] = extentOf(own);
      return noise * (high - low);
    });
    const size = x.size / deviations.length;
    return withGradient(question, async (at) => {
      const { scores } = await at(x);
      const total = new Float64Array(x.size);
      for (let sample = 0; sample < samples; sample++) {
        const normal = new Random(seed).split(sample).normal(x.size);
        const noisy = Float64Array.from(normal, (z, i) => x.knownValues[i]! + z * deviations[Math.floor(i / size)]!);
        (await at(tensor(noisy, x.shape))).gradient.forEach((gradient, i) => (total[i]! += gradient / samples));
      }
      return { shape: x.shape, values: total, scores };
    });
  },
};
