import { recordModel, type RecordedLayer } from "@convlens/analysis";
import { traitsOf, type Shape } from "@convlens/backend";
import { batchOf, subset, type Classification } from "@convlens/datasets";
import { predict } from "@convlens/layers";
import { softmax, tensor, type Tensor } from "@convlens/tensor";
import type { DefaultMetrics, Evaluation } from "@convlens/training";
import { firstExamples } from "../examples.ts";
import type { ImageInput } from "../images/imageToInput.ts";
import type { InversionCheck } from "../images/looksInverted.ts";
import type { Examples } from "../openData.ts";
import type { RunHistory } from "../runFolder.ts";
import type { TrainedModel } from "../trainedModel.ts";

/** A trained model with the history of its training, where there is one. */
export interface InspectedRun<D extends Examples = Classification> extends TrainedModel<D> {
  readonly history: RunHistory | undefined;
}

/** A trained model and one of its inputs, whatever its task. */
export interface ModelSubject<D extends Examples = Examples> extends InspectedRun<D> {
  /** Name of the input: "example 3, a “7”" or that of the file. */
  readonly inputName: string;
  /** Shape of the input: `[height, width, channels]` or `[length, channels]`. */
  readonly shape: Shape;
  readonly values: Float32Array;
  /** The input as a batch of one. */
  readonly x: Tensor;
  /** The layers, without containers. */
  readonly layers: readonly RecordedLayer[];
}

/** The subject of a page about a classifier. */
export interface Subject extends ModelSubject<Classification> {
  /** The probability of each class. */
  readonly probabilities: readonly number[];
  /** The predicted class, or −1 if the outputs of the model are not finite. */
  readonly answer: number;
  /** The probability of the predicted class. */
  readonly confidence: number;
  /** The true class, where it is known. */
  readonly label?: number;
  /** The image file, if the input is one. */
  readonly file?: ImageFile;
}

/** A subject with the results of its model on the test set. */
export interface EvaluatedSubject extends Subject {
  readonly evaluation: Evaluation<DefaultMetrics>;
}

/** An image file as an input. */
export interface ImageFile {
  readonly name: string;
  /** Pixels. */
  readonly size: readonly [height: number, width: number];
  /** The original, small enough to show. */
  readonly preview: ImageInput;
  readonly input: ImageInput;
  readonly inversion: InversionCheck;
  readonly isInverted: boolean;
}

/** Makes the subject of a page, whatever the task. */
export function modelSubjectOf<D extends Examples>(
  run: InspectedRun<D>,
  inputName: string,
  values: Float32Array,
): ModelSubject<D> {
  const { input: shape } = run.sets.test.shapes;
  const layers = recordModel(run.model, shape).layers.filter(({ isContainer }) => !isContainer);
  return { ...run, inputName, shape, values, x: tensor(values, [1, ...shape]), layers };
}

/** Makes the subject of a page about a classifier. */
export async function subjectOf(
  trained: InspectedRun,
  inputName: string,
  values: Float32Array,
  more: Pick<Subject, "label" | "file"> = {},
): Promise<Subject> {
  const subject = modelSubjectOf(trained, inputName, values);
  const probabilities = Array.from(await softmax(await predict(trained.model, subject.x)).data());
  const confidence = Math.max(...probabilities);
  return { ...subject, probabilities, answer: probabilities.indexOf(confidence), confidence, ...more };
}

/** Makes the subject of a page about an example of the test set. */
export function exampleSubject(trained: InspectedRun, index: number): Promise<Subject> {
  const { test } = trained.sets;
  const label = test.labels[index]!;
  return subjectOf(trained, `example ${index}, a “${test.classes[label]}”`, exampleOf(test, index).values, { label });
}

/** The name of a layer on the page: its path and its class. */
export const nameOf = ({ name, type }: Pick<RecordedLayer, "name" | "type">): string => `${name} ${type}`.trim();

/** The name of a class, quoted. */
export const className = ({ sets }: Pick<TrainedModel, "sets">, label: number): string =>
  `“${sets.test.classes[label] ?? label}”`;

/** Whether the output of a layer has positions: maps rather than single numbers. */
export const hasPlaces = ({ output }: RecordedLayer): boolean =>
  output.rank >= 3 && output.shape.slice(1, -1).some((size) => size > 1);

/** The convolutional layers whose output has positions. */
export const convolutions = ({ layers }: Pick<ModelSubject, "layers">): RecordedLayer[] =>
  layers.filter(
    (layer) =>
      hasPlaces(layer) &&
      layer.operations.some(({ operation }) => {
        const { weighs, slides } = traitsOf(operation);
        return weighs && slides;
      }),
  );

/** The activation function behind a convolution, or else the convolution itself. */
export function detectorOf({ layers }: Pick<ModelSubject, "layers">, convolution: RecordedLayer): RecordedLayer {
  const next = layers[layers.indexOf(convolution) + 1];
  if (next?.input !== convolution.output) return convolution;
  const { kind, elementwise } = traitsOf(next.output.operation);
  return elementwise && (kind === "curve" || kind === "choice") ? next : convolution;
}

/** One example of a data set. */
export function exampleOf(data: Examples, index: number): { readonly shape: Shape; readonly values: Float32Array } {
  const { inputs } = batchOf(data, [index]);
  return { shape: inputs.shape.slice(1), values: Float32Array.from(inputs.knownValues) };
}

/** Evenly spaced examples of a data set as one batch. */
export async function someOf(
  data: Classification,
  count: number,
): Promise<{ readonly inputs: Tensor; readonly labels: Int32Array; readonly indices: readonly number[] }> {
  const size = Math.min(count, data.size);
  const indices = Array.from({ length: size }, (_, i) => Math.floor((i * data.size) / size));
  const { inputs } = await firstExamples(subset(data, indices), size);
  return { inputs, labels: Int32Array.from(indices, (index) => data.labels[index]!), indices };
}
