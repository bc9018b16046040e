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
  readonly rate?: number;
}

/** How the units do that one layer makes and a curve bends. */
export interface LayerHealth {
  /** The layer that makes them, `layers.0 (Conv2d)`; the second curve behind the same layer is `… #2`. */
  readonly path: string;
  /** What bends them: `"relu"`, `"tanh"` or `"sigmoid"`. */
  readonly curve: string;
  /** How many channels there are (units, in a dense layer), and how many of them are 0 wherever one looks. */
  readonly units: number;
  readonly dead: number;
  /** The share of numbers that lie near the ends of tanh or sigmoid, where the slope is almost 0. */
  readonly saturated: number;
}

/** How one parameter does. */
export interface ParameterHealth {
  /** `layers.0.filters` */
  readonly path: string;
  /** The root of the mean square of its numbers, and of their gradients on the examples. */
  readonly size: number;
  readonly gradient: number;
  /**
   * How far one step moved it, over how large it was: about 1e-3 is healthy. Infinity for one that was 0, as a bias is at first; NaN
   * where the step before was not looked at.
   */
  readonly updateRatio: number;
}

/** A look inside a net that is learning. */
export interface HealthRecord {
  readonly step: number;
  readonly layers: readonly LayerHealth[];
  readonly parameters: readonly ParameterHealth[];
}

/** What is known of a training run. */
export interface TrainingHealth {
  /** The loss of who knows nothing, if that is known. */
  readonly chance: number | undefined;
  /** Every step. */
  readonly steps: readonly TrainingStep[];
  /** Looks inside, in order. */
  readonly records: readonly HealthRecord[];
}
