import { flatten, type Tensor } from "@convlens/tensor";
import { run, type Layer, type Mode } from "./layer.ts";
import { checkNoOptions } from "./optionChecks.ts";

/** Flattens maps for a {@link Dense}: `[n, …] → [n, size]`. */
export class Flatten implements Layer {
  constructor(...none: readonly never[]) {
    checkNoOptions("Flatten", none);
  }
  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => flatten(x));
  }
}
