import {
  anyOption,
  atStep,
  checkOptions,
  checkValue,
  functionOption,
  turn,
  ValueError,
  wholeFrom,
  type OptionChecks,
} from "@convlens/backend";
import { batches, datasetOption, type Dataset } from "@convlens/datasets";
import {
  apply,
  compileModel,
  layerOption,
  parameters as parametersOf,
  setWeights,
  weightsOf,
  type Layer,
} from "@convlens/layers";
import type { Compiled, Tensor, Tensors, Variable } from "@convlens/tensor";
import { adam } from "./adam.ts";
import { checkMatches, storedValues, type TrainerState } from "./checkpoint.ts";
import { checkUnchanged } from "./checkUnchanged.ts";
import { checkClip } from "./clip.ts";
import { evaluationSize } from "./evaluationSize.ts";
import { learningParameters, type GroupedParameter } from "./groups.ts";
import {
  addSums,
  measuredBy,
  measuredMetrics,
  recordEvaluation,
  trainingSums,
  weightsFrom,
  type Measured,
  type StepDone,
  type TrainingSums,
  type ValuesOf,
} from "./measured.ts";
import { valuesOf, type Metrics } from "./metric.ts";
import type { Optimizer } from "./optimizer.ts";
import {
  recordStep,
  withValues,
  type Accumulated,
  type StepBatch,
  type StepPhase,
  type StepPlan,
  type StepResults,
} from "./recordStep.ts";
import { learningRateAt, type Schedule, type ScheduleContext } from "./schedules.ts";
import { stateVariable } from "./stateVariable.ts";
import { trainerChecks, type EvaluateCall, type StepCall, type TrainerOptions } from "./trainerOptions.ts";

type Results = { readonly [K in keyof StepResults]: StepResults[K] } & { readonly [name: string]: Tensors };
type StepArguments = [phase: string, inputs: Tensors, targets: Tensors, weights: Tensors | boolean, ...rates: Tensor[]];

/**
 * A model that learns one batch at a time, with everything that a step keeps: the state of the optimizer, averages of the
 * parameters, accumulated gradients. {@link fit} is the loop over it; a loop of one's own calls `step`.
 *
 * @example
 * ```ts
 * const trainer = new Trainer(model, { loss: crossEntropy, optimizer: adam({ learningRate: 3e-4 }) });
 * for await (const batch of batches(data, { shuffle: true })) console.log((await trainer.step(batch)).loss);
 * ```
 */
export class Trainer<Input = Tensor, Output = Tensor, Target = Tensor, M = undefined> {
  readonly model: Layer<Input, Output>;
  readonly #options: TrainerOptions<Output, Target, M>;
  readonly #optimizer: Optimizer;
  readonly #learning: readonly GroupedParameter[];
  /** Learning rates that a call of the step takes: each one that the optimizer and the groups have, once. */
  readonly #rates: readonly (number | Schedule)[];
  readonly #averages: ReadonlyMap<Variable, Variable> | undefined;
  readonly #accumulated: Accumulated | undefined;
  readonly #step: Compiled<StepArguments, Results>;
  #evaluation: Compiled<[Tensors, Tensors, Tensors | boolean], Results> | undefined;
  #used: ReadonlySet<Variable> | undefined;
  /** Number of updates so far. */
  steps = 0;

  /**
   * @param model - Built: its parameters are those that it has now.
   * @throws `ValueError` for an option that is unknown or wrong, or a model without parameters that learn.
   */
  constructor(model: Layer<Input, Output>, options: TrainerOptions<Output, Target, M>) {
    checkValue("Trainer", "the model", model, layerOption);
    checkOptions("Trainer", options, trainerChecks as OptionChecks<TrainerOptions<Output, Target, M>>);
    checkValue("Trainer", "loss", options.loss, functionOption);
    if (options.clip !== undefined) checkClip("Trainer: clip", options.clip);
    this.model = model;
    this.#options = options;
    this.#optimizer = (options.optimizer ?? adam()).fresh();
    const all = parametersOf(model);
    this.#learning = learningParameters(all, options.groups ?? [], this.#optimizer.learningRate);
    if (this.#learning.length === 0) throw nothingLearns(all.size);
    this.#rates = [...new Set(this.#learning.map(({ learningRate }) => learningRate))];
    this.#averages =
      options.ema === undefined
        ? undefined
        : new Map(
            this.#learning.map(({ path, parameter }) => [parameter, stateVariable(`average.${path}`, parameter.shape)]),
          );
    for (const [parameter, average] of this.#averages ?? []) average.assign(parameter);
    this.#accumulated =
      (options.accumulate ?? 1) === 1
        ? undefined
        : {
            gradients: this.#learning.map(({ path, parameter }) => stateVariable(`gradient.${path}`, parameter.shape)),
            weight: stateVariable("gradient weight", []),
          };
    // Made now, so that a checkpoint of the first step has it.
    this.#optimizer.state(this.parameters);
    this.#step = compileModel(
      model,
      (phase: string, inputs: Tensors, targets: Tensors, weights: Tensors | boolean, ...rates: Tensor[]) =>
        recordStep(
          model,
          { inputs: inputs as Input, targets: targets as Target, weights: weightsFrom(weights) },
          this.#plan(rates),
          phase as StepPhase,
          (x, mode) => {
            const outputs = apply(model, x, mode);
            this.#used = checkUnchanged(model, outputs, this.#used);
            return outputs;
          },
        ).results as Results,
      { seed: options.seed ?? 0, ...(options.backend && { backend: options.backend }) },
    );
  }

  #plan(rates: readonly Tensor[]): StepPlan<Output, Target> {
    const { loss, clip, diagnostics, unused, ema = 0, metrics } = this.#options;
    return {
      loss,
      metrics: metrics as Metrics<Output, Target> | undefined,
      optimizer: this.#optimizer,
      learning: this.#learning.map(({ learningRate, ...each }) => ({
        ...each,
        learningRate: rates[this.#rates.indexOf(learningRate)],
      })),
      clip,
      diagnostics,
      unused,
      averages: this.#averages && { of: this.#averages, keep: ema },
      accumulated: this.#accumulated,
    };
  }

  /** Parameters that learn, under their paths. */
  get parameters(): ReadonlyMap<string, Variable> {
    return new Map(this.#learning.map(({ path, parameter }) => [path, parameter]));
  }

  /** The optimizer, with what it keeps for this model. */
  get optimizer(): Optimizer {
    return this.#optimizer;
  }

  /** Number of batches so far: with the seed it is the key of the random numbers of the next one. */
  get batches(): number {
    return this.#step.runs;
  }
  /** Continues from another number of batches. */
  set batches(count: number) {
    this.#step.runs = count;
    this.steps = Math.floor(count / (this.#options.accumulate ?? 1));
  }

  /** The metrics that are measured. */
  get metrics(): Metrics<never, never> {
    return measuredMetrics(this.#options.loss, this.#options.metrics);
  }

  /**
   * Learns from a batch. With `accumulate`, parameters change at every `accumulate`-th call.
   *
   * @throws `ValueError` for a learning rate of a schedule that is negative or not finite.
   */
  async step(batch: StepBatch<Input, Target>, { learningRate, at }: StepCall = {}): Promise<StepDone<ValuesOf<M>>> {
    const accumulate = this.#options.accumulate ?? 1;
    const phase = accumulate === 1 ? "whole" : (this.batches + 1) % accumulate === 0 ? "update" : "gather";
    const context = at ?? { step: this.steps, steps: NaN, epoch: 0, history: [] };
    const own = this.#optimizer.learningRate;
    const rateOf = (rate: number | Schedule): number =>
      rate === own && learningRate !== undefined ? learningRate : this.#rateAt(rate, context);
    const results = await this.#step(
      phase,
      batch.inputs as Tensors,
      batch.targets as Tensors,
      batch.weights ?? false,
      ...this.#rates.map(rateOf),
    ).catch((error: unknown) => {
      throw atStep(error, this.steps + 1);
    });
    if (phase !== "gather") this.steps++;
    const sums = trainingSums(results);
    return {
      step: this.steps,
      loss: results.loss.knownValue,
      metrics: valuesOf(this.metrics, sums.metrics) as ValuesOf<M>,
      learningRate: rateOf(own),
      gradientNorm: results.gradientNorm?.knownValue ?? NaN,
      updateRatio: results.updateRatio?.knownValue ?? NaN,
      sums,
    };
  }

  #rateAt(rate: number | Schedule, at: ScheduleContext): number {
    const found = learningRateAt(rate, at);
    if (Number.isFinite(found) && found >= 0) return found;
    throw new ValueError({
      operation: `fit: step ${at.step + 1}`,
      what: "the learning rate that the schedule gives",
      expected: "a number of at least 0",
      got: found,
      fix: Number.isNaN(at.steps)
        ? "this schedule needs the number of steps; give stepsPerEpoch for a stream"
        : undefined,
    });
  }

  /** Loss and metrics on a data set, by the averaged parameters if there are averages. Nothing changes. */
  async evaluate(data: Dataset<Input, Target>, options: EvaluateCall = {}): Promise<Measured<ValuesOf<M>>> {
    checkValue("evaluate", "the data", data, datasetOption);
    checkOptions("evaluate", options, { batchSize: wholeFrom(1), signal: anyOption, prefetch: wholeFrom(0, 64) });
    const { batchSize = evaluationSize(data.shapes.input), signal, prefetch = 0 } = options;
    const { loss, metrics } = this.#options;
    this.#evaluation ??= compileModel(
      this.model,
      (inputs: Tensors, targets: Tensors, weights: Tensors | boolean) => {
        const averages = new Map(
          Array.from(this.#averages ?? [], ([parameter, average]) => [parameter, average.current]),
        );
        const outputs = withValues(averages, () => apply(this.model, inputs as Input));
        const batch = { inputs, targets: targets as Target, weights: weightsFrom(weights) };
        const plan = { loss, metrics: metrics as Metrics<Output, Target> | undefined };
        return recordEvaluation(plan, outputs, batch).results;
      },
      this.#options.backend && { backend: this.#options.backend },
    );
    let sums: TrainingSums | undefined;
    for await (const { inputs, targets, weights } of batches(data, { size: batchSize, prefetch })) {
      signal?.throwIfAborted();
      const results = await this.#evaluation(inputs as Tensors, targets as Tensors, weights ?? false);
      sums = this.merge(sums, trainingSums(results));
      await turn();
    }
    if (sums === undefined)
      throw new ValueError({ operation: "evaluate", problem: "the data set has no examples", fix: "check the stream" });
    return this.measured(sums);
  }

  /** Adds up the sums of several batches. */
  merge(a: TrainingSums | undefined, b: TrainingSums): TrainingSums {
    return addSums(this.metrics, a, b);
  }

  /** Loss and metrics of merged sums. */
  measured(sums: TrainingSums): Measured<ValuesOf<M>> {
    return measuredBy<M>(this.metrics, sums);
  }

  /** The averaged parameters under their paths, if there are averages. */
  async averages(): Promise<ReadonlyMap<string, Float32Array> | undefined> {
    if (this.#averages === undefined) return undefined;
    const stored = await storedValues(this.#kept.average);
    return new Map([...stored].map(([path, { values }]) => [path, Float32Array.from(values)]));
  }

  /** Variables beside the model's, by part of the state. */
  get #kept(): { readonly [_ in "optimizer" | "average" | "gradient"]: ReadonlyMap<string, Variable> } {
    const { gradients, weight } = this.#accumulated ?? { gradients: [], weight: undefined };
    return {
      optimizer: this.#optimizer.state(this.parameters),
      average: new Map(
        this.#averages && this.#learning.map(({ path, parameter }) => [path, this.#averages!.get(parameter)!]),
      ),
      gradient: new Map([
        ...(weight === undefined ? [] : [["(weight)", weight] as const]),
        ...gradients.map((variable, i) => [this.#learning[i]!.path, variable] as const),
      ]),
    };
  }

  /** Copies of everything that is needed to go on from here, also on another backend. `writeTrainerState` makes a file of it. */
  async state(): Promise<TrainerState> {
    const { optimizer, average, gradient } = this.#kept;
    return {
      model: await weightsOf(this.model),
      optimizer: await storedValues(optimizer),
      average: await storedValues(average),
      gradient: await storedValues(gradient),
      batches: this.batches,
    };
  }

  /**
   * Goes back to a state.
   *
   * @param prepare - Called between the checks and the first write.
   * @throws `ValueError` for a state of another model, optimizer or options; nothing is changed then.
   */
  restore(state: TrainerState, prepare: () => void = () => undefined): void {
    const kept = this.#kept;
    checkMatches(this.model, state, kept);
    prepare();
    setWeights(this.model, state.model);
    for (const part of ["optimizer", "average", "gradient"] as const)
      for (const [name, variable] of kept[part]) variable.write(state[part].get(name)!.values);
    this.batches = state.batches;
  }

  /** Frees the memory of the compiled step and of what it keeps; the model stays. */
  dispose(): void {
    this.#step.dispose();
    this.#evaluation?.dispose();
    for (const part of Object.values(this.#kept)) for (const variable of part.values()) variable.dispose();
  }
}

const nothingLearns = (parameters: number): ValueError =>
  parameters === 0
    ? new ValueError({
        operation: "fit",
        problem: "the model has no parameters, so nothing would learn",
        fix: "give it a layer such as Dense, and build it",
      })
    : new ValueError({
        operation: "fit",
        problem: `all ${parameters} parameters are frozen, so nothing would learn`,
        fix: "freeze fewer in groups",
      });
