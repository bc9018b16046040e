import type { OptionChecks, Shape } from "@convlens/backend";
import { conv1d, countOption, signalChecks, type Conv1dOptions, type Tensor, type Variable } from "@convlens/tensor";
import { ConvolutionLayer, type ConvolutionOptions, type FilterShapes } from "./convolutionLayer.ts";
import { weightChecks } from "./optionChecks.ts";

/** Options of {@link Conv1d}. */
export interface Conv1dLayerOptions extends Conv1dOptions, ConvolutionOptions {
  /** Number of filters. */
  readonly filters: number;
  /** Length of each filter. */
  readonly kernelSize: number;
}

const checks: OptionChecks<Conv1dLayerOptions> = {
  filters: countOption,
  kernelSize: countOption,
  ...signalChecks,
  ...weightChecks,
  groups: countOption,
  inChannels: countOption,
};

/**
 * Learned filters that slide along a signal: `[n, l, c] → [n, ol, filters]`. `filters` has the shape
 * `[k, c / groups, filters]`, `bias` `[filters]`.
 *
 * @example
 * ```ts
 * new Conv1d({ filters: 4, kernelSize: 3 });
 * ```
 */
export class Conv1d extends ConvolutionLayer<Conv1dLayerOptions> {
  constructor(options: Conv1dLayerOptions) {
    super("Conv1d", options, checks, ["filters", "kernelSize"]);
  }

  protected override shapes(input: Shape): FilterShapes {
    const { filters, kernelSize, groups = 1 } = this.options;
    const depth = Math.floor((input.at(-1) ?? 0) / groups);
    const fans = { in: kernelSize * depth, out: (kernelSize * filters) / groups };
    return { filters: [kernelSize, depth, filters], bias: [filters], fans };
  }

  protected override apply(x: Tensor, filters: Variable): Tensor {
    const { stride, padding, dilation, groups, geometry } = this.options;
    return conv1d(x, filters, { stride, padding, dilation, groups, geometry });
  }
}
