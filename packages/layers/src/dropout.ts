import { checkOptions, fractionOption } from "@convlens/backend";
import { dropout, type Tensor } from "@convlens/tensor";
import { PrintedLayer } from "./formatModel.ts";
import { run, type Layer, type Mode } from "./layer.ts";

/** In training, sets each number to 0 with probability `rate` and divides the others by 1 − `rate`; else changes nothing. */
export class Dropout extends PrintedLayer implements Layer {
  /** Probability that a number is set to 0. */
  readonly rate: number;
  /** @throws `ValueError` if `rate` is not at least 0 and below 1, or an option is unknown. */
  constructor(options: { readonly rate?: number } = {}) {
    super();
    checkOptions("Dropout", options, { rate: fractionOption });
    this.rate = options.rate ?? 0.5;
  }
  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => (mode?.training ? dropout(x, this.rate) : x));
  }
}
