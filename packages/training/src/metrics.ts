import { ValueError } from "@convlens/backend";

function checkLengths(name: string, a: ArrayLike<number>, b: ArrayLike<number>): void {
  if (a.length !== b.length || a.length === 0)
    throw new ValueError(
      `${name}: expected as many predictions as labels, at least one, got ${a.length} and ${b.length}`,
      {
        operation: name,
        expected: b.length,
        got: a.length,
      },
    );
}

/** The share of labels that were predicted. */
export function accuracy(predicted: ArrayLike<number>, labels: ArrayLike<number>): number {
  checkLengths("accuracy", predicted, labels);
  let right = 0;
  for (let i = 0; i < labels.length; i++) if (predicted[i] === labels[i]) right++;
  return right / labels.length;
}

/**
 * The share of labels among the `k` classes with the largest scores.
 *
 * @param scores - `[n, classes]`, row-major.
 */
export function topK(scores: ArrayLike<number>, labels: ArrayLike<number>, k: number): number {
  const classes = scores.length / labels.length;
  if (!Number.isInteger(classes) || labels.length === 0)
    throw new ValueError(`topK: ${scores.length} scores do not make rows for ${labels.length} labels`, {
      operation: "topK",
      got: scores.length,
    });
  let right = 0;
  for (let i = 0; i < labels.length; i++) {
    const own = scores[i * classes + labels[i]!]!;
    let better = 0;
    for (let c = 0; c < classes; c++) if (scores[i * classes + c]! > own) better++;
    if (better < k) right++;
  }
  return right / labels.length;
}

/** How often each class (row) was taken for each (column). */
export function confusionMatrix(predicted: ArrayLike<number>, labels: ArrayLike<number>, classes: number): number[][] {
  checkLengths("confusionMatrix", predicted, labels);
  const matrix = Array.from({ length: classes }, () => Array.from({ length: classes }, () => 0));
  for (let i = 0; i < labels.length; i++) {
    const row = matrix[labels[i]!];
    if (row?.[predicted[i]!] === undefined)
      throw new ValueError(
        `confusionMatrix: label ${labels[i]} and prediction ${predicted[i]} must be below the ${classes} classes`,
        {
          operation: "confusionMatrix",
          expected: `0 to ${classes - 1}`,
          got: [labels[i], predicted[i]],
        },
      );
    row[predicted[i]!]!++;
  }
  return matrix;
}

/** How well one class is told from the others. */
export interface ClassScores {
  /** Of those taken for this class, the share that are. NaN if there are none. */
  readonly precision: number;
  /** Of those that are, the share taken for it. NaN if there are none. */
  readonly recall: number;
  /** The harmonic mean of both; 0 if none was right. */
  readonly f1: number;
}

/** Precision, recall and F1 of each class of a confusion matrix. */
export const classScores = (matrix: readonly (readonly number[])[]): ClassScores[] =>
  matrix.map((row, c) => {
    const right = row[c]!;
    const are = row.reduce((sum, n) => sum + n, 0);
    const taken = matrix.reduce((sum, other) => sum + other[c]!, 0);
    return { precision: right / taken, recall: right / are, f1: (2 * right) / (are + taken) || 0 };
  });

/** The mean over classes, each counting the same. */
export const macro = (scores: readonly ClassScores[], score: keyof ClassScores): number =>
  scores.reduce((sum, each) => sum + (Number.isNaN(each[score]) ? 0 : each[score]), 0) / scores.length;
