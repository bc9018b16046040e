import { checkOptions, fractionOption } from "@convlens/backend";
import { dropout, multiply, ones, type Tensor } from "@convlens/tensor";
import { PrintedLayer } from "./formatModel.ts";
import { run, type Layer, type Mode } from "./layer.ts";

/**
 * Dropout of whole channels: in training, sets each activation map to 0 with probability `rate` and divides the others by
 * 1 − `rate`; else changes nothing. Neighbouring pixels are so alike that single ones are not missed (Tompson 2015).
 * `[n, …, c] → [n, …, c]`
 *
 * @example
 * ```ts
 * sequential([new Conv2d({ filters: 8, kernelSize: 3 }), new ReLU(), new SpatialDropout({ rate: 0.2 })]);
 * ```
 */
export class SpatialDropout extends PrintedLayer implements Layer {
  /** Probability that a map is set to 0. */
  readonly rate: number;
  /** @throws `ValueError` if `rate` is not at least 0 and below 1, or an option is unknown. */
  constructor(options: { readonly rate?: number } = {}) {
    super();
    checkOptions("SpatialDropout", options, { rate: fractionOption });
    this.rate = options.rate ?? 0.5;
  }
  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => {
      if (!mode?.training) return x;
      const maps = x.shape.map((size, axis) => (axis === 0 || axis === x.rank - 1 ? size : 1));
      return multiply(x, dropout(ones(maps), this.rate));
    });
  }
}
