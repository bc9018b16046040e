import { checkOptions } from "@convlens/backend";
import { localResponseNorm, type LocalResponseNormOptions, type Tensor } from "@convlens/tensor";
import { run, type Layer, type Mode } from "./layer.ts";
import { countOption, finiteOption } from "./optionChecks.ts";

/** Each number divided by how active its neighbours in depth are, as in AlexNet (Krizhevsky 2012). */
export class LocalResponseNorm implements Layer {
  readonly options: LocalResponseNormOptions;

  constructor(options: LocalResponseNormOptions = {}) {
    checkOptions("LocalResponseNorm", options, {
      size: countOption,
      alpha: finiteOption,
      beta: finiteOption,
      k: finiteOption,
    });
    this.options = options;
  }

  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => localResponseNorm(x, this.options));
  }
}
