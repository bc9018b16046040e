import { runTraitsOf, ShapeError, ValueError } from "@convlens/backend";
import type { Dataset } from "@convlens/datasets";
import { apply, type Layer, type Mode } from "@convlens/layers";
import {
  isShape,
  mapTensors,
  mapTree,
  programOf,
  showShapes,
  sorted,
  Tensor,
  zeros,
  type Shapes,
  type Tensors,
} from "@convlens/tensor";
import { recordLoss, type Loss } from "./loss.ts";

/** Options of {@link checkFits}. */
export interface Fitting<Input, Output, Target> {
  readonly batchSize: number;
  readonly loss: Loss<Output, Target>;
  readonly validation?: Dataset<Input, Target> | undefined;
}

const zerosOf = (shapes: unknown, batch: number): Tensors =>
  mapTree(shapes, isShape, (shape: Shapes) => zeros([batch, ...(shape as number[])])) as Tensors;

/** Shapes of one example of a batch. */
const exampleShapes = (tensors: unknown): Shapes => mapTensors(tensors, ({ shape }) => shape.slice(1)) as Shapes;

/**
 * Checks that a model, its loss and the data fit together. The model is recorded, not computed.
 *
 * @throws `ShapeError` or `ValueError` where they do not.
 */
export function checkFits<Input, Output, Target>(
  model: Layer<Input, Output>,
  data: Dataset<Input, Target>,
  { batchSize, loss, validation }: Fitting<Input, Output, Target>,
): void {
  for (const part of ["input", "target"] as const) {
    const [own, other] = [data.shapes[part] as Shapes, validation?.shapes[part] as Shapes | undefined];
    if (other !== undefined && showShapes(own) !== showShapes(other))
      throw new ShapeError({
        operation: "fit",
        what: `the ${part}s of the validation data`,
        expected: `of shape ${showShapes(own)} like those of the data`,
        got: other,
        gotWords: showShapes(other),
      });
  }
  const outputs = apply(model, zerosOf(data.shapes.input, 1) as Input);
  mapTensors(outputs, ({ shape }) => {
    if (shape[0] === 1) return;
    throw new ShapeError({
      operation: "fit",
      what: "the output for a batch of one",
      expected: "[1, …] with the batch axis first",
      got: shape,
    });
  });
  const size = data.kind === "sized" ? Math.min(batchSize, data.size) : batchSize;
  checkLabels("fit: the data", data, classesOf(model, loss, data, size, { training: true }));
  if (validation !== undefined)
    checkLabels("fit: the validation data", validation, classesOf(model, loss, validation, size));
}

/**
 * Number of classes that a loss distinguishes; labels must be below it. `Infinity` where it treats labels as numbers, as in a
 * regression.
 *
 * @param size - Examples in a batch.
 * @throws `ShapeError` that names the outputs and the targets, where the loss refuses them.
 */
export function classesOf<Input, Output, Target>(
  model: Layer<Input, Output>,
  loss: Loss<Output, Target>,
  data: Dataset<Input, Target>,
  size: number,
  mode?: Mode,
): number {
  let classes = Infinity;
  // Recorded as a program, so that assignments of the model or the loss have no effect.
  programOf(
    (inputs: Tensors, targets: Tensors) => {
      const outputs = apply(model, inputs as Input, mode);
      const { sum: error } = pairing(outputs, targets, () =>
        recordLoss(loss, outputs, targets as Target, undefined, size),
      );
      if (targets instanceof Tensor) classes = depthOf(error, targets);
      return error;
    },
    [zerosOf(data.shapes.input, size), zerosOf(data.shapes.target, size)] as never,
    { backend: { supports: () => false } },
  );
  return classes;
}

/** @throws `ShapeError` with the shapes of outputs and targets, where a loss refuses them. */
function pairing<T>(outputs: unknown, targets: unknown, work: () => T): T {
  try {
    return work();
  } catch (error) {
    // An error of the loss alone, such as a result that is not a scalar, does not concern the shapes.
    if (!(error instanceof ShapeError) || error.details.operation === "loss") throw error;
    throw new ShapeError({
      operation: "fit",
      problem: `the loss does not fit outputs ${showShapes(exampleShapes(outputs))} of the model and targets ${showShapes(exampleShapes(targets))} of the data: ${error.message}`,
      cause: error,
    });
  }
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
export function checkLabels(owner: string, data: Dataset<unknown, unknown>, classes: number): void {
  const label = labelBeyond(data, classes);
  if (label === undefined) return;
  throw new ValueError({
    operation: owner,
    what: "a label",
    expected: `from 0 to ${classes - 1}, since the model has ${classes} outputs`,
    got: label,
    fix: label < 0 ? undefined : `give its last layer ${Math.max(data.classes?.length ?? 0, label + 1)} units`,
  });
}

/** A label that is negative or not below the number of classes, if there is one. `Infinity` classes mean a regression. */
export function labelBeyond({ labels }: Pick<Dataset, "labels">, classes: number): number | undefined {
  if (classes === Infinity || labels === undefined) return undefined;
  let [least, most] = [0, 0];
  for (const label of Array.from(labels)) {
    least = Math.min(least, label);
    most = Math.max(most, label);
  }
  return least < 0 ? least : most >= classes ? most : undefined;
}
