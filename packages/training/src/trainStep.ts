import {
  anyOption,
  booleanOption,
  checkOptions,
  functionOption,
  oneOf,
  seedOption,
  UsageError,
} from "@convlens/backend";
import {
  apply,
  checkReachable,
  compileModel,
  describeVariables,
  layersOf,
  nameVariables,
  parameters as parametersOf,
  unreachable,
  variables,
  type AnyLayer,
  type Layer,
  type Mode,
} from "@convlens/layers";
import {
  divide,
  gradients,
  mean,
  multiply,
  subtract,
  variablesBehind,
  within,
  type Compiled,
  type GradientsOptions,
  type Tensor,
  type Variable,
} from "@convlens/tensor";
import { answersOf } from "./answers.ts";
import { lengthOf, limited, type ClipOptions } from "./clip.ts";
import { groupsOption, learningRates, type ParameterGroup } from "./groups.ts";
import { recordLoss, type Loss } from "./losses.ts";
import { optimizerOption, type LearningParameter, type Optimizer } from "./optimizer.ts";
import type { Schedule } from "./schedules.ts";

/** Options of a training step. */
export interface StepOptions {
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  /** Limits on the gradients. */
  readonly clip?: ClipOptions | undefined;
  /** Whether to measure how far the parameters move. Default: true. */
  readonly diagnostics?: boolean | undefined;
  /** Gradient of a parameter that the loss does not depend on. Default: an error. */
  readonly unused?: GradientsOptions["unused"];
}

/** Options of {@link recordTrainStep}. */
export interface LearningOptions extends StepOptions {
  /** Parameters that learn; the others are frozen. */
  readonly learning: readonly LearningParameter[];
}

/** Options of {@link trainStep}. */
export interface TrainStepOptions extends StepOptions {
  /** Parameters that have learning rates of their own or are frozen. */
  readonly groups?: readonly ParameterGroup[] | undefined;
  /** Seed of the random numbers of dropout. */
  readonly seed: number;
}

/** A compiled training step. The learning rates that are not given are those of the optimizer and the groups. */
export interface TrainStep extends Compiled<
  [inputs: Tensor, targets: Tensor, ...learningRates: Tensor[]],
  StepResults
> {
  /** Learning rates that a call takes: each one that the optimizer and the groups have, once. */
  readonly learningRates: readonly (number | Schedule)[];
}

/** Results of a training step: scalars. */
export interface StepResults {
  readonly [name: string]: Tensor;
  readonly loss: Tensor;
  /** Share of the labels that were predicted; NaN if the loss does not treat the outputs as scores of classes. */
  readonly accuracy: Tensor;
  readonly gradientNorm: Tensor;
  readonly updateRatio: Tensor;
}

/** A recorded training step. */
export interface RecordedStep {
  readonly results: StepResults;
  /** Gradients of the loss with respect to the parameters that learn, in their order. */
  readonly gradients: readonly Tensor[];
}

/**
 * Compiles a training step: forward, backward, optimizer, running statistics. It is recorded again where options of the model
 * have changed.
 *
 * @param model - Built: its parameters are those that it has now.
 * @throws `ValueError` for an option that is unknown or wrong.
 *
 * @example
 * ```ts
 * const optimizer = adam({ learningRate: 3e-4 });
 * const step = trainStep(model, { loss: crossEntropy, optimizer, seed: 1 });
 * for (const { inputs, labels } of batches(data)) console.log((await step(inputs, labels)).loss.knownValue);
 * ```
 */
export function trainStep(model: Layer, options: TrainStepOptions): TrainStep {
  checkOptions("trainStep", options, {
    loss: functionOption,
    optimizer: optimizerOption,
    groups: groupsOption,
    clip: anyOption,
    diagnostics: booleanOption,
    unused: oneOf("error", "zeros"),
    seed: seedOption,
  });
  const { groups = [], seed, ...others } = options;
  const parameters = parametersOf(model);
  const rates = learningRates(parameters, groups, options.optimizer.learningRate);
  const different = [...new Set(rates.values())];
  let used: ReadonlySet<Variable> | undefined;
  const step = compileModel(
    model,
    (inputs: Tensor, targets: Tensor, ...given: Tensor[]) => {
      const learning = Array.from(rates, ([path, rate]): LearningParameter => {
        const learningRate = given[different.indexOf(rate)] ?? (typeof rate === "number" ? rate : undefined);
        return { path, parameter: parameters.get(path)!, learningRate };
      });
      return recordTrainStep(model, { inputs, targets }, { ...others, learning }, (x, mode) => {
        const outputs = apply(model, x, mode);
        used = checkUnchanged(model, outputs, used);
        return outputs;
      }).results;
    },
    { seed },
  );
  return Object.assign(step, { learningRates: different });
}

/**
 * Records a training step, within `compile` or `programOf`: what {@link trainStep} compiles and {@link fit} runs.
 *
 * @param batch - Inputs `[n, …]`, and targets as the loss takes them.
 * @param call - Records the outputs of the model. Default: calls it.
 * @throws `ShapeError` where the loss is not a scalar; `UsageError` where the model uses trainable variables that no path
 * leads to.
 */
export function recordTrainStep(
  model: Layer,
  { inputs, targets }: { readonly inputs: Tensor; readonly targets: Tensor },
  { loss, optimizer, learning, clip: limits = {}, diagnostics = true, unused = "error" }: LearningOptions,
  call: (inputs: Tensor, mode: Mode) => Tensor = (x, mode) => apply(model, x, mode),
): RecordedStep {
  const outputs = callFrozen(model, new Set(learning.map(({ parameter }) => parameter)), (mode) => call(inputs, mode));
  const error = recordLoss(loss, outputs, targets);
  checkLearns(model, outputs, error);
  const raw = gradients(
    error,
    learning.map(({ parameter }) => parameter),
    { unused },
  );
  const gradientNorm = lengthOf(raw);
  const before = learning.map(({ parameter }) => parameter.current);
  within({ direction: "update" }, () => {
    const bounded = limited(raw, gradientNorm, limits);
    optimizer.update(learning.map((each, i) => ({ ...each, gradient: bounded[i]! })));
  });
  const moved = diagnostics ? lengthOf(learning.map(({ parameter }, i) => subtract(parameter, before[i]!))) : undefined;
  const answers = answersOf(outputs, targets, error);
  return {
    results: {
      loss: error,
      accuracy: answers === undefined ? multiply(error, NaN) : mean(answers.correct),
      gradientNorm,
      updateRatio: moved === undefined ? multiply(error, NaN) : divide(moved, lengthOf(before)),
    },
    gradients: raw,
  };
}

/** Refuses trainable variables without a path, which would not learn, and warns of those that only the loss uses. */
function checkLearns(model: Layer, outputs: Tensor, loss: Tensor): void {
  checkReachable("fit", model, [outputs]);
  const hidden = unreachable(model, [loss]);
  if (hidden.length > 0)
    console.warn(
      `fit: the loss uses ${describeVariables(hidden)}, which will not learn, as no path of the model leads to them; ` +
        "set trainable = false if that is intended",
    );
}

/**
 * Trainable variables that a model uses.
 *
 * @param before - Variables of the first recording.
 * @throws `UsageError` if there are others now: the optimizer does not update them, so they would not learn.
 */
function checkUnchanged(
  model: Layer,
  outputs: Tensor,
  before: ReadonlySet<Variable> | undefined,
): ReadonlySet<Variable> {
  const now = variablesBehind([outputs]).filter(({ trainable }) => trainable);
  const fresh = before === undefined ? [] : now.filter((variable) => !before.has(variable));
  if (fresh.length === 0) return before ?? new Set(now);
  nameVariables(model);
  throw new UsageError({
    operation: "fit",
    problem: `the model has changed during training: ${describeVariables(fresh)} ${fresh.length === 1 ? "was" : "were"} not there when it began`,
    fix: "begin a new fit",
  });
}

/** Calls a model in training. Layers whose parameters are all frozen keep their running statistics. */
function callFrozen(model: Layer, learning: ReadonlySet<Variable>, call: (mode: Mode) => Tensor): Tensor {
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
