import type { Pair } from "@convlens/backend";
import { add, convTranspose2d, type ConvTranspose2dOptions, type Tensor, type Variable } from "@convlens/tensor";
import { both, type WeightOptions } from "./conv2d.ts";
import { heNormal, zerosInitializer } from "./initializers.ts";
import { run, type Layer, type Mode } from "./layer.ts";
import { parameter } from "./parameter.ts";

/** What a {@link ConvTranspose2d} is made of. */
export interface ConvTranspose2dLayerOptions extends ConvTranspose2dOptions, WeightOptions {
  /** How many maps come out. */
  readonly filters: number;
  /** Height and width of what each pixel paints. */
  readonly kernelSize: Pair;
}

/** A convolution run backwards, which enlarges maps: `[n, h, w, c] → [n, (h − 1) · stride + kh − padding, …, filters]`. */
export class ConvTranspose2d implements Layer {
  /** `[kh, kw, filters / groups, c]` */
  filters: Variable | undefined;
  /** `[filters]` */
  bias: Variable | undefined;
  readonly options: ConvTranspose2dLayerOptions;

  constructor(options: ConvTranspose2dLayerOptions) {
    this.options = options;
  }

  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, mode, () => {
      const { filters: count, kernelSize, groups = 1, bias = true, initializer = heNormal, biasInitializer = zerosInitializer } = this.options;
      const [height, width] = both(kernelSize);
      const channels = x.shape[3] ?? 0;
      const fans = { in: (height * width * channels) / groups, out: (height * width * count) / groups };
      const filters = this.filters ?? parameter("filters", [height, width, Math.floor(count / groups), channels], initializer, fans);
      const y = convTranspose2d(x, filters, this.options);
      this.filters = filters;
      if (!bias) return y;
      this.bias ??= parameter("bias", [count], biasInitializer, fans);
      return add(y, this.bias);
    });
  }
}
