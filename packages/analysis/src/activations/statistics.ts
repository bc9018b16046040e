import { checkOptions, ValueError, wholeFrom } from "@convlens/backend";
import { finiteOption } from "../optionChecks.ts";
/** A few numbers about many. Those that are not finite are counted, and left out of the rest. */
export interface Statistics {
  readonly count: number;
  readonly mean: number;
  /** The standard deviation. */
  readonly deviation: number;
  readonly smallest: number;
  readonly largest: number;
  /** The share that is exactly 0. */
  readonly zeros: number;
  /** How many are NaN or infinite. */
  readonly notFinite: number;
}

/**
 * Mean, deviation, range and zeros of many numbers. Of none, all but the counts are NaN.
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
    // Welford's way, in which large numbers do not swallow small differences.
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

/** How many of many numbers lie in each of equal intervals. */
export interface Histogram {
  /** Where the first interval begins. */
  readonly low: number;
  /** Where the last one ends. */
  readonly high: number;
  /** How many lie in each; the last one holds its end too. */
  readonly counts: Int32Array;
  /** How many lie below and above all of them. */
  readonly outside: { readonly below: number; readonly above: number };
  /** How many are NaN. */
  readonly notNumbers: number;
}

/**
 * Counts numbers by size.
 *
 * @param options - `bins`: how many intervals, 30 by default. `low` and `high`: where they begin and end; by default the least
 * and the greatest of the finite numbers.
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
    throw new ValueError(`histogram: low must not be above high, got ${low} and ${high}`, {
      operation: "histogram",
      expected: `at most ${high}`,
      got: low,
    });
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
    // Equal numbers have no width, and all lie in the first.
    else counts[Math.min(bins - 1, Math.floor(((x - from) / (to - from || 1)) * bins))]!++;
  }
  return { low: from, high: to, counts, outside: { below, above }, notNumbers };
}
