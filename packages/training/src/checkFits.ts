import { sameShape, ShapeError, showShape, traitsOf, ValueError, type Shape } from "@convlens/backend";
import type { Dataset } from "@convlens/datasets";
import { apply, type Layer, type Mode } from "@convlens/layers";
import { programOf, sorted, zeros, type Tensor } from "@convlens/tensor";
import { recordLoss, type Loss } from "./losses.ts";

/** What data must fit. */
export interface Fitting {
  readonly batchSize: number;
  readonly loss: Loss;
  /** The data set that is tested on. */
  readonly test?: Dataset | undefined;
}

/**
 * Checks the model and its loss, recorded but not computed, against the data.
 *
 * @throws `ShapeError` or `ValueError` where they do not belong together.
 */
export function checkFits(model: Layer, data: Dataset, { batchSize, loss, test }: Fitting): void {
  if (test !== undefined && !sameShape(test.shape, data.shape))
    throw new ShapeError(
      `fit: examples of the test set are ${showShape(test.shape)}, those of the data ${showShape(data.shape)}; expected one shape`,
      { operation: "fit", axis: "test", expected: data.shape, got: test.shape },
    );
  const outputs = model.call(zeros([1, ...data.shape]));
  if (outputs.shape[0] !== 1)
    throw new ShapeError(
      `fit: the model makes ${showShape(outputs.shape)} of a batch of one; expected the batch axis to stay first`,
      { operation: "fit", expected: "[1, …]", got: outputs.shape },
    );
  const shape = [Math.min(batchSize, data.size), ...data.shape];
  checkLabels("fit: the data", data, classesOf(model, loss, shape, { training: true }));
  if (test !== undefined) checkLabels("fit: the test set", test, classesOf(model, loss, shape));
}

/**
 * The number of classes that a loss tells apart, of inputs of this shape: labels must be below it. `Infinity` where it takes
 * them for numbers, as in a regression.
 */
export function classesOf(model: Layer, loss: Loss, shape: Shape, mode?: Mode): number {
  let classes = Infinity;
  // As a program, so that nothing that the model or the loss assigns is kept.
  programOf(
    (inputs: Tensor, targets: Tensor) => {
      const error = recordLoss(loss, apply(model, inputs, mode), targets);
      classes = depthOf(error, targets);
      return error;
    },
    [zeros(shape), zeros(shape.slice(0, 1))],
    { backend: { supports: () => false } },
  );
  return classes;
}

/** The depth of the one-hot rows that a recorded loss makes of targets, or the number of rows that it gathers by them. */
function depthOf(error: Tensor, targets: Tensor): number {
  const labels = new Set([targets]);
  let classes = Infinity;
  for (const t of sorted([error], ({ inputs }) => inputs)) {
    const [a, b] = t.inputs;
    if (traitsOf(t.operation).moves && labels.has(a!)) labels.add(t);
    else if (t.operation === "gather" && labels.has(b!)) classes = Math.min(classes, a!.shape[0]!);
    else if (t.operation === "equal" && labels.has(a!) && isRange(b!)) classes = Math.min(classes, b!.size);
  }
  return classes;
}

/** Whether a tensor lists the classes: 0, 1, …, as `oneHot` does. */
const isRange = (t: Tensor): boolean => t.rank === 1 && t.isKnown && t.values.every((x, i) => x === i);

/** @throws `ValueError` where a label is none of this number of classes. */
export function checkLabels(owner: string, data: Dataset, classes: number): void {
  const label = labelBeyond(data, classes);
  if (label === undefined) return;
  const units = Math.max(data.classes.length, label + 1);
  const fix = label < 0 ? "labels are whole numbers from 0" : `give its last layer ${units} units`;
  throw new ValueError(
    `${owner} has the label ${label}, out of range for the ${classes} outputs of the model; ${fix}`,
    { operation: "fit", expected: `labels 0 to ${classes - 1}`, got: label, fix },
  );
}

/** The smallest label, if it is below 0, or the largest, if it is no class; `Infinity` classes are those of a regression. */
export function labelBeyond({ labels }: Dataset, classes: number): number | undefined {
  if (classes === Infinity) return undefined;
  let [least, most] = [0, 0];
  for (const label of labels) {
    least = Math.min(least, label);
    most = Math.max(most, label);
  }
  return least < 0 ? least : most >= classes ? most : undefined;
}
