import { anyOption, type OptionChecks, type Pair, type WindowOptions } from "@convlens/backend";
import { conv2d, type Tensor, type Variable } from "@convlens/tensor";
import { run, type Layer, type Mode } from "./layer.ts";
import { checkFilters, countOption, pairFrom, weightChecks, windowChecks } from "./optionChecks.ts";
import { beginFilters, filtered, type Filtering, type WeightOptions } from "./weighted.ts";

/** What a {@link Conv2d} is made of. */
export interface Conv2dLayerOptions extends WindowOptions, WeightOptions {
  /** How many filters: so many activation maps come out. */
  readonly filters: number;
  /** Height and width of each filter. */
  readonly kernelSize: Pair;
  /** Channels and filters are divided into so many groups. Default: 1. */
  readonly groups?: number;
  /** Channels of the input, if the filters are to be made at once and not at the first call. */
  readonly inChannels?: number;
}

const checks: OptionChecks<Conv2dLayerOptions> = {
  filters: anyOption,
  kernelSize: /* @__PURE__ */ pairFrom(1),
  ...windowChecks,
  ...weightChecks,
  groups: countOption,
  inChannels: countOption,
};

/** How the window of a layer slides, of all that the layer is made of. */
export const windowOf = ({ stride, padding, dilation, geometry }: WindowOptions): WindowOptions => ({
  stride,
  padding,
  dilation,
  geometry,
});

/** A pair as two numbers. */
export const both = (pair: Pair): readonly [number, number] => (typeof pair === "number" ? [pair, pair] : pair);

/**
 * Learned filters that slide over an image, each through its full depth: `[n, h, w, c] → [n, oh, ow, filters]`. Rows and
 * columns at the end that no window reaches are dropped, and `summary` reports them; `geometry: "strict"` refuses them.
 *
 * @throws `ShapeError` for other channels than at the first call; `GeometryError` for a window that is larger than the padded
 * input, or, with `geometry: "strict"`, for a stride that does not fit.
 *
 * @example
 * ```ts
 * new Conv2d({ filters: 12, kernelSize: 5, padding: "same" });
 * ```
 */
export class Conv2d implements Layer {
  /** `[kh, kw, c / groups, filters]`, once the number of channels is known. */
  filters: Variable | undefined;
  /** `[filters]` */
  bias: Variable | undefined;
  readonly options: Conv2dLayerOptions;

  constructor(options: Conv2dLayerOptions) {
    checkFilters("Conv2d", options, checks, "filters", checks.kernelSize);
    this.options = { ...options };
    if (options.inChannels !== undefined) Object.assign(this, this.#begin(options.inChannels));
  }

  #begin(channels: number): Filtering {
    const { filters, kernelSize, groups = 1 } = this.options;
    const [height, width] = both(kernelSize);
    const depth = Math.floor(channels / groups);
    const fans = { in: height * width * depth, out: (height * width * filters) / groups };
    return beginFilters([height, width, depth, filters], [filters], fans, this.options);
  }

  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () =>
      filtered(
        this,
        () => this.#begin(x.shape[3] ?? 0),
        (filters) => conv2d(x, filters, { ...windowOf(this.options), groups: this.options.groups }),
      ),
    );
  }
}
