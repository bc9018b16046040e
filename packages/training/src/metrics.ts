import { checkValue, ValueError, wholeFrom } from "@convlens/backend";

function checkLengths(name: string, a: ArrayLike<number>, b: ArrayLike<number>): void {
  if (a.length !== b.length || a.length === 0)
    throw new ValueError({
      operation: name,
      expected: "as many predictions as labels, at least one",
      got: [a.length, b.length],
      gotWords: `${a.length} and ${b.length}`,
    });
}

/** Share of the labels that were predicted. */
export function accuracy(predicted: ArrayLike<number>, labels: ArrayLike<number>): number {
  checkLengths("accuracy", predicted, labels);
  let right = 0;
  for (let i = 0; i < labels.length; i++) if (predicted[i] === labels[i]) right++;
  return right / labels.length;
}

/** @throws `ValueError` for a number that is not a class. */
function checkClass(name: string, what: string, got: number | undefined, classes: number): void {
  if (Number.isInteger(got) && got! >= 0 && got! < classes) return;
  throw new ValueError({
    operation: name,
    what,
    expected: `a whole number below ${classes}, the number of classes`,
    got,
  });
}

/**
 * Share of the labels that are among the `k` classes with the largest scores. Of equal scores the first class counts as the
 * larger one, as in `argmax`, so with `k` = 1 this is the accuracy. A label whose score is NaN is never among them, and other
 * scores that are NaN count as larger.
 *
 * @param scores - `[n, classes]`, row-major.
 * @param labels - Classes `[n]`.
 * @throws `ValueError` if `k` is not a whole number of at least 1, or a label is not a class.
 */
export function topK(scores: ArrayLike<number>, labels: ArrayLike<number>, k: number): number {
  checkValue("topK", "k", k, wholeFrom(1));
  const classes = scores.length / labels.length;
  if (!Number.isInteger(classes) || classes === 0)
    throw new ValueError({
      operation: "topK",
      expected: `a row of scores for each of ${labels.length} labels`,
      got: scores.length,
      gotWords: `${scores.length} scores`,
    });
  let right = 0;
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    checkClass("topK", `labels[${i}]`, label, classes);
    const own = scores[i * classes + label]!;
    let better = Number.isNaN(own) ? Infinity : 0;
    for (let c = 0; c < classes; c++) {
      const other = scores[i * classes + c]!;
      if (other > own || Number.isNaN(other) || (other === own && c < label)) better++;
    }
    if (better < k) right++;
  }
  return right / labels.length;
}

/**
 * Number of examples of each class (row) that were predicted as each class (column).
 *
 * @throws `ValueError` for a label or a prediction that is not a class.
 */
export function confusionMatrix(predicted: ArrayLike<number>, labels: ArrayLike<number>, classes: number): number[][] {
  checkLengths("confusionMatrix", predicted, labels);
  checkValue("confusionMatrix", "classes", classes, wholeFrom(1));
  const matrix = Array.from({ length: classes }, () => Array.from({ length: classes }, () => 0));
  for (let i = 0; i < labels.length; i++) {
    checkClass("confusionMatrix", `labels[${i}]`, labels[i], classes);
    checkClass("confusionMatrix", `predicted[${i}]`, predicted[i], classes);
    matrix[labels[i]!]![predicted[i]!]!++;
  }
  return matrix;
}

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
    const right = row[c]!;
    const are = row.reduce((sum, n) => sum + n, 0);
    const taken = matrix.reduce((sum, other) => sum + other[c]!, 0);
    return { precision: right / taken, recall: right / are, f1: (2 * right) / (are + taken) };
  });
}

/**
 * Unweighted mean of a score over the classes, like scikit-learn's `average="macro"`: classes that occur neither in labels nor
 * in predictions are left out, and a score of 0 / 0 of a class that does occur counts as 0. NaN if no class occurs.
 */
export function macro(scores: readonly ClassScores[], score: keyof ClassScores): number {
  const occurring = scores.filter(({ precision, recall }) => !Number.isNaN(precision) || !Number.isNaN(recall));
  return occurring.reduce((sum, each) => sum + (each[score] || 0), 0) / occurring.length;
}
