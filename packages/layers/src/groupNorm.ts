import { anyOption, checkOptions, numberFrom } from "@convlens/backend";
import { add, groupNorm, multiply, type Tensor, type Variable } from "@convlens/tensor";
import { affineOf } from "./affine.ts";
import { run, type Layer, type Mode } from "./layer.ts";
import { checkCount } from "./weighted.ts";

/** What a {@link GroupNorm} is made of. */
export interface GroupNormLayerOptions {
  /** The channels are divided into this many groups. */
  readonly groups: number;
  /** Added to the variance. Default: 1e-5. */
  readonly epsilon?: number;
}

/**
 * Each example's groups of channels brought to mean 0 and variance 1, then scaled and shifted by channel (Wu 2018):
 * `[n, …, c] → [n, …, c]`.
 */
export class GroupNorm implements Layer {
  /** `[c]` */
  scale: Variable | undefined;
  /** `[c]` */
  shift: Variable | undefined;
  readonly options: GroupNormLayerOptions;

  constructor(options: GroupNormLayerOptions) {
    checkOptions("GroupNorm", options, { groups: anyOption, epsilon: numberFrom(0) });
    checkCount("GroupNorm", "groups", options.groups);
    this.options = options;
  }

  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => {
      // What does not fit is refused here, before a scale of the wrong size would stay.
      const normal = groupNorm(x, this.options);
      const { scale, shift } = affineOf(this, x.shape.slice(-1), x.shape);
      return add(multiply(normal, scale), shift);
    });
  }
}
