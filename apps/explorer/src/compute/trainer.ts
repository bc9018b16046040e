import type { Backend } from "@convlens/backend";
import { watchTraining, type HealthRecord, type TrainingStep, type TrainingWatch } from "@convlens/analysis";
import { batches, type Batch, type TrainAndTest } from "@convlens/datasets";
import { build, parameters, setWeights, variables, weightsOf, type Sequential } from "@convlens/layers";
import { compile, evaluate, type Variable } from "@convlens/tensor";
import { adam, crossEntropy, sgd, trainStep, type Optimizer } from "@convlens/training";
import type { KeptStep } from "./learningHistory.ts";
import { learningNet, type LearningChange, type LearningRecipe, type OptimizerName } from "./learningNet.ts";

/** Steps from one look inside to the next. */
const LOOK_EVERY = 25;
/** Examples that are looked at. */
const LOOK_AT = 64;

const optimizers: { readonly [Name in OptimizerName]: () => Optimizer } = {
  adam: () => adam(),
  momentum: () => sgd({ momentum: 0.9 }),
  sgd: () => sgd(),
};

/** What one step came to, and how long it took. */
export interface StepMade {
  readonly loss: number;
  /** Share of the batch that was classified rightly, before the step. */
  readonly accuracy: number;
  readonly gradientNorm: number;
  /** How far all parameters together moved, over how large they are. */
  readonly updateRatio: number;
  readonly milliseconds: number;
}

/**
 * A net that can be trained, on one backend, where its variables stay: the optimizer with its memory, the compiled step, and the
 * watch that looks inside.
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

  /** A net as it is before it learns. */
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

  /** The loss of who knows nothing. */
  get chance(): number | undefined {
    return this.#watch.chance;
  }

  /** One step of learning, after so many. */
  async step(done: number, { inputs, labels }: Batch, { optimizer, rate }: LearningChange): Promise<StepMade> {
    const run = this.#program(optimizer);
    // With the seed, the key of random numbers: it is that of the step, whatever has made those before.
    run.runs = done;
    const began = performance.now();
    const { loss, accuracy, gradientNorm, updateRatio } = await run(inputs, labels, rate);
    return {
      loss: loss.number,
      accuracy: accuracy.number,
      gradientNorm: gradientNorm.number,
      updateRatio: updateRatio.number,
      milliseconds: performance.now() - began,
    };
  }

  /** Looks inside after a step, if it is time to; what was seen. */
  async observe(step: TrainingStep): Promise<readonly HealthRecord[]> {
    await this.#watch.observe(step);
    const seen = this.#watch.records.slice(this.#watched);
    this.#watched = this.#watch.records.length;
    return seen;
  }

  /** The net as it is, and all that it takes to go on from here. */
  async state(): Promise<KeptStep> {
    const memory = [...(this.#optimizer?.memory.state(parameters(this.#net)) ?? [])];
    const [weights, values] = [await weightsOf(this.#net), await evaluate(...memory.map(([, variable]) => variable))];
    return {
      weights: new Map([...weights].map(([path, { shape, values }]) => [path, { shape, values: values.slice() }])),
      optimizer: this.#optimizer?.name,
      memory: new Map(memory.map(([name], i) => [name, Float32Array.from(values[i]!)])),
    };
  }

  /** Becomes what a net was, here or on another backend. */
  restore({ weights, optimizer, memory }: KeptStep): void {
    setWeights(this.#net, weights);
    if (optimizer === undefined) return this.#forgetOptimizer();
    this.#program(optimizer);
    for (const [name, variable] of this.#optimizer!.memory.state(parameters(this.#net)))
      variable.write(memory.get(name)!);
  }

  /** Gives its memory back. */
  dispose(): void {
    this.#forgetOptimizer();
    for (const variable of variables(this.#net).values()) variable.dispose();
  }

  /** The program of a step; another optimizer begins without memory. */
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

/** Gives variables that nothing has used yet their memory on a backend: what is computed with them is computed there. */
async function place(all: Iterable<Variable>, backend: Backend): Promise<void> {
  const read = compile(() => [...all], { backend });
  await read();
  read.dispose();
}

/** A compiled step of learning. */
type StepProgram = ReturnType<typeof trainStep>;
