import { anyOption, type OptionChecks } from "@convlens/backend";
import { conv1d, type Conv1dOptions, type Tensor, type Variable } from "@convlens/tensor";
import { run, type Layer, type Mode } from "./layer.ts";
import { checkFilters, countOption, signalChecks, weightChecks } from "./optionChecks.ts";
import { beginFilters, filtered, type Filtering, type WeightOptions } from "./weighted.ts";

/** What a {@link Conv1d} is made of. */
export interface Conv1dLayerOptions extends Conv1dOptions, WeightOptions {
  /** How many filters. */
  readonly filters: number;
  /** Length of each filter. */
  readonly kernelSize: number;
  /** Channels of the input, if the filters are to be made at once and not at the first call. */
  readonly inChannels?: number;
}

const checks: OptionChecks<Conv1dLayerOptions> = {
  filters: anyOption,
  kernelSize: countOption,
  ...signalChecks,
  ...weightChecks,
  groups: countOption,
  inChannels: countOption,
};

/**
 * Learned filters that slide along a signal, many copies of the same neurons side by side: `[n, l, c] → [n, ol, filters]`.
 *
 * @example
 * ```ts
 * new Conv1d({ filters: 4, kernelSize: 3 });
 * ```
 */
export class Conv1d implements Layer {
  /** `[k, c / groups, filters]`, once the number of channels is known. */
  filters: Variable | undefined;
  /** `[filters]` */
  bias: Variable | undefined;
  readonly options: Conv1dLayerOptions;

  constructor(options: Conv1dLayerOptions) {
    checkFilters("Conv1d", options, checks, "filters", countOption);
    this.options = { ...options };
    if (options.inChannels !== undefined) Object.assign(this, this.#begin(options.inChannels));
  }

  #begin(channels: number): Filtering {
    const { filters, kernelSize, groups = 1 } = this.options;
    const depth = Math.floor(channels / groups);
    const fans = { in: kernelSize * depth, out: (kernelSize * filters) / groups };
    return beginFilters([kernelSize, depth, filters], [filters], fans, this.options);
  }

  call(x: Tensor, mode?: Mode): Tensor {
    const { stride, padding, dilation, groups, geometry } = this.options;
    return run(this, x, mode, () =>
      filtered(
        this,
        () => this.#begin(x.shape[2] ?? 0),
        (filters) => conv1d(x, filters, { stride, padding, dilation, groups, geometry }),
      ),
    );
  }
}
