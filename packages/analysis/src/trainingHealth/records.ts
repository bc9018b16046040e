/** A step of training; the step records of `fit` have this form. */
export interface TrainingStep {
  /** Number of steps done. */
  readonly step: number;
  /** Loss of the batch before the step. */
  readonly loss: number;
  /** Fraction of the batch that was classified correctly. */
  readonly accuracy?: number;
  /** Norm of all gradients together. */
  readonly gradientNorm?: number;
  /** Learning rate of the step. */
  readonly learningRate?: number;
}

/** The state of the units of one layer behind an activation function. */
export interface LayerHealth {
  /** The layer, `layers.0 (Conv2d)`; the second activation function behind the same layer is `… #2`. */
  readonly path: string;
  /** The activation function: `"relu"`, `"tanh"` or `"sigmoid"`. */
  readonly curve: string;
  /** Number of channels (of units in a dense layer), and of those that are always 0. */
  readonly units: number;
  readonly dead: number;
  /** Fraction of values near the ends of tanh or sigmoid, where the gradient is almost 0. */
  readonly saturated: number;
}

/** The state of one parameter. */
export interface ParameterHealth {
  /** `layers.0.filters` */
  readonly path: string;
  /** Root mean square of its values, and of their gradients on the watched examples. */
  readonly size: number;
  readonly gradient: number;
  /**
   * Size of one update relative to its value: about 1e-3 is healthy. Infinity for a parameter of zeros, such as a new bias; NaN if
   * the step before was not recorded.
   */
  readonly updateRatio: number;
}

/** The state of a model at one step of training. */
export interface HealthRecord {
  readonly step: number;
  readonly layers: readonly LayerHealth[];
  readonly parameters: readonly ParameterHealth[];
}

/** The history of a training run. */
export interface TrainingHealth {
  /** Loss of random guessing, if known. */
  readonly chance: number | undefined;
  /** All steps. */
  readonly steps: readonly TrainingStep[];
  /** Records of the state, in order. */
  readonly records: readonly HealthRecord[];
}
