import {
  anyOption,
  booleanOption,
  checkOptions,
  functionOption,
  oneOf,
  seedOption,
  type OptionCheck,
} from "@convlens/backend";
import { apply, layersOf, parameters as parametersOf, variables, type Layer, type Mode } from "@convlens/layers";
import {
  argmax,
  compile,
  divide,
  equal,
  gradients,
  mean,
  multiply,
  subtract,
  within,
  type Compiled,
  type GradientsOptions,
  type Tensor,
  type Variable,
} from "@convlens/tensor";
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
  /** The share of labels that were the largest output; NaN where targets are not labels. */
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
  return compile(
    (inputs: Tensor, targets: Tensor, rate: Tensor) =>
      recordTrainStep(model, { inputs, targets, rate }, options).results,
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
 * @throws `ShapeError` where the loss is no scalar.
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
  const areLabels = targets.rank === outputs.rank - 1;
  return {
    results: {
      loss: error,
      accuracy: areLabels ? mean(equal(argmax(outputs), targets)) : multiply(error, NaN),
      gradientNorm,
      updateRatio: moved === undefined ? multiply(error, NaN) : divide(moved, lengthOf(before)),
    },
    gradients: raw,
  };
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
