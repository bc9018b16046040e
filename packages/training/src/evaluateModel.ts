import { anyOption, checkOptions, turn, wholeFrom } from "@convlens/backend";
import { exp } from "@convlens/backend/math";
import { batches, type Dataset } from "@convlens/datasets";
import { compiledFor, compileModel, recordForward, type Layer } from "@convlens/layers";
import { Tensor, type Compiled, type Tensors } from "@convlens/tensor";
import { answersOf } from "./answers.ts";
import { checkLabels, classesOf, labelBeyond } from "./checkFits.ts";
import { evaluationSize } from "./evaluationSize.ts";
import { checkSubject } from "./fitOptions.ts";
import { lossOption, type Loss } from "./loss.ts";
import { crossEntropy } from "./losses.ts";
import {
  addSums,
  measuredBy,
  measuredMetrics,
  recordEvaluation,
  trainingSums,
  weightsFrom,
  type TrainingSums,
  type ValuesOf,
} from "./measured.ts";
import { metricsOption, type Metrics, type RecordedMetrics } from "./metric.ts";

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

/**
 * Result of {@link evaluateModel}.
 *
 * @typeParam Values - Values of the metrics.
 */
export interface Evaluation<Values> {
  /** Mean loss over the examples, by their weights. */
  readonly loss: number;
  readonly metrics: Values;
  /**
   * Number of examples of each class (row) that were predicted as each class (column), without those with NaN outputs. Absent,
   * like `mistakes`, if the loss does not treat the outputs as scores of one class for each example, as for an autoencoder.
   */
  readonly confusion?: readonly (readonly number[])[];
  /** Wrongly classified examples, the most confident first. */
  readonly mistakes?: readonly Mistake[];
}

/** Options of {@link evaluateModel}. */
export interface EvaluateOptions<Output = Tensor, Target = Tensor, M = undefined> {
  /** Examples in a batch. Default: 200, or fewer where examples are large. */
  readonly batchSize?: number | undefined;
  /** Loss of outputs and targets. Default: {@link crossEntropy}. */
  readonly loss?: Loss<Output, Target> | undefined;
  /** Metrics by name. Default: those of the loss, else the accuracy of a classifier. */
  readonly metrics?: M | undefined;
  /** Aborts between two batches. */
  readonly signal?: AbortSignal | undefined;
}

type Scores = {
  readonly loss: Tensor;
  readonly weight: Tensor;
  readonly metrics: RecordedMetrics;
  readonly outputs?: Tensor;
  readonly predicted?: Tensor;
  readonly correct?: Tensor;
};
type Program = Compiled<
  [inputs: Tensors, targets: Tensors, weights: Tensors | boolean],
  { readonly [name: string]: Tensors }
>;

const keys = /* @__PURE__ */ new WeakMap<object, WeakMap<object, object>>();

/** One object for each pair of a loss and metrics. */
function keyOf(loss: object, metrics: object | undefined): object {
  if (metrics === undefined) return loss;
  let own = keys.get(loss);
  if (own === undefined) keys.set(loss, (own = new WeakMap()));
  let key = own.get(metrics);
  if (key === undefined) own.set(metrics, (key = {}));
  return key;
}

/** The compiled evaluation of a model. */
const programOf = <Input, Output, Target>(
  model: Layer<Input, Output>,
  loss: Loss<Output, Target>,
  metrics: Metrics<Output, Target> | undefined,
): Program =>
  compiledFor(model, keyOf(loss, metrics), () =>
    compileModel(model, (inputs: Tensors, targets: Tensors, weights: Tensors | boolean) => {
      const outputs = recordForward(model, inputs as Input);
      const batch = { inputs, targets: targets as Target, weights: weightsFrom(weights) };
      const { results, error } = recordEvaluation({ loss, metrics }, outputs, batch);
      const answers =
        outputs instanceof Tensor && targets instanceof Tensor && targets.rank === 1
          ? answersOf(outputs, targets, error.mean)
          : undefined;
      return { ...results, ...(answers && { ...answers, outputs: outputs as Tensor }) };
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
 * @throws `ValueError` for an option that is unknown or wrong, and labels beyond the outputs of the model; `ShapeError` for a
 * loss that is not a scalar.
 *
 * @example
 * ```ts
 * const { loss, metrics, confusion } = await evaluateModel(model, test);
 * ```
 */
export async function evaluateModel<
  Input,
  Output = Tensor,
  Target = Tensor,
  M extends Metrics<Output, Target> | undefined = undefined,
>(
  model: Layer<Input, Output>,
  data: Dataset<NoInfer<Input>, Target>,
  options: EvaluateOptions<NoInfer<Output>, NoInfer<Target>, M> = {},
): Promise<Evaluation<ValuesOf<M>>> {
  checkSubject("evaluateModel", model, data);
  checkOptions("evaluateModel", options, {
    batchSize: wholeFrom(1),
    loss: lossOption,
    metrics: metricsOption,
    signal: anyOption,
  });
  const {
    batchSize = evaluationSize(data.shapes.input),
    loss = crossEntropy as unknown as Loss<Output, Target>,
    signal,
  } = options;
  const metrics = options.metrics;
  const program = programOf(model, loss, metrics);
  const measured = measuredMetrics(loss, metrics);
  const answers = new Answered(data.classes?.length ?? 2);
  let sums: TrainingSums = { loss: 0, weight: 0, metrics: {} };
  let isFirst = true;
  for await (const { inputs, targets, weights, indices } of batches(data, { size: batchSize })) {
    signal?.throwIfAborted();
    const scores = (await program(inputs as Tensors, targets as Tensors, weights ?? false)) as Scores;
    // Labels beyond the outputs are correct only in a regression.
    if (isFirst && labelBeyond(data, scores.outputs?.shape.at(-1) ?? 1) !== undefined)
      checkLabels("evaluateModel: the data", data, classesOf(model, loss, data, indices.length));
    sums = addSums(measured, isFirst ? undefined : sums, trainingSums(scores));
    isFirst = false;
    if (scores.outputs !== undefined) answers.add(scores, indices, targets as Tensor);
    await turn();
  }
  return { ...measuredBy<M>(measured, sums), ...answers.result };
}

/** Answers of a classifier, one class for each example. */
class Answered {
  readonly #predictions: number[] = [];
  readonly #labels: number[] = [];
  readonly #mistakes: Mistake[] = [];
  #classes: number;
  #isClassifier = false;

  constructor(classes: number) {
    this.#classes = Math.max(2, classes);
  }

  add({ outputs, predicted, correct }: Scores, indices: Uint32Array, targets: Tensor): void {
    if (outputs === undefined || predicted === undefined || correct === undefined) return;
    this.#isClassifier = true;
    const width = outputs.size / indices.length;
    this.#classes = Math.max(this.#classes, width);
    const labels = targets.knownValues;
    for (const [i, index] of indices.entries()) {
      const label = labels[i]!;
      const row = outputs.knownValues.subarray(i * width, (i + 1) * width);
      const isNumber = !row.some(Number.isNaN);
      const guess = isNumber ? predicted.knownValues[i]! : NaN;
      if (isNumber) {
        this.#predictions.push(guess);
        this.#labels.push(label);
      }
      if (correct.knownValues[i] === 1) continue;
      this.#mistakes.push({ index, label, predicted: guess, confidence: isNumber ? confidenceOf(row, guess) : 0 });
    }
  }

  get result(): Pick<Evaluation<unknown>, "confusion" | "mistakes"> {
    if (!this.#isClassifier) return {};
    const confusion = Array.from({ length: this.#classes }, () => new Array<number>(this.#classes).fill(0));
    for (const [i, label] of this.#labels.entries()) {
      const [row, column] = [confusion[label], this.#predictions[i]!];
      if (row?.[column] !== undefined) row[column]++;
    }
    const mistakes = this.#mistakes.sort((a, b) => b.confidence - a.confidence || a.index - b.index);
    return { confusion, mistakes };
  }
}
