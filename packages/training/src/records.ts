/** What one step came to. */
export interface StepRecord {
  readonly kind: "step";
  /** From 0. */
  readonly epoch: number;
  /** Steps done in all. */
  readonly step: number;
  /** Batches done in this epoch, and how many it has. */
  readonly batch: number;
  readonly batches: number;
  readonly loss: number;
  /**
   * Share of the batch whose label was predicted. Absent where the loss does not say that the outputs are scores of classes, as
   * of an autoencoder.
   */
  readonly accuracy?: number;
  /** Examples in a second, since the epoch began (this session). */
  readonly imagesPerSecond: number;
  /** Of all gradients together, before clipping. */
  readonly gradientNorm: number;
  /** How far the parameters moved over how large they are; about 1e-3 is healthy. NaN without diagnostics. */
  readonly updateRatio: number;
  /** Learning rate of the optimizer. */
  readonly learningRate: number;
}

/** What one epoch came to. */
export interface EpochRecord {
  readonly kind: "epoch";
  /** From 0. */
  readonly epoch: number;
  /** Steps done in all. */
  readonly step: number;
  /** Mean over the examples, of the losses during the epoch. */
  readonly loss: number;
  /** Mean over the examples, where batches have an accuracy. */
  readonly accuracy?: number;
  readonly testLoss?: number;
  readonly testAccuracy?: number;
  readonly imagesPerSecond: number;
  /** Whether training stops here because the loss falls no more. */
  readonly stopped: boolean;
}

/** What `fit` yields. */
export type FitRecord = StepRecord | EpochRecord;
