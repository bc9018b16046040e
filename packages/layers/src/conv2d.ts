import type { Pair, WindowOptions } from "@convlens/backend";
import { add, conv2d, type Tensor, type Variable } from "@convlens/tensor";
import { heNormal, zerosInitializer, type Initializer } from "./initializers.ts";
import { run, type Layer, type Mode } from "./layer.ts";
import { parameter } from "./parameter.ts";

/** How the weights of a layer begin. */
export interface WeightOptions {
  /** Whether a bias is added to each output. Default: true. */
  readonly bias?: boolean;
  /** First values of the filters or weights. Default: {@link heNormal}. */
  readonly initializer?: Initializer;
  /** First values of the bias. Default: zeros. */
  readonly biasInitializer?: Initializer;
}

/** What a {@link Conv2d} is made of. */
export interface Conv2dLayerOptions extends WindowOptions, WeightOptions {
  /** How many filters: so many activation maps come out. */
  readonly filters: number;
  /** Height and width of each filter. */
  readonly kernelSize: Pair;
  /** Channels and filters are divided into so many groups. Default: 1. */
  readonly groups?: number;
}

/** A pair as two numbers. */
export const both = (pair: Pair): readonly [number, number] => (typeof pair === "number" ? [pair, pair] : pair);

/**
 * Learned filters that slide over an image, each through its full depth: `[n, h, w, c] → [n, oh, ow, filters]`. Windows must
 * fit (`geometry: "strict"`), unless `geometry: "floor"` is asked for.
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
    this.options = { geometry: "strict", ...options };
  }

  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, mode, () => {
      const { filters: count, kernelSize, groups = 1, bias = true, initializer = heNormal, biasInitializer = zerosInitializer } = this.options;
      const [height, width] = both(kernelSize);
      const depth = Math.floor((x.shape[3] ?? 0) / groups);
      const fans = { in: height * width * depth, out: (height * width * count) / groups };
      // What does not fit is refused by conv2d below, before a parameter of the wrong shape would stay.
      const filters = this.filters ?? parameter("filters", [height, width, depth, count], initializer, fans);
      const y = conv2d(x, filters, this.options);
      this.filters = filters;
      if (!bias) return y;
      this.bias ??= parameter("bias", [count], biasInitializer, fans);
      return add(y, this.bias);
    });
  }
}
