/** Options of early stopping, by the rules of Keras's `EarlyStopping`. */
export interface EarlyStopping {
  /**
   * Number of epochs in a row without a better loss (on the test set, if there is one) after which training stops. It never
   * stops after the first epoch.
   */
  readonly patience: number;
  /** How much lower than the best loss so far a loss must be to count as better. NaN is never better. Default: 0. */
  readonly minimumDelta?: number;
  /**
   * Whether to restore the weights of the best epoch when training ends, also by `break`, an abort or an error. A checkpoint
   * still holds those of the last step. Default: false.
   */
  readonly restoreBest?: boolean;
}

/** Decision of early stopping after an epoch. */
export interface EpochVerdict {
  /** Whether the last epoch is the best so far. */
  readonly isBest: boolean;
  /** Whether training stops after it. */
  readonly stops: boolean;
}

/** Judges the last epoch, from the losses of all epochs so far. */
export function judgeEpoch(
  losses: readonly number[],
  { patience, minimumDelta = 0 }: Pick<EarlyStopping, "patience" | "minimumDelta">,
): EpochVerdict {
  let best = Infinity;
  let waited = 0;
  let isBest = false;
  for (const loss of losses) {
    isBest = loss + minimumDelta < best;
    if (isBest) best = loss;
    waited = isBest ? 0 : waited + 1;
  }
  return { isBest, stops: !isBest && waited >= patience && losses.length > 1 };
}
