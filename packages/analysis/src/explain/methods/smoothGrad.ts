import { Random } from "@convlens/backend";
import { tensor } from "@convlens/tensor";
import type { Attribution } from "../attribution.ts";
import { withSlopes, type Question } from "../question.ts";

/** What the method `"smoothGrad"` of {@link explain} may be told. */
export interface SmoothGradOptions {
  /** Noisy copies. Default: 32. */
  readonly samples?: number;
  /** Deviation of the noise, as a share of the range from the darkest to the brightest number of each example. Default: 0.15. */
  readonly noise?: number;
  /** Decides the noise. Default: 0. */
  readonly seed?: number;
}

/**
 * The mean of the slopes at noisy copies of x, in which what the slope only happens to be at one point averages out
 * (Smilkov 2017).
 *
 * @example
 * ```ts
 * const smooth = await explain(model, images, { method: "smoothGrad", samples: 8, seed: 1 });
 * smooth.shape; // that of the images
 * ```
 */
export async function smoothGrad(
  question: Question,
  { samples = 32, noise = 0.15, seed = 0 }: SmoothGradOptions,
): Promise<Attribution> {
  const { x } = question;
  const size = x.size / x.shape[0]!;
  const deviations = Array.from({ length: x.shape[0]! }, (_, n) => {
    let [low, high] = [Infinity, -Infinity];
    for (const value of x.values.subarray(n * size, (n + 1) * size)) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    return noise * (high - low);
  });
  return withSlopes(question, async (at) => {
    const { scores } = await at(x);
    const total = new Float64Array(x.size);
    for (let sample = 0; sample < samples; sample++) {
      const normal = new Random(seed).split(sample).normal(x.size);
      const noisy = Float64Array.from(normal, (z, i) => x.values[i]! + z * deviations[Math.floor(i / size)]!);
      (await at(tensor(noisy, x.shape))).slopes.forEach((slope, i) => (total[i]! += slope / samples));
    }
    return { shape: x.shape, values: total, scores };
  });
}
