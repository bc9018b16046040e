import { anyOption, type OptionChecks, type Pair } from "@convlens/backend";
import { convTranspose2d, type ConvTranspose2dOptions, type Tensor, type Variable } from "@convlens/tensor";
import { both } from "./conv2d.ts";
import { run, type Layer, type Mode } from "./layer.ts";
import { checkFilters, countOption, pairFrom, weightChecks, windowChecks } from "./optionChecks.ts";
import { beginFilters, filtered, type Filtering, type WeightOptions } from "./weighted.ts";

/** What a {@link ConvTranspose2d} is made of. */
export interface ConvTranspose2dLayerOptions extends ConvTranspose2dOptions, WeightOptions {
  /** How many maps come out. */
  readonly filters: number;
  /** Height and width of what each pixel paints. */
  readonly kernelSize: Pair;
  /** Channels of the input, if the filters are to be made at once and not at the first call. */
  readonly inChannels?: number;
}

const { geometry: _, ...slidingChecks } = windowChecks;
const checks: OptionChecks<ConvTranspose2dLayerOptions> = {
  filters: anyOption,
  kernelSize: /* @__PURE__ */ pairFrom(1),
  ...slidingChecks,
  ...weightChecks,
  groups: countOption,
  outputPadding: /* @__PURE__ */ pairFrom(0),
  inChannels: countOption,
};

/**
 * A convolution run backwards, which enlarges maps: `[n, h, w, c] → [n, (h − 1) · stride + kh − padding + outputPadding, …,
 * filters]`; with `"same"` padding `[n, h · stride + outputPadding, …, filters]`.
 */
export class ConvTranspose2d implements Layer {
  /** `[kh, kw, filters / groups, c]`, once the number of channels is known. */
  filters: Variable | undefined;
  /** `[filters]` */
  bias: Variable | undefined;
  readonly options: ConvTranspose2dLayerOptions;

  constructor(options: ConvTranspose2dLayerOptions) {
    checkFilters("ConvTranspose2d", options, checks, "filters", checks.kernelSize);
    this.options = options;
    if (options.inChannels !== undefined) Object.assign(this, this.#begin(options.inChannels));
  }

  #begin(channels: number): Filtering {
    const { filters, kernelSize, groups = 1 } = this.options;
    const [height, width] = both(kernelSize);
    const depth = Math.floor(filters / groups);
    const fans = { in: (height * width * channels) / groups, out: height * width * depth };
    return beginFilters([height, width, depth, channels], [filters], fans, this.options);
  }

  call(x: Tensor, mode?: Mode): Tensor {
    const { stride, padding, dilation, groups, outputPadding } = this.options;
    return run(this, x, mode, () =>
      filtered(
        this,
        () => this.#begin(x.shape[3] ?? 0),
        (filters) => convTranspose2d(x, filters, { stride, padding, dilation, groups, outputPadding }),
      ),
    );
  }
}
