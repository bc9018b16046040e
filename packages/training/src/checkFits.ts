import { sameShape, ShapeError, showShape, runTraitsOf, ValueError, type Shape } from "@convlens/backend";
import type { Dataset } from "@convlens/datasets";
import { apply, singleTensor, type Layer, type Mode } from "@convlens/layers";
import { programOf, sorted, zeros, type Tensor } from "@convlens/tensor";
import { recordLoss, type Loss } from "./losses.ts";

/** Options of {@link checkFits}. */
export interface Fitting {
  readonly batchSize: number;
  readonly loss: Loss;
  /** Test set. */
  readonly test?: Dataset | undefined;
}

/**
 * Checks that a model, its loss and the data fit together. The model is recorded, not computed.
 *
 * @throws `ShapeError` or `ValueError` where they do not.
 */
export function checkFits(model: Layer, data: Dataset, { batchSize, loss, test }: Fitting): void {
  if (test !== undefined && !sameShape(test.shape, data.shape))
    throw new ShapeError({
      operation: "fit",
      what: "examples of the test set",
      expected: `of shape ${showShape(data.shape)} like the data`,
      got: test.shape,
    });
  const outputs = singleTensor("output", model.call(zeros([1, ...data.shape])), "fit");
  if (outputs.shape[0] !== 1)
    throw new ShapeError({
      operation: "fit",
      what: "the output for a batch of one",
      expected: "[1, …] with the batch axis first",
      got: outputs.shape,
    });
  const shape = [Math.min(batchSize, data.size), ...data.shape];
  checkLabels("fit: the data", data, classesOf(model, loss, shape, { training: true }));
  if (test !== undefined) checkLabels("fit: the test set", test, classesOf(model, loss, shape));
}

/**
 * Number of classes that a loss distinguishes; labels must be below it. `Infinity` where it treats labels as numbers, as in a
 * regression.
 *
 * @param shape - Of the inputs, `[n, …]`.
 */
export function classesOf(model: Layer, loss: Loss, shape: Shape, mode?: Mode): number {
  let classes = Infinity;
  // Recorded as a program, so that assignments of the model or the loss have no effect.
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

/** Depth of the one-hot rows that a recorded loss makes of the targets, or number of rows that it gathers with them. */
function depthOf(error: Tensor, targets: Tensor): number {
  const labels = new Set([targets]);
  let classes = Infinity;
  for (const t of sorted([error], ({ inputs }) => inputs)) {
    const [a, b] = t.inputs;
    if (runTraitsOf(t.operation).moves && labels.has(a!)) labels.add(t);
    else if (t.operation === "gather" && labels.has(b!)) classes = Math.min(classes, a!.shape[0]!);
    else if (t.operation === "equal" && labels.has(a!) && isRange(b!)) classes = Math.min(classes, b!.size);
  }
  return classes;
}

/** Whether a tensor holds the classes 0, 1, …, which `oneHot` compares labels with. */
const isRange = (t: Tensor): boolean => t.rank === 1 && t.isKnown && t.knownValues.every((x, i) => x === i);

/** @throws `ValueError` for a label that is not below this number of classes. */
export function checkLabels(owner: string, data: Dataset, classes: number): void {
  const label = labelBeyond(data, classes);
  if (label === undefined) return;
  throw new ValueError({
    operation: owner,
    what: "a label",
    expected: `from 0 to ${classes - 1}, since the model has ${classes} outputs`,
    got: label,
    fix: label < 0 ? undefined : `give its last layer ${Math.max(data.classes.length, label + 1)} units`,
  });
}

/** A label that is negative or not below the number of classes, if there is one. `Infinity` classes mean a regression. */
export function labelBeyond({ labels }: Dataset, classes: number): number | undefined {
  if (classes === Infinity) return undefined;
  let [least, most] = [0, 0];
  for (const label of labels) {
    least = Math.min(least, label);
    most = Math.max(most, label);
  }
  return least < 0 ? least : most >= classes ? most : undefined;
}
