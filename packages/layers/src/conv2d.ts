import type { OptionChecks, Pair, Shape, WindowOptions } from "@convlens/backend";
import { conv2d, countOption, pairFrom, windowChecks, type Tensor, type Variable } from "@convlens/tensor";
import { both, ConvolutionLayer, type ConvolutionOptions, type FilterShapes } from "./convolutionLayer.ts";
import { weightChecks } from "./optionChecks.ts";

/** Options of {@link Conv2d}. */
export interface Conv2dLayerOptions extends WindowOptions, ConvolutionOptions {
  /** Number of filters, and of channels that come out. */
  readonly filters: number;
  /** Height and width of each filter. */
  readonly kernelSize: Pair;
  /** Number of groups that the channels and the filters are divided into. Default: 1. */
  readonly groups?: number;
}

const checks: OptionChecks<Conv2dLayerOptions> = {
  filters: countOption,
  kernelSize: /* @__PURE__ */ pairFrom(1),
  ...windowChecks,
  ...weightChecks,
  groups: countOption,
  inChannels: countOption,
};

/**
 * Learned filters that slide over an image, each through its full depth: `[n, h, w, c] → [n, oh, ow, filters]`. Rows and
 * columns at the end that no window reaches are dropped, and `summary` reports them; `geometry: "strict"` refuses them.
 * `filters` has the shape `[kh, kw, c / groups, filters]`, `bias` `[filters]`.
 *
 * @throws `ShapeError` for other channels than at the first call; `GeometryError` for a window that is larger than the padded
 *   input, or, with `geometry: "strict"`, for a stride that does not fit.
 *
 * @example
 * ```ts
 * new Conv2d({ filters: 12, kernelSize: 5, padding: "same" });
 * ```
 */
export class Conv2d extends ConvolutionLayer<Conv2dLayerOptions> {
  constructor(options: Conv2dLayerOptions) {
    super("Conv2d", options, checks, ["filters", "kernelSize"]);
  }

  protected override shapes(input: Shape): FilterShapes {
    const { filters, kernelSize, groups = 1 } = this.options;
    const [height, width] = both(kernelSize);
    const depth = Math.floor((input.at(-1) ?? 0) / groups);
    const fans = { in: height * width * depth, out: (height * width * filters) / groups };
    return { filters: [height, width, depth, filters], bias: [filters], fans };
  }

  protected override apply(x: Tensor, filters: Variable): Tensor {
    const { stride, padding, dilation, groups, geometry } = this.options;
    return conv2d(x, filters, { stride, padding, dilation, groups, geometry });
  }
}
