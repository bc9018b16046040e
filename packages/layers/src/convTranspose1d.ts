import { wholeFrom, type OptionChecks, type Shape } from "@convlens/backend";
import {
  convTranspose1d,
  countOption,
  signalChecks,
  type ConvTranspose1dOptions,
  type Tensor,
  type Variable,
} from "@convlens/tensor";
import { ConvolutionLayer, type ConvolutionOptions, type FilterShapes } from "./convolutionLayer.ts";
import { weightChecks } from "./optionChecks.ts";

/** Options of {@link ConvTranspose1d}. */
export interface ConvTranspose1dLayerOptions extends ConvTranspose1dOptions, ConvolutionOptions {
  /** Number of channels of the output. */
  readonly filters: number;
  /** Length of the window that each element of the input contributes to. */
  readonly kernelSize: number;
}

const { geometry: _, ...slidingChecks } = signalChecks;
const checks: OptionChecks<ConvTranspose1dLayerOptions> = {
  filters: countOption,
  kernelSize: countOption,
  ...slidingChecks,
  ...weightChecks,
  groups: countOption,
  outputPadding: /* @__PURE__ */ wholeFrom(0),
  inChannels: countOption,
};

/**
 * Transposed convolution, which lengthens signals: `[n, l, c] → [n, (l − 1) · stride + k − padding + outputPadding, filters]`; with
 * `"same"` padding `[n, l · stride + outputPadding, filters]`. `filters` has the shape `[k, filters / groups, c]`, `bias`
 * `[filters]`.
 *
 * @throws `ShapeError` for other channels than at the first call.
 *
 * @example
 * ```ts
 * new ConvTranspose1d({ filters: 4, kernelSize: 4, stride: 2, padding: "same" }); // [n, 16, c] → [n, 32, 4]
 * ```
 */
export class ConvTranspose1d extends ConvolutionLayer<ConvTranspose1dLayerOptions> {
  constructor(options: ConvTranspose1dLayerOptions) {
    super("ConvTranspose1d", options, checks, ["filters", "kernelSize"]);
  }

  protected override shapes(input: Shape): FilterShapes {
    const { filters, kernelSize, groups = 1 } = this.options;
    const channels = input.at(-1) ?? 0;
    const depth = Math.floor(filters / groups);
    const fans = { in: (kernelSize * channels) / groups, out: kernelSize * depth };
    return { filters: [kernelSize, depth, channels], bias: [filters], fans };
  }

  protected override apply(x: Tensor, filters: Variable): Tensor {
    const { stride, padding, dilation, groups, outputPadding } = this.options;
    return convTranspose1d(x, filters, { stride, padding, dilation, groups, outputPadding });
  }
}
