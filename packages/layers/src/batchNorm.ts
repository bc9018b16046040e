import { checkOptions, numberFrom } from "@convlens/backend";
import { batchNorm, detach, moments, movingAverage, multiply, type Tensor, type Variable } from "@convlens/tensor";
import { affineOf } from "./affine.ts";
import { run, type Layer, type Mode } from "./layer.ts";
import { statistic } from "./parameter.ts";

/** What a {@link BatchNorm} is made of. */
export interface BatchNormLayerOptions {
  /** Added to the variance. Default: 1e-5. */
  readonly epsilon?: number;
  /** The share of the running statistics that each batch leaves as it was. Default: 0.9. */
  readonly keep?: number;
}

/**
 * Each channel brought to mean 0 and variance 1, then scaled and shifted by what is learned (Ioffe 2015). While training, over
 * the batch and all places; afterwards, and while scale and shift are frozen, with running statistics of the batches seen:
 * `[n, …, c] → [n, …, c]`. The running
 * variance is the unbiased one, of the population that the batch is a sample of.
 *
 * @example
 * ```ts
 * sequential([new Conv2d({ filters: 8, kernelSize: 3, bias: false }), new BatchNorm(), new Relu()]);
 * ```
 */
export class BatchNorm implements Layer {
  /** `[c]` */
  scale: Variable | undefined;
  /** `[c]` */
  shift: Variable | undefined;
  /** `[c]`, running, not learned. */
  mean: Variable | undefined;
  /** `[c]`, running, not learned. */
  variance: Variable | undefined;
  readonly options: BatchNormLayerOptions;

  constructor(options: BatchNormLayerOptions = {}) {
    checkOptions("BatchNorm", options, { epsilon: numberFrom(0), keep: numberFrom(0, 1) });
    this.options = options;
  }

  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => {
      const { epsilon = 1e-5, keep = 0.9 } = this.options;
      const channels = x.shape.slice(-1);
      const affine = { ...affineOf(this, channels, x.shape), epsilon };
      this.mean ??= statistic("mean", channels, 0);
      this.variance ??= statistic("variance", channels, 1);
      const isFrozen = mode?.frozen?.has(this) || !(affine.scale.trainable || affine.shift.trainable);
      if (!mode?.training || isFrozen) return batchNorm(x, { ...affine, mean: this.mean, variance: this.variance });
      const axes = x.shape.map((_, axis) => axis).slice(0, -1);
      const { mean, variance } = moments(x, axes);
      const count = x.size / mean.size;
      // What reads the statistics later in the same program does not differentiate through this batch.
      this.mean.assign(detach(movingAverage(this.mean, mean, keep)));
      // A single number has no unbiased variance.
      const unbiased = count > 1 ? multiply(variance, count / (count - 1)) : variance;
      this.variance.assign(detach(movingAverage(this.variance, unbiased, keep)));
      return batchNorm(x, affine);
    });
  }
}
