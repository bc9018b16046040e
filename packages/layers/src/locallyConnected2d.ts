import { windowGeometry, type OptionChecks, type Pair, type Shape, type WindowOptions } from "@convlens/backend";
import {
  locallyConnected2d,
  countOption,
  pairFrom,
  windowChecks,
  type PatchesOptions,
  type Tensor,
  type Variable,
} from "@convlens/tensor";
import { both, ConvolutionLayer, type FilterShapes } from "./convolutionLayer.ts";
import { weightChecks } from "./optionChecks.ts";
import type { WeightOptions } from "./weightOptions.ts";

/** Options of {@link LocallyConnected2d}. */
export interface LocallyConnected2dOptions extends WindowOptions, WeightOptions {
  /** Number of channels that come out. */
  readonly filters: number;
  /** Height and width of each window. */
  readonly kernelSize: Pair;
}

const checks: OptionChecks<LocallyConnected2dOptions> = {
  filters: countOption,
  kernelSize: /* @__PURE__ */ pairFrom(1),
  ...windowChecks,
  ...weightChecks,
};

/**
 * A convolution without weight sharing: every position has filters of its own. `[n, h, w, c] → [n, oh, ow, filters]`, with
 * `oh · ow` times the parameters of a {@link Conv2d}. `filters` has the shape `[oh, ow, kh · kw · c, filters]`, `bias`
 * `[oh, ow, filters]`.
 */
export class LocallyConnected2d extends ConvolutionLayer<LocallyConnected2dOptions> {
  constructor(options: LocallyConnected2dOptions) {
    super("LocallyConnected2d", options, checks, ["filters", "kernelSize"]);
  }

  get #window(): PatchesOptions {
    const { kernelSize, stride = 1, padding, dilation, geometry } = this.options;
    return { kernelSize, stride, padding, dilation, geometry };
  }

  protected override shapes(input: Shape): FilterShapes {
    const { filters, kernelSize } = this.options;
    const { height, width, channels } = windowGeometry(input, this.#window, "locallyConnected2d");
    const [kh, kw] = both(kernelSize);
    const inputs = kh * kw * channels;
    const positions = [height.output, width.output];
    const fans = { in: inputs, out: kh * kw * filters };
    return { filters: [...positions, inputs, filters], bias: [...positions, filters], fans };
  }

  protected override apply(x: Tensor, filters: Variable): Tensor {
    return locallyConnected2d(x, filters, this.#window);
  }
}
