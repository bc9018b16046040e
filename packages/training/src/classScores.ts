import { ValueError } from "@convlens/backend";
import { f1Of, precisionOf, recallOf } from "./classMetrics.ts";

/** Scores of one class. */
export interface ClassScores {
  /** Share of the examples predicted as this class that belong to it. NaN if there are none. */
  readonly precision: number;
  /** Share of the examples of this class that were predicted as it. NaN if there are none. */
  readonly recall: number;
  /** Harmonic mean of both; 0 if no prediction was right. NaN if the class occurs neither in labels nor in predictions. */
  readonly f1: number;
}

/**
 * Precision, recall and F1 of each class of a confusion matrix.
 *
 * @param matrix - Square.
 */
export function classScores(matrix: readonly (readonly number[])[]): ClassScores[] {
  if (matrix.some((row) => row.length !== matrix.length))
    throw new ValueError({
      operation: "classScores",
      what: "the confusion matrix",
      expected: "square",
      got: matrix.map((row) => row.length),
      gotWords: `${matrix.length} rows of ${matrix.map((row) => row.length).join(", ")}`,
    });
  return matrix.map((row, c) => {
    const actual = row.reduce((total, n) => total + n, 0);
    const predicted = matrix.reduce((total, other) => total + other[c]!, 0);
    const counts = { right: row[c]!, predicted, actual };
    return { precision: precisionOf(counts), recall: recallOf(counts), f1: f1Of(counts) };
  });
}

/**
 * Unweighted mean of a score over the classes, like scikit-learn's `average="macro"`: classes that occur neither in labels nor
 * in predictions are left out, and a score of 0 / 0 of a class that does occur counts as 0. NaN if no class occurs.
 */
export function macro(scores: readonly ClassScores[], score: keyof ClassScores): number {
  const occurring = scores.filter(({ precision: p, recall: r }) => !Number.isNaN(p) || !Number.isNaN(r));
  return occurring.reduce((total, each) => total + (each[score] || 0), 0) / occurring.length;
}
