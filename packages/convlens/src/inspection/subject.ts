import { recordModel, type RecordedLayer } from "@convlens/analysis";
import { traitsOf, ValueError, type Shape } from "@convlens/backend";
import { batches, subset, type Dataset } from "@convlens/datasets";
import { predict } from "@convlens/layers";
import { softmax, tensor, type Tensor } from "@convlens/tensor";
import type { ImageInput } from "../images/imageToInput.ts";
import type { InversionCheck } from "../images/looksInverted.ts";
import type { RunHistory } from "../runFolder.ts";
import type { TrainedModel } from "../trainedModel.ts";

/** A net as a run has left it, and how it learned, where that was kept. */
export interface InspectedRun extends TrainedModel {
  readonly history: RunHistory | undefined;
}

/** What is looked at: a net and one input of it. */
export interface Subject extends InspectedRun {
  /** What the input is called: "example 3, a “7”" or the file. */
  readonly inputName: string;
  /** Of the input: `[height, width, channels]` or `[length, channels]`. */
  readonly shape: Shape;
  readonly values: Float32Array;
  /** The same as a batch of one. */
  readonly x: Tensor;
  /** What the net takes it for: the share of each class, and the largest. */
  readonly shares: readonly number[];
  readonly answer: number;
  /** The layers that make something of their own, containers left out. */
  readonly layers: readonly RecordedLayer[];
  /** Its class, where that is known. */
  readonly label?: number;
  /** If it is a file: its pixels as they were, made small enough to show, and what was done to them. */
  readonly file?: ImageFile;
}

/** An image that was given. */
export interface ImageFile {
  readonly name: string;
  /** Its size, height before width. */
  readonly size: readonly [height: number, width: number];
  readonly preview: ImageInput;
  readonly input: ImageInput;
  readonly inversion: InversionCheck;
  readonly isInverted: boolean;
}

/** A net and the input that it is asked about. */
export async function subjectOf(
  trained: InspectedRun,
  inputName: string,
  values: Float32Array,
  more: Pick<Subject, "label" | "file"> = {},
): Promise<Subject> {
  const { model, sets } = trained;
  const { shape } = sets.test;
  const x = tensor(values, [1, ...shape]);
  const shares = Array.from(await softmax(await predict(model, x)).data());
  const layers = recordModel(model, shape).layers.filter(({ isContainer }) => !isContainer);
  if (shares.some(Number.isNaN))
    throw new ValueError(
      `the model answers ${inputName} with numbers that are not finite, so there is nothing to explain; train it again with a lower rate`,
      { expected: "finite scores", got: NaN, fix: "a lower rate" },
    );
  const answer = shares.indexOf(Math.max(...shares));
  return { ...trained, inputName, shape, values, x, shares, answer, layers, ...more };
}

/** How a layer is called on the page: its path and its kind. */
export const nameOf = ({ name, type }: Pick<RecordedLayer, "name" | "type">): string => `${name} ${type}`.trim();

/** How a class is called. */
export const className = ({ sets }: Pick<TrainedModel, "sets">, label: number): string =>
  `“${sets.test.classes[label] ?? label}”`;

/** Whether what a layer makes has places: maps, not only numbers. */
export const hasPlaces = ({ output }: RecordedLayer): boolean =>
  output.rank >= 3 && output.shape.slice(1, -1).some((size) => size > 1);

/** Layers with weights of their own that slide over places. */
export const convolutions = ({ layers }: Pick<Subject, "layers">): RecordedLayer[] =>
  layers.filter(
    (layer) =>
      hasPlaces(layer) &&
      layer.operations.some(({ operation }) => {
        const { weighs, slides } = traitsOf(operation);
        return weighs && slides;
      }),
  );

/** The layer whose numbers say what a filter found: the one that bends them, if it comes next. */
export function detectorOf({ layers }: Pick<Subject, "layers">, convolution: RecordedLayer): RecordedLayer {
  const next = layers[layers.indexOf(convolution) + 1];
  if (next?.input !== convolution.output) return convolution;
  const { kind, elementwise } = traitsOf(next.output.operation);
  return elementwise && (kind === "curve" || kind === "choice") ? next : convolution;
}

/** Some examples of a data set as one batch, evenly spread over it. */
export function someOf(
  data: Dataset,
  count: number,
): { readonly inputs: Tensor; readonly labels: Int32Array; readonly indices: readonly number[] } {
  const size = Math.min(count, data.size);
  const indices = Array.from({ length: size }, (_, i) => Math.floor((i * data.size) / size));
  const [batch] = batches(subset(data, indices), { size });
  return { inputs: batch!.inputs, labels: Int32Array.from(indices, (index) => data.labels[index]!), indices };
}
