import type { Shape, Values } from "@convlens/backend";

/** How much each number of the input has to do with the score. */
export interface Attribution {
  /** Of `values`: that of the input; with one channel where pixels are not told apart by channel. */
  readonly shape: Shape;
  readonly values: Values;
  /** The explained number of each example. */
  readonly scores: Values;
  /** Grad-CAM: the map as large as the layer's own, before it was enlarged. */
  readonly coarse?: { readonly shape: Shape; readonly values: Values };
  /** Where attributions should sum up to something: whether they do, for each example. */
  readonly completeness?: readonly Completeness[];
}

/** What attributions sum up to, and what they should. */
export interface Completeness {
  readonly sum: number;
  readonly expected: number;
  /** The share of what is expected that is missing or too much. */
  readonly gap: number;
}

/** How far the attributions of each example are from summing up to what they should. */
export function completenessOf(values: Values, expected: Values): Completeness[] {
  const size = values.length / expected.length;
  return Array.from(expected, (wanted, n) => {
    let sum = 0;
    for (const value of values.subarray(n * size, (n + 1) * size)) sum += value;
    // Nothing can sum up to the infinite score of a masked class.
    const gap = Number.isFinite(wanted) ? Math.abs(sum - wanted) / Math.max(Math.abs(wanted), 1e-12) : 1;
    return { sum, expected: wanted, gap };
  });
}
