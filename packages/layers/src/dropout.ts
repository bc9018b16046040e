import { dropout, type Tensor } from "@convlens/tensor";
import { run, type Layer, type Mode } from "./layer.ts";

/** While training, sets each number to 0 with probability `rate` and enlarges the others; else nothing. */
export class Dropout implements Layer {
  /** The share that is dropped. */
  readonly rate: number;
  constructor({ rate = 0.5 }: { readonly rate?: number } = {}) {
    this.rate = rate;
  }
  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => (mode?.training ? dropout(x, this.rate) : x));
  }
}
