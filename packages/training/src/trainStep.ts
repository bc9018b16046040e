import {
  anyOption,
  booleanOption,
  checkOptions,
  functionOption,
  oneOf,
  seedOption,
  UsageError,
  type OptionCheck,
} from "@convlens/backend";
import {
  apply,
  checkReachable,
  compileModel,
  describeVariables,
  layersOf,
  namePaths,
  parameters as parametersOf,
  unreachable,
  variables,
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
import { recordLoss, type Loss } from "./losses.ts";
import { optimizerOption, type Optimizer } from "./optimizer.ts";

/** How {@link recordTrainStep} learns. */
export interface LearningOptions {
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  /** Parameters of the model, by path. */
  readonly parameters: ReadonlyMap<string, Variable>;
  /** The paths of the parameters that learn, and what each one's rate is multiplied by; the others are frozen. */
  readonly factors: ReadonlyMap<string, number>;
  readonly clip?: ClipOptions | undefined;
  /** Whether to measure how far the parameters move. */
  readonly diagnostics: boolean;
  /** The gradient of a parameter that the loss does not depend on. Default: an error. */
  readonly unused?: GradientsOptions["unused"];
}

/** Options of {@link trainStep}. */
export interface TrainStepOptions extends LearningOptions {
  /** Decides the random numbers of dropout. */
  readonly seed: number;
}

/** What one step computes: scalars. */
export interface StepResults {
  readonly [name: string]: Tensor;
  readonly loss: Tensor;
  /** The share of labels that were predicted; NaN where the loss does not say that the outputs are scores of classes. */
  readonly accuracy: Tensor;
  readonly gradientNorm: Tensor;
  readonly updateRatio: Tensor;
}

/** A step of learning, as it is recorded. */
export interface RecordedStep {
  readonly results: StepResults;
  /** Gradients of the loss, of the parameters that learn, in the order of `factors`. */
  readonly gradients: readonly Tensor[];
}

/**
 * One step of learning as one program: forward, backward, optimizer, running statistics.
 * It is recorded again where options of the model have changed.
 *
 * @throws `ValueError` for an option that is unknown or wrong.
 */
export function trainStep(
  model: Layer,
  options: TrainStepOptions,
): Compiled<[inputs: Tensor, targets: Tensor, rate: Tensor], StepResults> {
  checkOptions("trainStep", options, {
    loss: functionOption,
    optimizer: optimizerOption,
    parameters: isMap,
    factors: isMap,
    clip: anyOption,
    diagnostics: booleanOption,
    unused: oneOf("error", "zeros"),
    seed: seedOption,
  });
  let used: ReadonlySet<Variable> | undefined;
  return compileModel(
    model,
    (inputs: Tensor, targets: Tensor, rate: Tensor) =>
      recordTrainStep(model, { inputs, targets, rate }, options, (x, mode) => {
        const outputs = apply(model, x, mode);
        used = checkUnchanged(model, outputs, used);
        return outputs;
      }).results,
    { seed: options.seed },
  );
}

const isMap: OptionCheck = (value) => (value instanceof Map ? undefined : "a Map by path");

/**
 * Records one step of learning: what {@link trainStep} compiles and {@link fit} runs, to be called within `compile` or
 * `programOf`.
 *
 * @param batch - Inputs `[n, …]`, targets as the loss takes them, and the learning rate, a scalar.
 * @param call - Records the outputs of the model. Default: calls it.
 * @throws `ShapeError` where the loss is no scalar; `UsageError` where the model uses trainable variables that no path leads to.
 */
export function recordTrainStep(
  model: Layer,
  { inputs, targets, rate }: { readonly inputs: Tensor; readonly targets: Tensor; readonly rate: Tensor },
  { loss, optimizer, parameters, factors, clip: limits = {}, diagnostics, unused = "error" }: LearningOptions,
  call: (inputs: Tensor, mode: Mode) => Tensor = (x, mode) => apply(model, x, mode),
): RecordedStep {
  const learning = [...factors].map(([path, factor]) => ({ path, factor, parameter: parameters.get(path)! }));
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
    optimizer.update(
      learning.map(({ path, factor, parameter }, i) => ({
        path,
        parameter,
        gradient: bounded[i]!,
        rate: factor === 1 ? rate : multiply(rate, factor),
      })),
    );
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

/** Refuses hidden variables, which would not learn; of those that only the loss uses it warns. */
function checkLearns(model: Layer, outputs: Tensor, loss: Tensor): void {
  checkReachable("fit", model, [outputs]);
  const hidden = unreachable(model, [loss]);
  if (hidden.length > 0)
    console.warn(
      `fit: the loss uses ${describeVariables(hidden)}, which will not learn, as no path of the model leads to them; ` +
        "set trainable = false if that is meant",
    );
}

/**
 * The trainable variables that a model uses.
 *
 * @param before - Those of the first recording.
 * @throws `UsageError` where there are others now: the optimizer does not know them, so they would not learn.
 */
function checkUnchanged(
  model: Layer,
  outputs: Tensor,
  before: ReadonlySet<Variable> | undefined,
): ReadonlySet<Variable> {
  const now = variablesBehind([outputs]).filter(({ trainable }) => trainable);
  const fresh = before === undefined ? [] : now.filter((variable) => !before.has(variable));
  if (fresh.length === 0) return before ?? new Set(now);
  namePaths(model);
  throw new UsageError(
    `fit: the model has changed during training: ${describeVariables(fresh)} ${fresh.length === 1 ? "was" : "were"} not there when it began; begin a new fit`,
    { operation: "fit", got: fresh.map(({ name }) => name), fix: "begin a new fit" },
  );
}

/** Calls a model that is learning; layers without a parameter among those that learn keep their running statistics. */
function callFrozen(model: Layer, learning: ReadonlySet<Variable>, call: (mode: Mode) => Tensor): Tensor {
  const frozen = new Set<Layer>();
  for (const layer of layersOf(model).values()) {
    const own = [...parametersOf(layer).values()];
    if (own.length > 0 && !own.some((parameter) => learning.has(parameter))) frozen.add(layer);
  }
  // A layer that does not ask for mode.frozen may assign its statistics.
  const kept = new Set([...frozen].flatMap((layer) => [...variables(layer).values()]));
  const before = [...kept].map((variable) => [variable, variable.current] as const);
  const outputs = call({ training: true, ...(frozen.size > 0 && { frozen }) });
  for (const [variable, value] of before) if (variable.current !== value) variable.assign(value);
  return outputs;
}
