import { numberAbove, ShapeError, showShape, wholeFrom } from "@convlens/backend";
import { exp, log } from "@convlens/backend/math";
import {
  add,
  conv2d,
  divide,
  log as logOf,
  mean,
  multiply,
  reshape,
  square,
  subtract,
  tensor,
  transpose,
  type Tensor,
} from "@convlens/tensor";
import { meanOf } from "./metric.ts";
import { checkSameShape, defineMetric, type MetricWithOptions } from "./metrics.ts";

/** Options of {@link psnr}. */
export interface PsnrOptions {
  /** Range of the values, such as 255 for bytes. Default: 1. */
  readonly peak?: number | undefined;
}

/**
 * Peak signal-to-noise ratio in decibels, 10 · log₁₀(peak² / mean squared error): the mean over the images `[n, …]`. Infinite for an image
 * without any error.
 */
export const psnr: MetricWithOptions<PsnrOptions> = /* @__PURE__ */ defineMetric<PsnrOptions, number>(
  "psnr",
  { peak: /* @__PURE__ */ numberAbove(0) },
  ({ peak = 1 }) =>
    meanOf((outputs, targets) => {
      checkSameShape("psnr", outputs, targets);
      const n = outputs.shape[0] ?? 1;
      const errors = mean(
        square(subtract(reshape(outputs, [n, outputs.size / n]), reshape(targets, [n, outputs.size / n]))),
        1,
      );
      return multiply(subtract(2 * log(peak), logOf(errors)), 10 / Math.LN10);
    }, "maximize"),
);

/** Options of {@link ssim}. */
export interface SsimOptions extends PsnrOptions {
  /** Height and width of the window in pixels. Default: 11. */
  readonly window?: number | undefined;
  /** Standard deviation of the Gaussian weights in the window, in pixels. Default: 1.5. */
  readonly deviation?: number | undefined;
}

/**
 * Structural similarity of images `[n, height, width, channels]` (Wang 2004), 1 for equal images: the mean over all positions of a window
 * with Gaussian weights that lies within the image, and over channels.
 */
export const ssim: MetricWithOptions<SsimOptions> = /* @__PURE__ */ defineMetric<SsimOptions, number>(
  "ssim",
  {
    peak: /* @__PURE__ */ numberAbove(0),
    window: /* @__PURE__ */ wholeFrom(1),
    deviation: /* @__PURE__ */ numberAbove(0),
  },
  ({ peak = 1, window = 11, deviation = 1.5 }) =>
    meanOf((outputs, targets) => similarity(outputs, targets, peak, weightsOf(window, deviation)), "maximize"),
);

/** Gaussian weights, which add up to 1. */
function weightsOf(window: number, deviation: number): readonly number[] {
  const weights = Array.from({ length: window }, (_, i) => exp(-(((i - (window - 1) / 2) / deviation) ** 2) / 2));
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / total);
}

/** Structural similarity at each position. */
function similarity(outputs: Tensor, targets: Tensor, peak: number, weights: readonly number[]): Tensor {
  checkSameShape("ssim", outputs, targets);
  const [n, height, width, channels] = outputs.shape as [number, number, number, number];
  if (outputs.rank !== 4 || Math.min(height, width) < weights.length)
    throw new ShapeError({
      operation: "ssim",
      expected: `images [n, height, width, channels] of at least ${weights.length} × ${weights.length} pixels`,
      got: outputs.shape,
      gotWords: showShape(outputs.shape),
      fix: "choose a smaller window",
    });
  // Each channel is an image of its own.
  const apart = (x: Tensor): Tensor => reshape(transpose(x, [0, 3, 1, 2]), [n * channels, height, width, 1]);
  const [x, y] = [apart(outputs), apart(targets)];
  const [column, row] = [tensor(weights, [weights.length, 1, 1, 1]), tensor(weights, [1, weights.length, 1, 1])];
  const blurred = (image: Tensor): Tensor => conv2d(conv2d(image, column), row);
  const [meanX, meanY] = [blurred(x), blurred(y)];
  const [squareX, squareY, product] = [square(meanX), square(meanY), multiply(meanX, meanY)];
  const spread = add(subtract(blurred(square(x)), squareX), subtract(blurred(square(y)), squareY));
  const covariance = subtract(blurred(multiply(x, y)), product);
  // (2 μx μy + c₁)(2 σxy + c₂) / ((μx² + μy² + c₁)(σx² + σy² + c₂))
  const [c1, c2] = [(0.01 * peak) ** 2, (0.03 * peak) ** 2];
  return divide(
    multiply(add(multiply(product, 2), c1), add(multiply(covariance, 2), c2)),
    multiply(add(add(squareX, squareY), c1), add(spread, c2)),
  );
}
