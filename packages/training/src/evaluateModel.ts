import { anyOption, checkOptions, functionOption, turn, wholeFrom } from "@convlens/backend";
import { exp } from "@convlens/backend/math";
import { batches, type Dataset } from "@convlens/datasets";
import { compiledFor, namePaths, type Layer } from "@convlens/layers";
import { argmax, compile, type Compiled, type Tensor } from "@convlens/tensor";
import { checkLabels, classesOf, labelBeyond } from "./checkFits.ts";
import { checkSubject } from "./fitOptions.ts";
import { crossEntropy, recordLoss, type Loss } from "./losses.ts";
import { accuracy, confusionMatrix } from "./metrics.ts";

/** One example that a model gets wrong. */
export interface Mistake {
  /** Which example. */
  readonly index: number;
  readonly label: number;
  readonly predicted: number;
  /** The share that softmax gives to the wrong class. */
  readonly confidence: number;
}

/** How good a model is on a data set. */
export interface Evaluation {
  readonly loss: number;
  readonly accuracy: number;
  /** How often each class (row) was taken for each (column). */
  readonly confusion: readonly (readonly number[])[];
  /** The most confident first. */
  readonly mistakes: readonly Mistake[];
}

/** Options of {@link evaluateModel}. */
export interface EvaluateOptions {
  /** Examples at a time. Default: 200. */
  readonly batchSize?: number;
  /** How wrong outputs are: a scalar of outputs and targets. Default: {@link crossEntropy}. */
  readonly loss?: Loss;
  /** Stops between batches. */
  readonly signal?: AbortSignal | undefined;
}

type Scores = { readonly loss: Tensor; readonly logits: Tensor; readonly predicted: Tensor };

/** The compiled evaluation of a model. */
const programOf = (model: Layer, loss: Loss): Compiled<[inputs: Tensor, labels: Tensor], Scores> =>
  compiledFor(model, loss, () => {
    namePaths(model);
    return compile((inputs: Tensor, labels: Tensor): Scores => {
      const logits = model.call(inputs);
      return { loss: recordLoss(loss, logits, labels), logits, predicted: argmax(logits) };
    });
  });

/**
 * Tests a classifier `[n, …] → [n, classes]` on every example of a data set.
 *
 * @throws `ValueError` for an option that is unknown or wrong, and labels beyond the outputs of the model; `ShapeError` for a
 * loss that is not a scalar.
 */
export async function evaluateModel(model: Layer, data: Dataset, options: EvaluateOptions = {}): Promise<Evaluation> {
  checkSubject("evaluateModel", model, data);
  checkOptions("evaluateModel", options, { batchSize: wholeFrom(1), loss: functionOption, signal: anyOption });
  const { batchSize = 200, loss = crossEntropy, signal } = options;
  const program = programOf(model, loss);
  const predicted = new Uint32Array(data.size);
  const mistakes: Mistake[] = [];
  let total = 0;
  let classes = data.classes.length;
  for (const { inputs, labels, indices } of batches(data, { size: batchSize })) {
    signal?.throwIfAborted();
    const scores = await program(inputs, labels);
    // Only a regression has labels beyond the outputs.
    if (indices[0] === 0 && labelBeyond(data, scores.logits.shape.at(-1)!) !== undefined)
      checkLabels("evaluateModel: the data", data, classesOf(model, loss, inputs.shape));
    total += scores.loss.number * indices.length;
    classes = Math.max(classes, scores.logits.shape.at(-1)!);
    const logits = scores.logits.values;
    indices.forEach((index, i) => {
      const guess = scores.predicted.values[i]!;
      predicted[index] = guess;
      if (guess === data.labels[index]) return;
      const row = logits.subarray((i * logits.length) / indices.length, ((i + 1) * logits.length) / indices.length);
      let sum = 0;
      for (const x of row) sum += exp(x - row[guess]!);
      mistakes.push({ index, label: data.labels[index]!, predicted: guess, confidence: 1 / sum });
    });
    await turn();
  }
  mistakes.sort((a, b) => b.confidence - a.confidence || a.index - b.index);
  return {
    loss: total / data.size,
    accuracy: accuracy(predicted, data.labels),
    confusion: confusionMatrix(predicted, data.labels, classes),
    mistakes,
  };
}
