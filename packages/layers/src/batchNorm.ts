import { checkOptions, numberFrom, ValueError } from "@convlens/backend";
import { batchNorm, detach, moments, movingAverage, multiply, type Tensor, type Variable } from "@convlens/tensor";
import { affineOf } from "./affine.ts";
import { PrintedLayer } from "./formatModel.ts";
import { run, type Layer, type Mode } from "./layer.ts";
import { statistic } from "./parameter.ts";

/** Explains the option that has two meanings elsewhere. */
function checkMomentum(options: object): void {
  const { momentum } = (options ?? {}) as { readonly momentum?: unknown };
  if (typeof momentum !== "number") return;
  throw new ValueError({
    operation: "BatchNorm",
    problem: "momentum has opposite meanings in Keras and PyTorch",
    fix: `use keep: ${momentum} for the momentum of Keras, keep: ${+(1 - momentum).toFixed(6)} for that of PyTorch`,
  });
}

/** Options of {@link BatchNorm}. */
export interface BatchNormLayerOptions {
  /** Added to the variance. Default: 1e-5. */
  readonly epsilon?: number;
  /**
   * Share of the running statistics that each batch keeps, from 0 to 1: running ← keep · running + (1 − keep) · batch. Default:
   * 0.9. Keras calls this share `momentum` (its default is 0.99); PyTorch calls 1 − keep `momentum` (its default, 0.1, is the
   * same as here).
   */
  readonly keep?: number;
}

/**
 * Batch normalisation (Ioffe 2015): `[n, …, c] → [n, …, c]`. Normalises each channel to mean 0 and variance 1, then multiplies
 * it by a learned scale and adds a learned shift. In training it uses the statistics of the batch and updates running
 * statistics, with the unbiased variance as in PyTorch; otherwise, and while scale and shift are frozen, it uses the
 * running statistics.
 *
 * @throws `ValueError` for an option that is unknown or wrong. `momentum` is refused, since Keras and PyTorch give it opposite
 * meanings.
 *
 * @example
 * ```ts
 * sequential([new Conv2d({ filters: 8, kernelSize: 3, bias: false }), new BatchNorm(), new ReLU()]);
 * ```
 */
export class BatchNorm extends PrintedLayer implements Layer {
  /** `[c]` */
  scale: Variable | undefined;
  /** `[c]` */
  shift: Variable | undefined;
  /** Running mean `[c]`, not learned. */
  mean: Variable | undefined;
  /** Running variance `[c]`, not learned. */
  variance: Variable | undefined;
  readonly options: BatchNormLayerOptions;

  constructor(options: BatchNormLayerOptions = {}) {
    super();
    checkMomentum(options);
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
      // Gradients do not flow through the running statistics into this batch.
      this.mean.assign(detach(movingAverage(this.mean, mean, keep)));
      // The unbiased variance of a single number is not defined.
      const unbiased = count > 1 ? multiply(variance, count / (count - 1)) : variance;
      this.variance.assign(detach(movingAverage(this.variance, unbiased, keep)));
      return batchNorm(x, affine);
    });
  }
}
