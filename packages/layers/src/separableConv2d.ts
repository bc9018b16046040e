import type { OptionChecks, Pair, WindowOptions } from "@convlens/backend";
import { countOption, pairFrom, windowChecks, type Tensor } from "@convlens/tensor";
import { Conv2d } from "./conv2d.ts";
import type { ConvolutionOptions } from "./convolutionLayer.ts";
import { DepthwiseConv2d } from "./depthwiseConv2d.ts";
import { PrintedLayer } from "./formatModel.ts";
import { apply, run, type Layer, type Mode } from "./layer.ts";
import { checkLayerOptions, weightChecks } from "./optionChecks.ts";

/** Options of {@link SeparableConv2d}. */
export interface SeparableConv2dOptions extends WindowOptions, ConvolutionOptions {
  /** Number of channels of the output. */
  readonly filters: number;
  /** Height and width of each filter. */
  readonly kernelSize: Pair;
  /** Number of depthwise filters for each channel. Default: 1. */
  readonly multiplier?: number;
}

const checks: OptionChecks<SeparableConv2dOptions> = {
  filters: countOption,
  kernelSize: /* @__PURE__ */ pairFrom(1),
  ...windowChecks,
  ...weightChecks,
  multiplier: countOption,
  inChannels: countOption,
};

/**
 * Separable convolution (Chollet 2016): filters that each see one channel, then a 1 × 1 convolution over all channels, with the
 * bias. `[n, h, w, c] → [n, oh, ow, filters]`. `depthwise.filters` has the shape `[kh, kw, 1, c · multiplier]`,
 * `pointwise.filters` `[1, 1, c · multiplier, filters]`.
 *
 * @throws `ShapeError` for other channels than at the first call; `GeometryError` for a window that is larger than the padded
 *   input, or, with `geometry: "strict"`, for a stride that does not fit.
 *
 * @example
 * ```ts
 * new SeparableConv2d({ filters: 32, kernelSize: 3, padding: "same" });
 * ```
 */
export class SeparableConv2d extends PrintedLayer implements Layer {
  readonly depthwise: DepthwiseConv2d;
  readonly pointwise: Conv2d;

  constructor(options: SeparableConv2dOptions) {
    super();
    checkLayerOptions("SeparableConv2d", options, checks, ["filters", "kernelSize"]);
    const { filters, kernelSize, multiplier = 1, inChannels, bias, initializer, biasInitializer } = options;
    const { stride, padding, dilation, geometry } = options;
    this.depthwise = new DepthwiseConv2d({
      ...{ kernelSize, stride, padding, dilation, geometry },
      ...{ multiplier, inChannels, initializer, bias: false },
    });
    this.pointwise = new Conv2d({
      ...{ filters, kernelSize: 1, bias, initializer, biasInitializer },
      inChannels: inChannels && inChannels * multiplier,
    });
  }

  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, (inner) => apply(this.pointwise, apply(this.depthwise, x, inner), inner));
  }
}
