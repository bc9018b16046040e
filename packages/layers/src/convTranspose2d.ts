import type { OptionChecks, Pair, Shape } from "@convlens/backend";
import {
  convTranspose2d,
  countOption,
  pairFrom,
  windowChecks,
  type ConvTranspose2dOptions,
  type Tensor,
  type Variable,
} from "@convlens/tensor";
import { both, ConvolutionLayer, type ConvolutionOptions, type FilterShapes } from "./convolutionLayer.ts";
import { weightChecks } from "./optionChecks.ts";

/** Options of {@link ConvTranspose2d}. */
export interface ConvTranspose2dLayerOptions extends ConvTranspose2dOptions, ConvolutionOptions {
  /** Number of channels that come out. */
  readonly filters: number;
  /** Height and width of the window that each pixel of the input contributes to. */
  readonly kernelSize: Pair;
}

const { geometry: _, ...slidingChecks } = windowChecks;
const checks: OptionChecks<ConvTranspose2dLayerOptions> = {
  filters: countOption,
  kernelSize: /* @__PURE__ */ pairFrom(1),
  ...slidingChecks,
  ...weightChecks,
  groups: countOption,
  outputPadding: /* @__PURE__ */ pairFrom(0),
  inChannels: countOption,
};

/**
 * Transposed convolution, which enlarges maps: `[n, h, w, c] → [n, (h − 1) · stride + kh − padding + outputPadding, …,
 * filters]`; with `"same"` padding `[n, h · stride + outputPadding, …, filters]`. `filters` has the shape
 * `[kh, kw, filters / groups, c]`, `bias` `[filters]`.
 */
export class ConvTranspose2d extends ConvolutionLayer<ConvTranspose2dLayerOptions> {
  constructor(options: ConvTranspose2dLayerOptions) {
    super("ConvTranspose2d", options, checks, ["filters", "kernelSize"]);
  }

  protected override shapes(input: Shape): FilterShapes {
    const { filters, kernelSize, groups = 1 } = this.options;
    const [height, width] = both(kernelSize);
    const channels = input.at(-1) ?? 0;
    const depth = Math.floor(filters / groups);
    const fans = { in: (height * width * channels) / groups, out: height * width * depth };
    return { filters: [height, width, depth, channels], bias: [filters], fans };
  }

  protected override apply(x: Tensor, filters: Variable): Tensor {
    const { stride, padding, dilation, groups, outputPadding } = this.options;
    return convTranspose2d(x, filters, { stride, padding, dilation, groups, outputPadding });
  }
}
