/** Record of a step. */
export interface StepRecord {
  readonly kind: "step";
  /** Number of the epoch, from 0. */
  readonly epoch: number;
  /** Number of steps so far. */
  readonly step: number;
  /** Number of batches done in this epoch, and in all of it. */
  readonly batch: number;
  readonly batches: number;
  readonly loss: number;
  /**
   * Share of the batch whose label was predicted. Absent if the loss does not treat the outputs as scores of classes, as for an
   * autoencoder.
   */
  readonly accuracy?: number;
  /** Mean number of examples per second in this epoch, since training began or was resumed. */
  readonly imagesPerSecond: number;
  /** Norm of all gradients together, before clipping. */
  readonly gradientNorm: number;
  /** Norm of the change of the parameters over the norm of the parameters; about 1e-3 is healthy. NaN without diagnostics. */
  readonly updateRatio: number;
  /** Learning rate of the optimizer. */
  readonly learningRate: number;
}

/** Record of an epoch. */
export interface EpochRecord {
  readonly kind: "epoch";
  /** Number of the epoch, from 0. */
  readonly epoch: number;
  /** Number of steps so far. */
  readonly step: number;
  /** Mean over the examples, of the losses during the epoch. */
  readonly loss: number;
  /** Mean over the examples, where batches have an accuracy. */
  readonly accuracy?: number;
  readonly testLoss?: number;
  readonly testAccuracy?: number;
  readonly imagesPerSecond: number;
  /** Whether early stopping ends training here. */
  readonly stopped: boolean;
}

/** Record that `fit` yields. */
export type FitRecord = StepRecord | EpochRecord;
