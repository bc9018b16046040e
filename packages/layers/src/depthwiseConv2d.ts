import { type OptionChecks, type Pair, type WindowOptions } from "@convlens/backend";
import { conv2d, type Tensor, type Variable } from "@convlens/tensor";
import { both, windowOf } from "./conv2d.ts";
import { run, type Layer, type Mode } from "./layer.ts";
import { checkFilters, countOption, pairFrom, weightChecks, windowChecks } from "./optionChecks.ts";
import { beginFilters, filtered, type Filtering, type WeightOptions } from "./weighted.ts";

/** What a {@link DepthwiseConv2d} is made of. */
export interface DepthwiseConv2dOptions extends WindowOptions, WeightOptions {
  /** Height and width of each filter. */
  readonly kernelSize: Pair;
  /** Filters for each channel. Default: 1. */
  readonly multiplier?: number;
  /** Channels of the input, if the filters are to be made at once and not at the first call. */
  readonly inChannels?: number;
}

const checks: OptionChecks<DepthwiseConv2dOptions> = {
  kernelSize: /* @__PURE__ */ pairFrom(1),
  ...windowChecks,
  ...weightChecks,
  multiplier: countOption,
  inChannels: countOption,
};

/**
 * Filters that each see one channel only: `[n, h, w, c] → [n, oh, ow, c · multiplier]`. A {@link Conv2d} with as many groups
 * as channels; followed by one of kernelSize 1 it is a separable convolution.
 */
export class DepthwiseConv2d implements Layer {
  /** `[kh, kw, 1, c · multiplier]`, once the number of channels is known. */
  filters: Variable | undefined;
  /** `[c · multiplier]` */
  bias: Variable | undefined;
  readonly options: DepthwiseConv2dOptions;

  constructor(options: DepthwiseConv2dOptions) {
    checkFilters("DepthwiseConv2d", options, checks, undefined, checks.kernelSize);
    this.options = { ...options };
    if (options.inChannels !== undefined) Object.assign(this, this.#begin(options.inChannels));
  }

  #begin(channels: number): Filtering {
    const { kernelSize, multiplier = 1 } = this.options;
    const [height, width] = both(kernelSize);
    const fans = { in: height * width, out: height * width * multiplier };
    const filters = channels * multiplier;
    return beginFilters([height, width, 1, filters], [filters], fans, this.options);
  }

  call(x: Tensor, mode?: Mode): Tensor {
    const { multiplier = 1 } = this.options;
    return run(this, x, mode, () =>
      filtered(
        this,
        () => this.#begin(x.shape[3] ?? 1),
        (filters) => conv2d(x, filters, { ...windowOf(this.options), groups: filters.shape[3]! / multiplier }),
      ),
    );
  }
}
