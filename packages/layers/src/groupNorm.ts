import { numberFrom } from "@convlens/backend";
import { add, groupNorm, multiply, countOption, type Tensor, type Variable } from "@convlens/tensor";
import { affineOf } from "./affine.ts";
import { PrintedLayer } from "./formatModel.ts";
import { run, type Layer, type Mode } from "./layer.ts";
import { checkLayerOptions } from "./optionChecks.ts";

/** Options of {@link GroupNorm}. */
export interface GroupNormLayerOptions {
  /** Number of groups that the channels are divided into. */
  readonly groups: number;
  /** Added to the variance. Default: 1e-5. */
  readonly epsilon?: number;
}

/**
 * Group normalisation (Wu 2018): brings each group of channels of each example to mean 0 and variance 1, then scales and
 * shifts each channel by learned numbers. `[n, …, c] → [n, …, c]`
 */
export class GroupNorm extends PrintedLayer implements Layer {
  /** `[c]` */
  scale: Variable | undefined;
  /** `[c]` */
  shift: Variable | undefined;
  readonly options: GroupNormLayerOptions;

  constructor(options: GroupNormLayerOptions) {
    super();
    checkLayerOptions("GroupNorm", options, { groups: countOption, epsilon: numberFrom(0) }, ["groups"]);
    this.options = options;
  }

  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => {
      // Before the scale is made, so that an input that does not fit leaves none of a wrong size.
      const normal = groupNorm(x, this.options);
      const { scale, shift } = affineOf(this, x.shape.slice(-1), x.shape);
      return add(multiply(normal, scale), shift);
    });
  }
}
