import { checkOptions, fractionOption } from "@convlens/backend";
import { dropout, type Tensor } from "@convlens/tensor";
import { run, type Layer, type Mode } from "./layer.ts";

/** While training, sets each number to 0 with probability `rate` and enlarges the others; else nothing. */
export class Dropout implements Layer {
  /** The share that is dropped. */
  readonly rate: number;
  /** @throws `ValueError` where `rate` is not at least 0 and below 1, or an option is unknown. */
  constructor(options: { readonly rate?: number } = {}) {
    checkOptions("Dropout", options, { rate: fractionOption });
    this.rate = options.rate ?? 0.5;
  }
  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => (mode?.training ? dropout(x, this.rate) : x));
  }
}
