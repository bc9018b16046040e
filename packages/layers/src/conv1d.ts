import { add, conv1d, type Conv1dOptions, type Tensor, type Variable } from "@convlens/tensor";
import type { WeightOptions } from "./conv2d.ts";
import { heNormal, zerosInitializer } from "./initializers.ts";
import { run, type Layer, type Mode } from "./layer.ts";
import { parameter } from "./parameter.ts";

/** What a {@link Conv1d} is made of. */
export interface Conv1dLayerOptions extends Conv1dOptions, WeightOptions {
  /** How many filters. */
  readonly filters: number;
  /** Length of each filter. */
  readonly kernelSize: number;
}

/** Learned filters that slide along a signal: `[n, l, c] → [n, ol, filters]`. Many copies of the same neuron. */
export class Conv1d implements Layer {
  /** `[k, c / groups, filters]` */
  filters: Variable | undefined;
  /** `[filters]` */
  bias: Variable | undefined;
  readonly options: Conv1dLayerOptions;

  constructor(options: Conv1dLayerOptions) {
    this.options = { geometry: "strict", ...options };
  }

  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, mode, () => {
      const { filters: count, kernelSize, groups = 1, bias = true, initializer = heNormal, biasInitializer = zerosInitializer } = this.options;
      const depth = Math.floor((x.shape[2] ?? 0) / groups);
      const fans = { in: kernelSize * depth, out: (kernelSize * count) / groups };
      const filters = this.filters ?? parameter("filters", [kernelSize, depth, count], initializer, fans);
      const y = conv1d(x, filters, this.options);
      this.filters = filters;
      if (!bias) return y;
      this.bias ??= parameter("bias", [count], biasInitializer, fans);
      return add(y, this.bias);
    });
  }
}
