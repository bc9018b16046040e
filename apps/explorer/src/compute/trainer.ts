import type { Backend } from "@convlens/backend";
import { watchTraining, type HealthRecord, type TrainingStep, type TrainingWatch } from "@convlens/analysis";
import { batchOf, type Batch, type TrainAndTest } from "@convlens/datasets";
import { build, parameters, setWeights, variables, weightsOf, type Sequential } from "@convlens/layers";
import { compile, evaluate, type Variable } from "@convlens/tensor";
import { adam, crossEntropy, sgd, Trainer, type Optimizer } from "@convlens/training";
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
export class LearningNet {
  readonly backend: Backend;
  readonly #net: Sequential;
  readonly #watch: TrainingWatch;
  readonly #seed: number;
  #watched = 0;
  #optimizer: { readonly name: OptimizerName; readonly trainer: Trainer } | undefined;

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
  ): Promise<LearningNet> {
    const net = build(learningNet(filters, test.classes.length), train.shapes.input, { seed });
    await place(variables(net).values(), backend);
    const { inputs, targets } = batchOf(
      test,
      Array.from({ length: Math.min(LOOK_AT, test.size) }, (_, i) => i),
    );
    const watch = await watchTraining(net, { inputs, targets, every: LOOK_EVERY });
    return new LearningNet(backend, net, watch, seed);
  }

  /** Loss of a random guess. */
  get chance(): number | undefined {
    return this.#watch.chance;
  }

  /** Makes step `done + 1`. */
  async step(done: number, batch: Batch, { optimizer, rate }: LearningChange): Promise<StepMade> {
    const trainer = this.#trainerWith(optimizer);
    // The key of random numbers: seed and step, whichever backend made the steps before.
    trainer.batches = done;
    const began = performance.now();
    const { loss, metrics, gradientNorm, updateRatio } = await trainer.step(batch, { learningRate: rate });
    const milliseconds = performance.now() - began;
    return { loss, accuracy: metrics.accuracy ?? NaN, gradientNorm, updateRatio, milliseconds };
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
    const memory = [...(this.#optimizer?.trainer.optimizer.state(parameters(this.#net)) ?? [])];
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
    for (const [name, variable] of this.#trainerWith(optimizer).optimizer.state(parameters(this.#net)))
      variable.write(memory.get(name)!);
  }

  /** Frees its memory. */
  dispose(): void {
    this.#forgetOptimizer();
    for (const variable of variables(this.#net).values()) variable.dispose();
  }

  /** Returns what makes the steps. Another optimizer begins without state. */
  #trainerWith(name: OptimizerName): Trainer {
    if (this.#optimizer?.name !== name) {
      this.#forgetOptimizer();
      const options = { loss: crossEntropy, optimizer: optimizers[name](), seed: this.#seed };
      this.#optimizer = { name, trainer: new Trainer(this.#net, options) };
    }
    return this.#optimizer.trainer;
  }

  #forgetOptimizer(): void {
    this.#optimizer?.trainer.dispose();
    this.#optimizer = undefined;
  }
}

/** Places unused variables on a backend, on which everything that reads them is computed. */
async function place(all: Iterable<Variable>, backend: Backend): Promise<void> {
  const read = compile(() => [...all], { backend });
  await read();
  read.dispose();
}
