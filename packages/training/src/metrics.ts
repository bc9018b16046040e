import { ShapeError, showShape, ValueError } from "@convlens/backend";
import {
  absolute,
  argmax,
  equal,
  greater,
  multiply,
  notEqual,
  square,
  subtract,
  sum,
  type Tensor,
} from "@convlens/tensor";
import { meanOf, type Metric } from "./metric.ts";

/** @throws `ShapeError` unless outputs are scores of two classes or more, and targets labels. */
function checkScores(name: string, outputs: Tensor, targets: Tensor): void {
  const isRight =
    (outputs.shape.at(-1) ?? 0) >= 2 && showShape(outputs.shape.slice(0, -1)) === showShape(targets.shape);
  if (isRight) return;
  throw new ShapeError({
    operation: name,
    expected: "scores of two classes or more […, classes] and labels […]",
    got: [outputs.shape, targets.shape],
    gotWords: `outputs ${showShape(outputs.shape)} and targets ${showShape(targets.shape)}`,
    fix: "use binaryAccuracy for one logit for each target",
  });
}

/** 1 where the label was predicted, 0 elsewhere, also where a score is NaN. */
function predicted(outputs: Tensor, targets: Tensor): Tensor {
  const isNumber = equal(sum(outputs, -1), sum(outputs, -1));
  return multiply(equal(argmax(outputs), targets), isNumber);
}

/** Share of the labels that were predicted: outputs are scores `[…, classes]`, targets labels `[…]`. */
export const accuracy: Metric = /* @__PURE__ */ meanOf((outputs, targets) => {
  checkScores("accuracy", outputs, targets);
  return predicted(outputs, targets);
}, "maximize");

/** {@link accuracy} of the labels that are not `ignoreLabel`. */
export const accuracyWithout = (ignoreLabel: number): Metric => ({
  record: (outputs, targets) => {
    checkScores("accuracy", outputs, targets);
    const counted = notEqual(targets, ignoreLabel);
    return { sum: sum(multiply(predicted(outputs, targets), counted)), count: sum(counted) };
  },
  value: accuracy.value,
  goal: "maximize",
});

/** Share of the targets 0 and 1 that have the sign of their logit; for masks and several labels at once. */
export const binaryAccuracy: Metric = /* @__PURE__ */ meanOf((outputs, targets) => {
  if (showShape(outputs.shape) !== showShape(targets.shape))
    throw new ShapeError({
      operation: "binaryAccuracy",
      expected: `targets of the shape of the outputs, ${showShape(outputs.shape)}`,
      got: targets.shape,
    });
  return multiply(equal(greater(outputs, 0), targets), equal(outputs, outputs));
}, "maximize");

/** Mean absolute error. */
export const mae: Metric = /* @__PURE__ */ meanOf(
  (outputs, targets) => absolute(subtract(outputs, targets)),
  "minimize",
);

/** Mean squared error. */
export const mse: Metric = /* @__PURE__ */ meanOf((outputs, targets) => square(subtract(outputs, targets)), "minimize");

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
