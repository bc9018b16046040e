import type { Tensor } from "@convlens/tensor";
import { accuracy } from "./classMetrics.ts";
import { recordLoss, type Loss, type RecordedLoss } from "./loss.ts";
import { mergeSums, sumsOf, valuesOf, type Metrics, type MetricSums, type MetricValues } from "./metric.ts";
import { metricsFor, sizeOfBatch, type StepPlan, type StepResults } from "./recordStep.ts";

/** Sums over batches. */
export interface TrainingSums {
  /** Sum of the losses. */
  readonly loss: number;
  /** Sum of their weights. */
  readonly weight: number;
  readonly metrics: MetricSums;
}

/** Loss and metrics of a batch or of a data set. */
export interface Measured<Values> {
  /** Mean loss over the examples, by their weights. */
  readonly loss: number;
  readonly metrics: Values;
}

/** Result of a step. */
export interface StepDone<Values> extends Measured<Values> {
  /** Number of updates so far. */
  readonly step: number;
  /** Learning rate of the optimizer. */
  readonly learningRate: number;
  /** Norm of all gradients together, before clipping. NaN without diagnostics, or where gradients are only accumulated. */
  readonly gradientNorm: number;
  /** Norm of the change of the parameters over the norm of the parameters; about 1e-3 is healthy. NaN like `gradientNorm`. */
  readonly updateRatio: number;
  /** Sums of the batch, for {@link Trainer.merge}. */
  readonly sums: TrainingSums;
}

/** Values of metrics that are chosen by default. */
export interface DefaultMetrics {
  /** Share of the labels that were predicted. Absent if the loss does not treat the outputs as scores of classes. */
  readonly accuracy?: number;
}

/** Values of the metrics `M`, or of the default ones. */
export type ValuesOf<M> = [M] extends [Metrics<never, never>] ? MetricValues<M> : DefaultMetrics;

/** What both training and evaluation compute of a batch. */
type BatchResults = Pick<StepResults, "loss" | "weight" | "metrics">;

/** The chosen metrics, those of the loss, or the accuracy. */
export const measuredMetrics = (loss: Loss<never, never>, metrics: unknown): Metrics<never, never> =>
  (metrics ?? loss.metrics ?? { accuracy }) as Metrics<never, never>;

/** Records loss and metrics of outputs, without learning. */
export function recordEvaluation<Output, Target>(
  plan: Pick<StepPlan<Output, Target>, "loss" | "metrics">,
  outputs: Output,
  {
    inputs,
    targets,
    weights,
  }: { readonly inputs: unknown; readonly targets: Target; readonly weights: Tensor | undefined },
): { readonly results: BatchResults; readonly error: RecordedLoss } {
  const error = recordLoss(plan.loss, outputs, targets, weights, sizeOfBatch(inputs));
  const metrics = metricsFor(plan, outputs, targets, error);
  return { results: { loss: error.mean, weight: error.weight, metrics }, error };
}

/** Weights of examples as an argument of a compiled function, where `false` stands for none. */
export const weightsFrom = (weights: unknown): Tensor | undefined =>
  typeof weights === "boolean" ? undefined : (weights as Tensor);

/** Sums of a computed batch. */
export const trainingSums = ({ loss, weight, metrics }: BatchResults): TrainingSums => ({
  loss: weight.knownValue === 0 ? 0 : loss.knownValue * weight.knownValue,
  weight: weight.knownValue,
  metrics: sumsOf(metrics),
});

/** Adds up the sums of several batches. */
export const addSums = (metrics: Metrics<never, never>, a: TrainingSums | undefined, b: TrainingSums): TrainingSums =>
  a === undefined
    ? b
    : { loss: a.loss + b.loss, weight: a.weight + b.weight, metrics: mergeSums(metrics, a.metrics, b.metrics) };

/** Loss and metrics of merged sums. */
export const measuredBy = <M>(
  metrics: Metrics<never, never>,
  { loss, weight, metrics: sums }: TrainingSums,
): Measured<ValuesOf<M>> => ({ loss: loss / weight, metrics: valuesOf(metrics, sums) as ValuesOf<M> });
