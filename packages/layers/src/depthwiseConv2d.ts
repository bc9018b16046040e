import type { OptionChecks, Pair, Shape, WindowOptions } from "@convlens/backend";
import { conv2d, countOption, pairFrom, windowChecks, type Tensor, type Variable } from "@convlens/tensor";
import { both, ConvolutionLayer, type ConvolutionOptions, type FilterShapes } from "./convolutionLayer.ts";
import { weightChecks } from "./optionChecks.ts";

/** Options of {@link DepthwiseConv2d}. */
export interface DepthwiseConv2dOptions extends WindowOptions, ConvolutionOptions {
  /** Height and width of each filter. */
  readonly kernelSize: Pair;
  /** Number of filters for each channel. Default: 1. */
  readonly multiplier?: number | undefined;
}

const checks: OptionChecks<DepthwiseConv2dOptions> = {
  kernelSize: /* @__PURE__ */ pairFrom(1),
  ...windowChecks,
  ...weightChecks,
  multiplier: countOption,
  inChannels: countOption,
};

/**
 * Filters that each see one channel: `[n, h, w, c] → [n, oh, ow, c · multiplier]`. It is a {@link Conv2d} with as many groups
 * as channels; followed by one with `kernelSize: 1` it is a separable convolution. `filters` has the shape
 * `[kh, kw, 1, c · multiplier]`, `bias` `[c · multiplier]`.
 */
export class DepthwiseConv2d extends ConvolutionLayer<DepthwiseConv2dOptions> {
  constructor(options: DepthwiseConv2dOptions) {
    super("DepthwiseConv2d", options, checks, ["kernelSize"]);
  }

  protected override shapes(input: Shape): FilterShapes {
    const { kernelSize, multiplier = 1 } = this.options;
    const [height, width] = both(kernelSize);
    const filters = (input.at(-1) ?? 1) * multiplier;
    const fans = { in: height * width, out: height * width * multiplier };
    return { filters: [height, width, 1, filters], bias: [filters], fans };
  }

  protected override apply(x: Tensor, filters: Variable): Tensor {
    const { stride, padding, dilation, geometry, multiplier = 1 } = this.options;
    return conv2d(x, filters, { stride, padding, dilation, geometry, groups: filters.shape[3]! / multiplier });
  }
}
