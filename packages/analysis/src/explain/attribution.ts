import type { Shape, Values } from "@convlens/backend";
import { sumOf } from "../numbers.ts";

/** The attribution of a score to the input. */
export interface Attribution {
  /** Shape of `values`: that of the input, with one channel for methods that do not distinguish channels. */
  readonly shape: Shape;
  readonly values: Values;
  /** The explained score of each example. */
  readonly scores: Values;
  /** For Grad-CAM the map in the size of the layer, before it is resized. */
  readonly coarse?: { readonly shape: Shape; readonly values: Values };
  /** For methods whose attributions have a known sum: how well each example satisfies it. */
  readonly completeness?: readonly Completeness[];
}

/** The sum of the attributions and its expected value. */
export interface Completeness {
  readonly sum: number;
  readonly expected: number;
  /** Relative difference from the expected value. */
  readonly gap: number;
}

/** Compares the sum of the attributions of each example with its expected value. */
export function completenessOf(values: Values, expected: Values): Completeness[] {
  const size = values.length / expected.length;
  return Array.from(expected, (wanted, n) => {
    const sum = sumOf(values.subarray(n * size, (n + 1) * size));
    // No sum reaches the infinite score of a masked class.
    const gap = Number.isFinite(wanted) ? Math.abs(sum - wanted) / Math.max(Math.abs(wanted), 1e-12) : 1;
    return { sum, expected: wanted, gap };
  });
}
