import type { DefaultMetrics } from "./measured.ts";

/**
 * Record of a step.
 *
 * @typeParam Values - Values of the metrics.
 */
export interface StepRecord<Values = DefaultMetrics> {
  readonly kind: "step";
  /** Number of the epoch, from 0. */
  readonly epoch: number;
  /** Number of updates of the parameters so far. */
  readonly step: number;
  /** Number of batches done in this epoch. */
  readonly batch: number;
  /** Number of batches of an epoch; absent for a stream whose length is not known. */
  readonly batches?: number;
  /** Mean loss of the batch. */
  readonly loss: number;
  /** Metrics of the batch. */
  readonly metrics: Values;
  /** Mean number of examples per second in this epoch, since training began or was resumed. */
  readonly examplesPerSecond: number;
  /** Norm of all gradients together, before clipping. NaN without diagnostics. */
  readonly gradientNorm: number;
  /** Norm of the change of the parameters over the norm of the parameters; about 1e-3 is healthy. NaN without diagnostics. */
  readonly updateRatio: number;
  /** Learning rate of the optimizer. */
  readonly learningRate: number;
}

/**
 * Record of an epoch.
 *
 * @typeParam Values - Values of the metrics.
 */
export interface EpochRecord<Values = DefaultMetrics> {
  readonly kind: "epoch";
  /** Number of the epoch, from 0. */
  readonly epoch: number;
  /** Number of updates of the parameters so far. */
  readonly step: number;
  /** Mean over the examples, of the losses during the epoch. */
  readonly loss: number;
  /** Metrics over the examples, of the outputs during the epoch. */
  readonly metrics: Values;
  /** Loss and metrics on the validation data after the epoch. */
  readonly validation?: { readonly loss: number; readonly metrics: Values };
  readonly examplesPerSecond: number;
  /** Whether early stopping ends training here. */
  readonly stopped: boolean;
}

/** Record that `fit` yields. */
export type FitRecord<Values = DefaultMetrics> = StepRecord<Values> | EpochRecord<Values>;

/** Records of the epochs of a run. */
export type History<Values = DefaultMetrics> = readonly EpochRecord<Values>[];
