import type { Pair } from "@convlens/backend";
import { convTranspose2d, type ConvTranspose2dOptions, type Tensor, type Variable } from "@convlens/tensor";
import { both } from "./conv2d.ts";
import { run, type Layer, type Mode } from "./layer.ts";
import { beginFilters, checkCount, filtered, type Filtering, type WeightOptions } from "./weighted.ts";

/** What a {@link ConvTranspose2d} is made of. */
export interface ConvTranspose2dLayerOptions extends ConvTranspose2dOptions, WeightOptions {
  /** How many maps come out. */
  readonly filters: number;
  /** Height and width of what each pixel paints. */
  readonly kernelSize: Pair;
  /** Channels of the input, if the filters are to be made at once and not at the first call. */
  readonly inChannels?: number;
}

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
    checkCount("ConvTranspose2d", "filters", options.filters);
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
    return run(this, x, mode, () =>
      filtered(
        this,
        () => this.#begin(x.shape[3] ?? 0),
        (filters) => convTranspose2d(x, filters, this.options),
      ),
    );
  }
}
