import { pool2dGeometry, type Pair, type WindowOptions } from "@convlens/backend";
import { add, locallyConnected2d, type Tensor, type Variable } from "@convlens/tensor";
import { both, type WeightOptions } from "./conv2d.ts";
import { heNormal, zerosInitializer } from "./initializers.ts";
import { run, type Layer, type Mode } from "./layer.ts";
import { parameter } from "./parameter.ts";

/** What a {@link LocallyConnected2d} is made of. */
export interface LocallyConnected2dOptions extends WindowOptions, WeightOptions {
  /** How many maps come out. */
  readonly filters: number;
  /** Height and width of each window. */
  readonly kernelSize: Pair;
}

/** A convolution without sharing: filters of its own at every position. `[n, h, w, c] → [n, oh, ow, filters]` */
export class LocallyConnected2d implements Layer {
  /** `[oh, ow, kh · kw · c, filters]` */
  filters: Variable | undefined;
  /** `[oh, ow, filters]` */
  bias: Variable | undefined;
  readonly options: LocallyConnected2dOptions;

  constructor(options: LocallyConnected2dOptions) {
    this.options = { geometry: "strict", ...options };
  }

  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, mode, () => {
      const { filters: count, kernelSize, bias = true, initializer = heNormal, biasInitializer = zerosInitializer, ...options } = this.options;
      const window = { stride: 1, ...options, size: kernelSize };
      const { height, width, channels } = pool2dGeometry(x.shape, window, "locallyConnected2d");
      const [kh, kw] = both(kernelSize);
      const seen = kh * kw * channels;
      const fans = { in: seen, out: kh * kw * count };
      const filters = this.filters ?? parameter("filters", [height.output, width.output, seen, count], initializer, fans);
      const y = locallyConnected2d(x, filters, window);
      this.filters = filters;
      if (!bias) return y;
      this.bias ??= parameter("bias", [height.output, width.output, count], biasInitializer, fans);
      return add(y, this.bias);
    });
  }
}
