import type { Backend } from "@convlens/backend";
import { watchTraining, type HealthRecord, type TrainingStep, type TrainingWatch } from "@convlens/analysis";
import { batches, type Batch, type TrainAndTest } from "@convlens/datasets";
import { build, parameters, setWeights, variables, weightsOf, type Sequential } from "@convlens/layers";
import { compile, evaluate, type Variable } from "@convlens/tensor";
import { adam, crossEntropy, sgd, trainStep, type Optimizer } from "@convlens/training";
import type { KeptStep } from "./learningHistory.ts";
import { learningNet, type LearningChange, type LearningRecipe, type OptimizerName } from "./learningNet.ts";

/** Steps between two measurements. */
const LOOK_EVERY = 25;
/** Examples of a measurement. */
const LOOK_AT = 64;

const optimizers: { readonly [Name in OptimizerName]: () => Optimizer } = {
  adam: () => adam(),
  momentum: () => sgd({ momentum: 0.9 }),
  sgd: () => sgd(),
};

/** Measurements of one step. */
export interface StepMade {
  readonly loss: number;
  /** Accuracy on the batch before the step. */
  readonly accuracy: number;
  readonly gradientNorm: number;
  /** Norm of the update over the norm of the parameters. */
  readonly updateRatio: number;
  readonly milliseconds: number;
}

/**
 * A net on one backend, where its variables stay, with the optimizer and its state, the compiled step, and the measurements of its
 * health.
 */
export class Trainer {
  readonly backend: Backend;
  readonly #net: Sequential;
  readonly #watch: TrainingWatch;
  readonly #seed: number;
  #watched = 0;
  #optimizer: { readonly name: OptimizerName; readonly memory: Optimizer; readonly run: StepProgram } | undefined;

  private constructor(backend: Backend, net: Sequential, watch: TrainingWatch, seed: number) {
    this.backend = backend;
    this.#net = net;
    this.#watch = watch;
    this.#seed = seed;
  }

  /** An untrained net. */
  static async on(
    backend: Backend,
    { filters, seed }: LearningRecipe,
    { train, test }: TrainAndTest,
  ): Promise<Trainer> {
    const net = build(learningNet(filters, test.classes.length), train.shape, { seed });
    await place(variables(net).values(), backend);
    const [probe] = batches(test, { size: Math.min(LOOK_AT, test.size) });
    const watch = await watchTraining(net, { inputs: probe!.inputs, targets: probe!.labels, every: LOOK_EVERY });
    return new Trainer(backend, net, watch, seed);
  }

  /** Loss of a random guess. */
  get chance(): number | undefined {
    return this.#watch.chance;
  }

  /** Makes step `done + 1`. */
  async step(done: number, { inputs, labels }: Batch, { optimizer, rate }: LearningChange): Promise<StepMade> {
    const run = this.#program(optimizer);
    // The key of random numbers: seed and step, whichever backend made the steps before.
    run.runs = done;
    const began = performance.now();
    const { loss, accuracy, gradientNorm, updateRatio } = await run(inputs, labels, rate);
    return {
      loss: loss.knownValue,
      accuracy: accuracy.knownValue,
      gradientNorm: gradientNorm.knownValue,
      updateRatio: updateRatio.knownValue,
      milliseconds: performance.now() - began,
    };
  }

  /** Measures the health of the net after a step, if it is time to. Returns the new records. */
  async observe(step: TrainingStep): Promise<readonly HealthRecord[]> {
    await this.#watch.observe(step);
    const seen = this.#watch.records.slice(this.#watched);
    this.#watched = this.#watch.records.length;
    return seen;
  }

  /** The net and everything that is needed to continue from here. */
  async state(): Promise<KeptStep> {
    const memory = [...(this.#optimizer?.memory.state(parameters(this.#net)) ?? [])];
    const [weights, values] = [await weightsOf(this.#net), await evaluate(...memory.map(([, variable]) => variable))];
    return {
      weights: new Map([...weights].map(([path, { shape, values }]) => [path, { shape, values: values.slice() }])),
      optimizer: this.#optimizer?.name,
      memory: new Map(memory.map(([name], i) => [name, Float32Array.from(values[i]!)])),
    };
  }

  /** Sets the state of a net, of this backend or another. */
  restore({ weights, optimizer, memory }: KeptStep): void {
    setWeights(this.#net, weights);
    if (optimizer === undefined) return this.#forgetOptimizer();
    this.#program(optimizer);
    for (const [name, variable] of this.#optimizer!.memory.state(parameters(this.#net)))
      variable.write(memory.get(name)!);
  }

  /** Frees its memory. */
  dispose(): void {
    this.#forgetOptimizer();
    for (const variable of variables(this.#net).values()) variable.dispose();
  }

  /** The program of a step. Another optimizer begins without state. */
  #program(name: OptimizerName): StepProgram {
    if (this.#optimizer?.name !== name) {
      this.#forgetOptimizer();
      const all = parameters(this.#net);
      const memory = optimizers[name]();
      memory.state(all);
      const run = trainStep(this.#net, { loss: crossEntropy, optimizer: memory, seed: this.#seed });
      this.#optimizer = { name, memory, run };
    }
    return this.#optimizer.run;
  }

  #forgetOptimizer(): void {
    if (this.#optimizer === undefined) return;
    const { run, memory } = this.#optimizer;
    run.dispose();
    for (const variable of memory.state(parameters(this.#net)).values()) variable.dispose();
    this.#optimizer = undefined;
  }
}

/** Places unused variables on a backend, on which everything that reads them is computed. */
async function place(all: Iterable<Variable>, backend: Backend): Promise<void> {
  const read = compile(() => [...all], { backend });
  await read();
  read.dispose();
}

/** A compiled training step. */
type StepProgram = ReturnType<typeof trainStep>;
