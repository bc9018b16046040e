/** When training stops by itself, by the rules of Keras's `EarlyStopping`. */
export interface EarlyStopping {
  /**
   * Training stops after this many epochs in a row without a better loss (of the test set, if there is one); never after
   * the first epoch.
   */
  readonly patience: number;
  /** A loss is better if it is lower than the best so far by more than this. NaN never is. Default: 0. */
  readonly minimumDelta?: number;
  /**
   * Whether the model gets back the weights of the best epoch when training ends: by itself, by `break`, by an abort or by
   * an error. A checkpoint still holds those of the last step. Default: false.
   */
  readonly restoreBest?: boolean;
}

/** What early stopping makes of an epoch. */
export interface EpochVerdict {
  /** Whether the last epoch is the best so far. */
  readonly isBest: boolean;
  /** Whether training stops after it. */
  readonly stops: boolean;
}

/** Judges the last of the losses of all epochs so far, which are at least one. */
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
