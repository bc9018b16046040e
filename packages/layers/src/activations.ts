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

/** max(x, 0) */
export class Relu implements Layer {
  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => relu(x));
  }
}

/** x, or `slope` · x where it is negative. */
export class LeakyRelu implements Layer {
  /** Where x is negative. */
  readonly slope: number;
  constructor({ slope = 0.01 }: { readonly slope?: number } = {}) {
    this.slope = slope;
  }
  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => leakyRelu(x, this.slope));
  }
}

/** x, or `alpha` · (eˣ − 1) where it is negative. */
export class Elu implements Layer {
  /** What it tends to, below. */
  readonly alpha: number;
  constructor({ alpha = 1 }: { readonly alpha?: number } = {}) {
    this.alpha = alpha;
  }
  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => elu(x, this.alpha));
  }
}

/** Elu with the constants that keep activations normalised. */
export class Selu implements Layer {
  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => selu(x));
  }
}

/** x · Φ(x) */
export class Gelu implements Layer {
  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => gelu(x));
  }
}

/** x · sigmoid(x) */
export class Swish implements Layer {
  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => swish(x));
  }
}

/** 1 / (1 + e⁻ˣ) */
export class Sigmoid implements Layer {
  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => sigmoid(x));
  }
}

/** The hyperbolic tangent. */
export class Tanh implements Layer {
  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => tanh(x));
  }
}

/** ln(1 + eˣ) */
export class Softplus implements Layer {
  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => softplus(x));
  }
}

/** Shares of 1 along the last axis. Not before a loss that takes logits. */
export class Softmax implements Layer {
  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => softmax(x));
  }
}

/** The logarithm of softmax along the last axis. */
export class LogSoftmax implements Layer {
  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => logSoftmax(x));
  }
}
