import {
  apply,
  checkReachable,
  describeVariables,
  layersOf,
  parameters as parametersOf,
  unreachable,
  variables,
  type AnyLayer,
  type Layer,
  type Mode,
} from "@convlens/layers";
import {
  add,
  divide,
  gradients as gradientsOf,
  movingAverage,
  subtract,
  sum,
  tensor,
  tensorsIn,
  Tensor,
  within,
  zeros,
  type GradientsOptions,
  type Tensors,
  type Variable,
} from "@convlens/tensor";
import { answersOf } from "./answers.ts";
import { checkClip, lengthOf, limited, type ClipOptions } from "./clip.ts";
import { recordLoss, type Loss, type RecordedLoss } from "./loss.ts";
import { recordMetrics, type Metrics, type RecordedMetrics } from "./metric.ts";
import type { LearningParameter, Optimizer } from "./optimizer.ts";

/** What a step learns from. */
export interface StepBatch<Input = Tensor, Target = Tensor> {
  /** Inputs `[n, …]`, as the model takes them. */
  readonly inputs: Input;
  /** Targets `[n, …]`, as the loss takes them. */
  readonly targets: Target;
  /** Weights of the examples, `[n]`. */
  readonly weights?: Tensor | undefined;
}

/** Sums of gradients over several batches, between two updates. */
export interface Accumulated {
  /** One for each parameter that learns. */
  readonly gradients: readonly Variable[];
  /** Sum of the weights of the losses. */
  readonly weight: Variable;
}

/** Options of {@link recordStep}. */
export interface StepPlan<Output = Tensor, Target = Tensor> {
  readonly loss: Loss<Output, Target>;
  /** Default: those of the loss, else the accuracy of a classifier. */
  readonly metrics?: Metrics<Output, Target> | undefined;
  readonly optimizer: Optimizer;
  /** Parameters that learn; the others are frozen. */
  readonly learning: readonly LearningParameter[];
  /** Limits on the gradients. */
  readonly clip?: ClipOptions | undefined;
  /** Whether to measure the gradients and how far the parameters move. Default: true. */
  readonly diagnostics?: boolean | undefined;
  /** Gradient of a parameter that the loss does not depend on. Default: an error. */
  readonly unused?: GradientsOptions["unused"];
  /** Moving averages of the parameters, and the share that they keep at each update. */
  readonly averages?: { readonly of: ReadonlyMap<Variable, Variable>; readonly keep: number } | undefined;
  readonly accumulated?: Accumulated | undefined;
}

/** What a step computes: scalars, and the sums of metrics. */
export interface StepResults {
  /** Mean loss of the batch. */
  readonly loss: Tensor;
  /** Sum of the weights of the losses, which is what the batch counts in a mean over several. */
  readonly weight: Tensor;
  readonly metrics: RecordedMetrics;
  /** Norm of all gradients together, before clipping. */
  readonly gradientNorm?: Tensor;
  /** Norm of the change of the parameters over the norm of the parameters. */
  readonly updateRatio?: Tensor;
}

/** A recorded step. */
export interface RecordedStep {
  readonly results: StepResults;
  /** Gradients of the loss with respect to the parameters that learn, in their order. */
  readonly gradients: readonly Tensor[];
}

/** What a step does: all of it; or only adds its gradients to the accumulated ones; or adds them and updates. */
export type StepPhase = "whole" | "gather" | "update";

/** Number of examples of a batch. */
export const sizeOfBatch = (inputs: unknown): number => tensorsIn(inputs as Tensors)[0]?.shape[0] ?? 1;

/**
 * Records a training step: forward, loss, metrics, backward, update. Nothing is computed, so the function that `Trainer`
 * compiles is also the one whose cost is counted and that is drawn.
 *
 * @param call - Records the outputs of the model. Default: calls it.
 * @throws `ShapeError` where the loss is not a scalar; `UsageError` where the model uses trainable variables that no path
 * leads to.
 *
 * @example
 * ```ts
 * const step = compile((inputs: Tensor, targets: Tensor) => {
 *   const learning = [...parameters(model)].map(([path, parameter]) => ({ path, parameter }));
 *   return recordStep(model, { inputs, targets }, { loss: crossEntropy, optimizer, learning }).results.loss;
 * });
 * ```
 */
export function recordStep<Input, Output, Target>(
  model: Layer<Input, Output>,
  { inputs, targets, weights }: StepBatch<Input, Target>,
  plan: StepPlan<Output, Target>,
  phase: StepPhase = "whole",
  call: (inputs: Input, mode: Mode) => Output = (x, mode) => apply(model, x, mode),
): RecordedStep {
  const { loss, optimizer, learning, clip: limits = {}, diagnostics = true, unused = "error" } = plan;
  checkClip("clip", limits);
  const outputs = callFrozen(model, new Set(learning.map(({ parameter }) => parameter)), (mode) => call(inputs, mode));
  const error = recordLoss(loss, outputs, targets, weights, sizeOfBatch(inputs));
  checkLearns(model, outputs, error.sum);
  const results = { loss: error.mean, weight: error.weight, metrics: metricsFor(plan, outputs, targets, error) };
  // Of the sum if it is accumulated: sums of batches add up, means do not.
  const raw = gradientsOf(
    phase === "whole" ? error.mean : error.sum,
    learning.map(({ parameter }) => parameter),
    { unused },
  );
  const found = phase === "whole" ? raw : accumulate(plan.accumulated!, raw, error.weight, phase === "update");
  if (found === undefined) return { results, gradients: raw };
  const isMeasured = diagnostics || limits.norm !== undefined;
  const gradientNorm = isMeasured ? lengthOf(found) : undefined;
  const before = learning.map(({ parameter }) => parameter.current);
  within({ direction: "update" }, () => {
    const bounded = limited(found, gradientNorm ?? tensor(0), limits);
    optimizer.update(learning.map((each, i) => ({ ...each, gradient: bounded[i]! })));
    for (const [parameter, average] of plan.averages?.of ?? [])
      average.assign(movingAverage(average, parameter, plan.averages!.keep));
  });
  if (!diagnostics || gradientNorm === undefined) return { results, gradients: raw };
  const moved = lengthOf(learning.map(({ parameter }, i) => subtract(parameter, before[i]!)));
  return {
    results: { ...results, gradientNorm, updateRatio: divide(moved, lengthOf(before)) },
    gradients: raw,
  };
}

/** Records the chosen metrics, or those that suit the loss. */
export function metricsFor<Output, Target>(
  { loss, metrics = loss.metrics }: Pick<StepPlan<Output, Target>, "loss" | "metrics">,
  outputs: Output,
  targets: Target,
  { mean: error }: RecordedLoss,
): RecordedMetrics {
  if (metrics !== undefined) return recordMetrics(metrics, outputs, targets);
  if (!(outputs instanceof Tensor && targets instanceof Tensor)) return {};
  const answers = answersOf(outputs, targets, error);
  return answers === undefined ? {} : { accuracy: { sum: sum(answers.correct), count: tensor(answers.correct.size) } };
}

/** Adds gradients to the accumulated ones. Returns their means in the last batch before an update. */
function accumulate(
  { gradients, weight }: Accumulated,
  fresh: readonly Tensor[],
  freshWeight: Tensor,
  isLast: boolean,
): readonly Tensor[] | undefined {
  const sums = fresh.map((gradient, i) => add(gradients[i]!, gradient));
  const weights = add(weight, freshWeight);
  // Set to 0 by a constant, since 0 · NaN is NaN.
  const keep = (variable: Variable, value: Tensor): void => variable.assign(isLast ? zeros(variable.shape) : value);
  gradients.forEach((variable, i) => keep(variable, sums[i]!));
  keep(weight, weights);
  return isLast ? sums.map((gradient) => divide(gradient, weights)) : undefined;
}

/** Refuses trainable variables without a path, which would not learn, and warns of those that only the loss uses. */
function checkLearns(model: object, outputs: unknown, loss: Tensor): void {
  checkReachable("fit", model, tensorsIn(outputs as Tensors));
  const hidden = unreachable(model, [loss]);
  if (hidden.length > 0)
    console.warn(
      `fit: the loss uses ${describeVariables(hidden)}, which will not learn, as no path of the model leads to them; ` +
        "set trainable = false if that is intended",
    );
}

/** Calls a model in training. Layers whose parameters are all frozen keep their running statistics. */
function callFrozen<Output>(model: object, learning: ReadonlySet<Variable>, call: (mode: Mode) => Output): Output {
  const frozen = new Set<AnyLayer>();
  for (const layer of layersOf(model).values()) {
    const own = [...parametersOf(layer).values()];
    if (own.length > 0 && !own.some((parameter) => learning.has(parameter))) frozen.add(layer);
  }
  // A layer that ignores mode.frozen may assign its statistics.
  const kept = new Set([...frozen].flatMap((layer) => [...variables(layer).values()]));
  const before = [...kept].map((variable) => [variable, variable.current] as const);
  const outputs = call({ training: true, ...(frozen.size > 0 && { frozen }) });
  for (const [variable, value] of before) if (variable.current !== value) variable.assign(value);
  return outputs;
}

/**
 * Records `work` with other values of variables, and restores them: a program recorded so has no update of them.
 */
export function withValues<T>(values: ReadonlyMap<Variable, Tensor>, work: () => T): T {
  const before = [...values].map(([variable, value]) => {
    const { current } = variable;
    variable.assign(value);
    return [variable, current] as const;
  });
  try {
    return work();
  } finally {
    for (const [variable, value] of before) variable.assign(value);
  }
}
