import {
  batchNorm,
  groupNorm,
  layerNorm,
  localResponseNorm,
  mean,
  movingAverage,
  variance,
  type LocalResponseNormOptions,
  type Tensor,
  type Variable,
} from "@convlens/tensor";
import { onesInitializer, zerosInitializer } from "./initializers.ts";
import { run, type Layer, type Mode } from "./layer.ts";
import { parameter, statistic } from "./parameter.ts";

/** What a {@link BatchNorm} is made of. */
export interface BatchNormLayerOptions {
  /** Added to the variance. Default: 1e-5. */
  readonly epsilon?: number;
  /** The share of the running statistics that each batch leaves as it was. Default: 0.9. */
  readonly keep?: number;
}

/**
 * Each channel brought to mean 0 and variance 1, then scaled and shifted by what is learned: over the batch while training,
 * with running statistics of the batches seen after that.
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
    this.options = options;
  }

  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, mode, () => {
      const { epsilon = 1e-5, keep = 0.9 } = this.options;
      const channels = [x.shape.at(-1) ?? 1];
      this.scale ??= parameter("scale", channels, onesInitializer);
      this.shift ??= parameter("shift", channels, zerosInitializer);
      this.mean ??= statistic("mean", channels, 0);
      this.variance ??= statistic("variance", channels, 1);
      const affine = { scale: this.scale, shift: this.shift, epsilon };
      if (!mode?.training) return batchNorm(x, { ...affine, mean: this.mean, variance: this.variance });
      const axes = x.shape.map((_, axis) => axis).slice(0, -1);
      this.mean.assign(movingAverage(this.mean, mean(x, axes), keep));
      this.variance.assign(movingAverage(this.variance, variance(x, axes, { correction: x.size > channels[0]! ? 1 : 0 }), keep));
      return batchNorm(x, affine);
    });
  }
}

/** Each example's channels at each place brought to mean 0 and variance 1, then scaled and shifted. */
export class LayerNorm implements Layer {
  /** Of the normalised axes. */
  scale: Variable | undefined;
  /** Of the normalised axes. */
  shift: Variable | undefined;
  readonly options: { readonly epsilon?: number; readonly axes?: number | readonly number[] };

  constructor(options: { readonly epsilon?: number; readonly axes?: number | readonly number[] } = {}) {
    this.options = options;
  }

  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, mode, () => {
      const { axes = -1 } = this.options;
      const folded = (typeof axes === "number" ? [axes] : axes).map((axis) => (axis < 0 ? axis + x.rank : axis));
      // One number for each place within the normalised axes, the same for all others.
      const first = Math.min(...folded);
      const shape = x.shape.map((size, axis) => (folded.includes(axis) ? size : 1)).slice(first);
      this.scale ??= parameter("scale", shape, onesInitializer);
      this.shift ??= parameter("shift", shape, zerosInitializer);
      return layerNorm(x, { ...this.options, scale: this.scale, shift: this.shift });
    });
  }
}

/** Each example's groups of channels brought to mean 0 and variance 1, then scaled and shifted by channel. */
export class GroupNorm implements Layer {
  /** `[c]` */
  scale: Variable | undefined;
  /** `[c]` */
  shift: Variable | undefined;
  readonly options: { readonly groups: number; readonly epsilon?: number };

  constructor(options: { readonly groups: number; readonly epsilon?: number }) {
    this.options = options;
  }

  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, mode, () => {
      const channels = [x.shape.at(-1) ?? 1];
      this.scale ??= parameter("scale", channels, onesInitializer);
      this.shift ??= parameter("shift", channels, zerosInitializer);
      return groupNorm(x, { ...this.options, scale: this.scale, shift: this.shift });
    });
  }
}

/** Each number divided by how active its neighbours in depth are, as in AlexNet. */
export class LocalResponseNorm implements Layer {
  readonly options: LocalResponseNormOptions;
  constructor(options: LocalResponseNormOptions = {}) {
    this.options = options;
  }
  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, mode, () => localResponseNorm(x, this.options));
  }
}
