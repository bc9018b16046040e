import {
  anyOption,
  type OptionChecks,
  type Pair,
  type Shape,
  windowGeometry,
  type WindowOptions,
} from "@convlens/backend";
import { locallyConnected2d, type PatchesOptions, type Tensor, type Variable } from "@convlens/tensor";
import { both, windowOf } from "./conv2d.ts";
import { run, type Layer, type Mode } from "./layer.ts";
import { checkFilters, pairFrom, weightChecks, windowChecks } from "./optionChecks.ts";
import { beginFilters, filtered, type Filtering, type WeightOptions } from "./weighted.ts";

/** What a {@link LocallyConnected2d} is made of. */
export interface LocallyConnected2dOptions extends WindowOptions, WeightOptions {
  /** How many maps come out. */
  readonly filters: number;
  /** Height and width of each window. */
  readonly kernelSize: Pair;
}

const checks: OptionChecks<LocallyConnected2dOptions> = {
  filters: anyOption,
  kernelSize: /* @__PURE__ */ pairFrom(1),
  ...windowChecks,
  ...weightChecks,
};

/**
 * A convolution without sharing, with filters of its own at every position: `[n, h, w, c] → [n, oh, ow, filters]`. It has
 * `oh · ow` times the parameters of a {@link Conv2d}.
 */
export class LocallyConnected2d implements Layer {
  /** `[oh, ow, kh · kw · c, filters]`, once the input's shape is known. */
  filters: Variable | undefined;
  /** `[oh, ow, filters]` */
  bias: Variable | undefined;
  readonly options: LocallyConnected2dOptions;

  constructor(options: LocallyConnected2dOptions) {
    checkFilters("LocallyConnected2d", options, checks, "filters", checks.kernelSize);
    this.options = { stride: 1, ...options };
  }

  #begin(input: Shape, window: PatchesOptions): Filtering {
    const { filters, kernelSize } = this.options;
    const { height, width, channels } = windowGeometry(input, window, "locallyConnected2d");
    const [kh, kw] = both(kernelSize);
    const seen = kh * kw * channels;
    const fans = { in: seen, out: kh * kw * filters };
    const places = [height.output, width.output];
    return beginFilters([...places, seen, filters], [...places, filters], fans, this.options);
  }

  call(x: Tensor, mode?: Mode): Tensor {
    const window = { ...windowOf(this.options), kernelSize: this.options.kernelSize };
    return run(this, x, mode, () =>
      filtered(
        this,
        () => this.#begin(x.shape, window),
        (filters) => locallyConnected2d(x, filters, window),
      ),
    );
  }
}
