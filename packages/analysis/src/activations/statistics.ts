import { checkOptions, ValueError, wholeFrom } from "@convlens/backend";
import { finiteOption } from "@convlens/tensor";
/** Summary statistics. Values that are not finite are only counted. */
export interface Statistics {
  readonly count: number;
  readonly mean: number;
  /** The standard deviation. */
  readonly deviation: number;
  readonly smallest: number;
  readonly largest: number;
  /** Fraction that is exactly 0. */
  readonly zeros: number;
  /** Number of NaN and infinite values. */
  readonly notFinite: number;
}

/**
 * Returns mean, standard deviation, range and fraction of zeros. Without values, all but the counts are NaN.
 *
 * @example
 * ```ts
 * statisticsOf([0, 1, 2, NaN]); // mean 1, deviation 0.816, 0 to 2, a third zeros, one not finite
 * ```
 */
export function statisticsOf(values: ArrayLike<number>): Statistics {
  let [count, mean, squares, zeros] = [0, 0, 0, 0];
  let [smallest, largest] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    const x = values[i]!;
    if (!Number.isFinite(x)) continue;
    count++;
    // Welford's algorithm, which does not lose small differences of large numbers.
    const before = x - mean;
    mean += before / count;
    squares += before * (x - mean);
    if (x === 0) zeros++;
    smallest = Math.min(smallest, x);
    largest = Math.max(largest, x);
  }
  const known = count > 0;
  return {
    count: values.length,
    mean: known ? mean : NaN,
    deviation: Math.sqrt(squares / count),
    smallest: known ? smallest : NaN,
    largest: known ? largest : NaN,
    zeros: zeros / count,
    notFinite: values.length - count,
  };
}

/** A histogram with bins of equal width. */
export interface Histogram {
  /** Start of the first bin. */
  readonly low: number;
  /** End of the last bin. */
  readonly high: number;
  /** Count of each bin; the last bin includes its end. */
  readonly counts: Int32Array;
  /** Counts below and above all bins. */
  readonly outside: { readonly below: number; readonly above: number };
  /** Count of NaN. */
  readonly notNumbers: number;
}

/**
 * Counts values in bins of equal width.
 *
 * @param options - `bins`: number of bins, 30 by default. `low` and `high`: their range; by default from the smallest to the
 * largest finite value.
 *
 * @example
 * ```ts
 * histogram([0, 1, 1, 2, 9], { bins: 2, high: 2 }); // counts [1, 3] in 0 … 1 … 2, one above
 * ```
 */
export function histogram(
  values: ArrayLike<number>,
  options: { readonly bins?: number; readonly low?: number; readonly high?: number } = {},
): Histogram {
  checkOptions("histogram", options, { bins: wholeFrom(1), low: finiteOption, high: finiteOption });
  const { bins = 30, low, high } = options;
  if (low !== undefined && high !== undefined && low > high)
    throw new ValueError({ operation: "histogram", what: "low", expected: `at most high (${high})`, got: low });
  const { smallest, largest } = statisticsOf(values);
  const from = low ?? (Number.isNaN(smallest) ? 0 : smallest);
  const to = high ?? (Number.isNaN(largest) ? 1 : largest);
  const counts = new Int32Array(bins);
  let [below, above, notNumbers] = [0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const x = values[i]!;
    if (Number.isNaN(x)) notNumbers++;
    else if (x < from) below++;
    else if (x > to) above++;
    // Equal values span a range of width 0 and fall into the first bin.
    else counts[Math.min(bins - 1, Math.floor(((x - from) / (to - from || 1)) * bins))]!++;
  }
  return { low: from, high: to, counts, outside: { below, above }, notNumbers };
}
