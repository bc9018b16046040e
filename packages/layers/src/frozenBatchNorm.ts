import { checkOptions, numberFrom } from "@convlens/backend";
import { batchNorm, type Tensor, type Variable } from "@convlens/tensor";
import { affineOf } from "./affine.ts";
import { PrintedLayer } from "./formatModel.ts";
import { run, type Layer, type Mode } from "./layer.ts";
import { statistic } from "./parameter.ts";

/**
 * Batch normalisation with fixed numbers: (x − mean) · scale / √(variance + epsilon) + shift, in training as elsewhere; none of
 * them is a parameter. `[n, …, c] → [n, …, c]`. It reads the weights of a {@link BatchNorm}, for pretrained models that are
 * trained on batches too small for statistics.
 *
 * @throws `ShapeError` for other channels than at the first call.
 *
 * @example
 * ```ts
 * const pretrained = build(sequential([new Conv2d({ filters: 8, kernelSize: 3 }), new BatchNorm()]), [8, 8, 3]);
 * const fixed = build(sequential([new Conv2d({ filters: 8, kernelSize: 3 }), new FrozenBatchNorm()]), [8, 8, 3]);
 * await loadWeights(fixed, await saveWeights(pretrained));
 * ```
 */
export class FrozenBatchNorm extends PrintedLayer implements Layer {
  /** `[c]`, not learned. */
  scale: Variable | undefined;
  /** `[c]`, not learned. */
  shift: Variable | undefined;
  /** `[c]`, not learned. */
  mean: Variable | undefined;
  /** `[c]`, not learned. */
  variance: Variable | undefined;
  /** Number added to the variance. */
  readonly epsilon: number;

  /** @param options - `epsilon`, default: 1e-5. */
  constructor(options: { readonly epsilon?: number } = {}) {
    super();
    checkOptions("FrozenBatchNorm", options, { epsilon: numberFrom(0) });
    this.epsilon = options.epsilon ?? 1e-5;
  }

  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => {
      const channels = x.shape.slice(-1);
      this.scale ??= statistic("scale", channels, 1);
      this.shift ??= statistic("shift", channels, 0);
      this.mean ??= statistic("mean", channels, 0);
      this.variance ??= statistic("variance", channels, 1);
      const { mean, variance, epsilon } = this;
      return batchNorm(x, { ...affineOf(this, channels, x.shape), mean, variance, epsilon });
    });
  }
}
