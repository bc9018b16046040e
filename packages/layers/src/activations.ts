import { checkOptions } from "@convlens/backend";
import {
  elu,
  gelu,
  leakyRelu,
  logSoftmax,
  relu,
  selu,
  sigmoid,
  softmax,
  softplus,
  swish,
  tanh,
  type Tensor,
} from "@convlens/tensor";
import { run, type Layer, type Mode } from "./layer.ts";
import { checkNoOptions, finiteOption } from "./optionChecks.ts";

/** max(x, 0) */
export class Relu implements Layer {
  constructor(...none: readonly never[]) {
    checkNoOptions("Relu", none);
  }
  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => relu(x));
  }
}

/** x, or `slope` · x where it is negative. */
export class LeakyRelu implements Layer {
  /** Where x is negative. */
  readonly slope: number;
  constructor(options: { readonly slope?: number } = {}) {
    checkOptions("LeakyRelu", options, { slope: finiteOption });
    this.slope = options.slope ?? 0.01;
  }
  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => leakyRelu(x, this.slope));
  }
}

/** x, or `alpha` · (eˣ − 1) where it is negative. */
export class Elu implements Layer {
  /** What it tends to, below. */
  readonly alpha: number;
  constructor(options: { readonly alpha?: number } = {}) {
    checkOptions("Elu", options, { alpha: finiteOption });
    this.alpha = options.alpha ?? 1;
  }
  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => elu(x, this.alpha));
  }
}

/** Elu with the constants that keep activations normalised. */
export class Selu implements Layer {
  constructor(...none: readonly never[]) {
    checkNoOptions("Selu", none);
  }
  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => selu(x));
  }
}

/** x · Φ(x) */
export class Gelu implements Layer {
  constructor(...none: readonly never[]) {
    checkNoOptions("Gelu", none);
  }
  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => gelu(x));
  }
}

/** x · sigmoid(x) */
export class Swish implements Layer {
  constructor(...none: readonly never[]) {
    checkNoOptions("Swish", none);
  }
  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => swish(x));
  }
}

/** 1 / (1 + e⁻ˣ) */
export class Sigmoid implements Layer {
  constructor(...none: readonly never[]) {
    checkNoOptions("Sigmoid", none);
  }
  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => sigmoid(x));
  }
}

/** The hyperbolic tangent. */
export class Tanh implements Layer {
  constructor(...none: readonly never[]) {
    checkNoOptions("Tanh", none);
  }
  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => tanh(x));
  }
}

/** ln(1 + eˣ) */
export class Softplus implements Layer {
  constructor(...none: readonly never[]) {
    checkNoOptions("Softplus", none);
  }
  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => softplus(x));
  }
}

/** Shares of 1 along the last axis. Not before a loss that takes logits. */
export class Softmax implements Layer {
  constructor(...none: readonly never[]) {
    checkNoOptions("Softmax", none);
  }
  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => softmax(x));
  }
}

/** The logarithm of softmax along the last axis. */
export class LogSoftmax implements Layer {
  constructor(...none: readonly never[]) {
    checkNoOptions("LogSoftmax", none);
  }
  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => logSoftmax(x));
  }
}
