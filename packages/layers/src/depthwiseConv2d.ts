import type { Pair, WindowOptions } from "@convlens/backend";
import { add, conv2d, type Tensor, type Variable } from "@convlens/tensor";
import { both, type WeightOptions } from "./conv2d.ts";
import { heNormal, zerosInitializer } from "./initializers.ts";
import { run, type Layer, type Mode } from "./layer.ts";
import { parameter } from "./parameter.ts";

/** What a {@link DepthwiseConv2d} is made of. */
export interface DepthwiseConv2dOptions extends WindowOptions, WeightOptions {
  /** Height and width of each filter. */
  readonly kernelSize: Pair;
  /** Filters for each channel. Default: 1. */
  readonly multiplier?: number;
}

/** Filters that each see one channel only: `[n, h, w, c] → [n, oh, ow, c · multiplier]`. */
export class DepthwiseConv2d implements Layer {
  /** `[kh, kw, 1, c · multiplier]` */
  filters: Variable | undefined;
  /** `[c · multiplier]` */
  bias: Variable | undefined;
  readonly options: DepthwiseConv2dOptions;

  constructor(options: DepthwiseConv2dOptions) {
    this.options = { geometry: "strict", ...options };
  }

  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, mode, () => {
      const { kernelSize, multiplier = 1, bias = true, initializer = heNormal, biasInitializer = zerosInitializer } = this.options;
      const [height, width] = both(kernelSize);
      const channels = this.filters === undefined ? (x.shape[3] ?? 1) : this.filters.shape[3]! / multiplier;
      const fans = { in: height * width, out: height * width * multiplier };
      const filters = this.filters ?? parameter("filters", [height, width, 1, channels * multiplier], initializer, fans);
      const y = conv2d(x, filters, { ...this.options, groups: channels });
      this.filters = filters;
      if (!bias) return y;
      this.bias ??= parameter("bias", [channels * multiplier], biasInitializer, fans);
      return add(y, this.bias);
    });
  }
}
