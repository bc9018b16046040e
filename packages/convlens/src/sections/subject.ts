import { recordModel, type RecordedLayer } from "@convlens/analysis";
import { traitsOf, type Shape } from "@convlens/backend";
import { batchOf, type Classification } from "@convlens/datasets";
import { predict } from "@convlens/layers";
import { softmax, tensor, type Tensor } from "@convlens/tensor";
import type { DefaultMetrics, Evaluation } from "@convlens/training";
import type { ImageInput } from "../images/imageToInput.ts";
import type { InversionCheck } from "../images/looksInverted.ts";
import type { RunHistory } from "../runFolder.ts";
import type { TrainedModel } from "../trainedModel.ts";

/** A trained model with the history of its training, where there is one. */
export interface InspectedRun extends TrainedModel {
  readonly history: RunHistory | undefined;
}

/** The subject of a page: a trained model and one of its inputs. */
export interface Subject extends InspectedRun {
  /** Name of the input: "example 3, a “7”" or that of the file. */
  readonly inputName: string;
  /** Shape of the input: `[height, width, channels]` or `[length, channels]`. */
  readonly shape: Shape;
  readonly values: Float32Array;
  /** The input as a batch of one. */
  readonly x: Tensor;
  /** The probability of each class. */
  readonly probabilities: readonly number[];
  /** The predicted class, or −1 if the outputs of the model are not finite. */
  readonly answer: number;
  /** The probability of the predicted class. */
  readonly confidence: number;
  /** The layers, without containers. */
  readonly layers: readonly RecordedLayer[];
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

/** Makes the subject of a page. */
export async function subjectOf(
  trained: InspectedRun,
  inputName: string,
  values: Float32Array,
  more: Pick<Subject, "label" | "file"> = {},
): Promise<Subject> {
  const { model, sets } = trained;
  const { input: shape } = sets.test.shapes;
  const x = tensor(values, [1, ...shape]);
  const probabilities = Array.from(await softmax(await predict(model, x)).data());
  const layers = recordModel(model, shape).layers.filter(({ isContainer }) => !isContainer);
  const confidence = Math.max(...probabilities);
  const answer = probabilities.indexOf(confidence);
  return { ...trained, inputName, shape, values, x, probabilities, answer, confidence, layers, ...more };
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
export const convolutions = ({ layers }: Pick<Subject, "layers">): RecordedLayer[] =>
  layers.filter(
    (layer) =>
      hasPlaces(layer) &&
      layer.operations.some(({ operation }) => {
        const { weighs, slides } = traitsOf(operation);
        return weighs && slides;
      }),
  );

/** The activation function behind a convolution, or else the convolution itself. */
export function detectorOf({ layers }: Pick<Subject, "layers">, convolution: RecordedLayer): RecordedLayer {
  const next = layers[layers.indexOf(convolution) + 1];
  if (next?.input !== convolution.output) return convolution;
  const { kind, elementwise } = traitsOf(next.output.operation);
  return elementwise && (kind === "curve" || kind === "choice") ? next : convolution;
}

/** One example of a data set. */
export function exampleOf(
  data: Classification,
  index: number,
): { readonly shape: Shape; readonly values: Float32Array } {
  const { inputs } = batchOf(data, [index]);
  return { shape: inputs.shape.slice(1), values: Float32Array.from(inputs.knownValues) };
}

/** Evenly spaced examples of a data set as one batch. */
export function someOf(
  data: Classification,
  count: number,
): { readonly inputs: Tensor; readonly labels: Int32Array; readonly indices: readonly number[] } {
  const size = Math.min(count, data.size);
  const indices = Array.from({ length: size }, (_, i) => Math.floor((i * data.size) / size));
  const { inputs } = batchOf(data, indices);
  return { inputs, labels: Int32Array.from(indices, (index) => data.labels[index]!), indices };
}
