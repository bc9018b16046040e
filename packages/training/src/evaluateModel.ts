import { anyOption, checkOptions, functionOption, turn, wholeFrom } from "@convlens/backend";
import { exp } from "@convlens/backend/math";
import { batches, type Dataset } from "@convlens/datasets";
import { compiledFor, compileModel, recordForward, singleTensor, type Layer } from "@convlens/layers";
import type { Compiled, Tensor } from "@convlens/tensor";
import { answersOf } from "./answers.ts";
import { checkLabels, classesOf, labelBeyond } from "./checkFits.ts";
import { checkSubject } from "./fitOptions.ts";
import { crossEntropy, recordLoss, type Loss } from "./losses.ts";
import { confusionMatrix } from "./metrics.ts";

/** Example that a model classifies wrongly. */
export interface Mistake {
  /** Index of the example in the data set. */
  readonly index: number;
  readonly label: number;
  /** Predicted class; NaN where the outputs are NaN. */
  readonly predicted: number;
  /** Probability of the predicted class: by softmax, or by the sigmoid of a single logit. */
  readonly confidence: number;
}

/** Result of {@link evaluateModel}. */
export interface Evaluation {
  readonly loss: number;
  /**
   * Share of the examples whose label was predicted. Absent, like `confusion` and `mistakes`, if the loss does not treat the
   * outputs as scores of classes, as for an autoencoder.
   */
  readonly accuracy?: number;
  /** Number of examples of each class (row) that were predicted as each class (column), without those with NaN outputs. */
  readonly confusion?: readonly (readonly number[])[];
  /** Wrongly classified examples, the most confident first. */
  readonly mistakes?: readonly Mistake[];
}

/** Options of {@link evaluateModel}. */
export interface EvaluateOptions {
  /** Examples in a batch. Default: 200. */
  readonly batchSize?: number;
  /** Scalar loss of outputs and targets. Default: {@link crossEntropy}. */
  readonly loss?: Loss;
  /** Aborts between two batches. */
  readonly signal?: AbortSignal | undefined;
}

type Scores = {
  readonly loss: Tensor;
  readonly outputs: Tensor;
  readonly predicted?: Tensor;
  readonly correct?: Tensor;
};
type Program = Compiled<[inputs: Tensor, labels: Tensor], { readonly [name: string]: Tensor }>;

/** The compiled evaluation of a model. */
const programOf = (model: Layer, loss: Loss): Program =>
  compiledFor(model, loss, () =>
    compileModel(model, (inputs: Tensor, labels: Tensor): { readonly [name: string]: Tensor } => {
      const outputs = singleTensor("output", recordForward(model, inputs), "evaluateModel");
      const error = recordLoss(loss, outputs, labels);
      return { loss: error, outputs, ...answersOf(outputs, labels, error) };
    }),
  );

/** Probability of a class in a row of outputs: by softmax, or by the sigmoid of a single logit. */
function confidenceOf(row: ArrayLike<number>, guess: number): number {
  if (row.length === 1) return 1 / (1 + exp(-Math.abs(row[0]!)));
  let sum = 0;
  for (let c = 0; c < row.length; c++) sum += exp(row[c]! - row[guess]!);
  return 1 / sum;
}

/**
 * Evaluates a model on all examples of a data set.
 *
 * @param model - `[n, …] → [n, classes]`, or any other output that the loss accepts.
 * @throws `ValueError` for an option that is unknown or wrong, and labels beyond the outputs of the model; `ShapeError` for a
 * loss that is not a scalar.
 */
export async function evaluateModel(model: Layer, data: Dataset, options: EvaluateOptions = {}): Promise<Evaluation> {
  checkSubject("evaluateModel", model, data);
  checkOptions("evaluateModel", options, { batchSize: wholeFrom(1), loss: functionOption, signal: anyOption });
  const { batchSize = 200, loss = crossEntropy, signal } = options;
  const program = programOf(model, loss);
  const [predictions, labelled]: [number[], number[]] = [[], []];
  const mistakes: Mistake[] = [];
  let total = 0;
  let isClassifier = false;
  let classes = Math.max(2, data.classes.length);
  for (const { inputs, labels, indices } of batches(data, { size: batchSize })) {
    signal?.throwIfAborted();
    const scores = (await program(inputs, labels)) as Scores;
    // Labels beyond the outputs are correct only in a regression.
    if (indices[0] === 0 && labelBeyond(data, scores.outputs.shape.at(-1) ?? 1) !== undefined)
      checkLabels("evaluateModel: the data", data, classesOf(model, loss, inputs.shape));
    total += scores.loss.knownValue * indices.length;
    const { predicted, correct, outputs } = scores;
    if (predicted !== undefined && correct !== undefined) {
      isClassifier = true;
      const width = outputs.size / indices.length;
      classes = Math.max(classes, width);
      indices.forEach((index, i) => {
        const label = data.labels[index]!;
        const row = outputs.knownValues.subarray(i * width, (i + 1) * width);
        const isNumber = !row.some(Number.isNaN);
        const guess = isNumber ? predicted.knownValues[i]! : NaN;
        if (isNumber) {
          predictions.push(guess);
          labelled.push(label);
        }
        if (correct.knownValues[i] === 1) return;
        mistakes.push({ index, label, predicted: guess, confidence: isNumber ? confidenceOf(row, guess) : 0 });
      });
    }
    await turn();
  }
  if (!isClassifier) return { loss: total / data.size };
  mistakes.sort((a, b) => b.confidence - a.confidence || a.index - b.index);
  return {
    loss: total / data.size,
    accuracy: (data.size - mistakes.length) / data.size,
    confusion:
      predictions.length > 0
        ? confusionMatrix(predictions, labelled, classes)
        : Array.from({ length: classes }, () => new Array<number>(classes).fill(0)),
    mistakes,
  };
}
