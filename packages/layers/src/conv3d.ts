import type { OptionChecks, Shape } from "@convlens/backend";
import {
  conv3d,
  countOption,
  tripleFrom,
  volumeChecks,
  type Conv3dOptions,
  type Tensor,
  type Triple,
  type Variable,
} from "@convlens/tensor";
import { ConvolutionLayer, type ConvolutionOptions, type FilterShapes } from "./convolutionLayer.ts";
import { weightChecks } from "./optionChecks.ts";

/** Options of {@link Conv3d}. */
export interface Conv3dLayerOptions extends Conv3dOptions, ConvolutionOptions {
  /** Number of filters, and of channels that come out. */
  readonly filters: number;
  /** Depth, height and width of each filter. */
  readonly kernelSize: Triple;
}

const checks: OptionChecks<Conv3dLayerOptions> = {
  filters: countOption,
  kernelSize: /* @__PURE__ */ tripleFrom(1),
  ...volumeChecks,
  ...weightChecks,
  groups: countOption,
  inChannels: countOption,
};

/**
 * Learned filters that slide over a volume, such as a scan or a video: `[n, d, h, w, c] → [n, od, oh, ow, filters]`. `filters` has
 * the shape `[kd, kh, kw, c / groups, filters]`, `bias` `[filters]`. See `conv3d` of the tensor package for its memory.
 *
 * @throws `ShapeError` for other channels than at the first call; `GeometryError` for a window that is larger than the padded input.
 *
 * @example
 * ```ts
 * sequential([new Conv3d({ filters: 8, kernelSize: 3, padding: "same" }), new ReLU(), new MaxPool3d({ kernelSize: [1, 2, 2] })]);
 * ```
 */
export class Conv3d extends ConvolutionLayer<Conv3dLayerOptions> {
  constructor(options: Conv3dLayerOptions) {
    super("Conv3d", options, checks, ["filters", "kernelSize"]);
  }

  protected override shapes(input: Shape): FilterShapes {
    const { filters, kernelSize, groups = 1 } = this.options;
    const window = typeof kernelSize === "number" ? [kernelSize, kernelSize, kernelSize] : kernelSize;
    const taps = window.reduce((count, size) => count * size, 1);
    const depth = Math.floor((input.at(-1) ?? 0) / groups);
    const fans = { in: taps * depth, out: (taps * filters) / groups };
    return { filters: [...window, depth, filters], bias: [filters], fans };
  }

  protected override apply(x: Tensor, filters: Variable): Tensor {
    const { stride, padding, dilation, groups, geometry } = this.options;
    return conv3d(x, filters, { stride, padding, dilation, groups, geometry });
  }
}
