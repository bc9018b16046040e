import { turn } from "@convlens/backend";
import { adviceOn, watchTraining, type HealthRecord, type TrainingStep, type TrainingWatch } from "@convlens/analysis";
import { batchCount, batches, shift, type Batch, type TrainAndTest } from "@convlens/datasets";
import { build, parameters, setWeights, weightsOf, type Sequential, type StoredTensor } from "@convlens/layers";
import { evaluate } from "@convlens/tensor";
import { adam, crossEntropy, evaluateModel, sgd, trainStep, type Optimizer } from "@convlens/training";
import { LearningHistory } from "./learningHistory.ts";
import {
  learningNet,
  settingsAt,
  type LearningChange,
  type LearningRecipe,
  type OptimizerName,
} from "./learningNet.ts";

/** What one step came to. */
export interface LearningRow extends TrainingStep {
  /** Share of the batch that was classified rightly, before the step. */
  readonly accuracy: number;
  readonly gradientNorm: number;
  /** How far all parameters together moved, over how large they are. */
  readonly updateRatio: number;
  readonly rate: number;
}

/** How well the net did on examples that it never learns from. */
export interface LearningTest {
  readonly step: number;
  readonly loss: number;
  readonly accuracy: number;
}

/** What a part of training came to. */
export interface LearningProgress {
  /** Steps done, all of which or some can be looked at: the multiples of `stride`, and the last. */
  readonly step: number;
  readonly stride: number;
  readonly rows: readonly LearningRow[];
  readonly tests: readonly LearningTest[];
  readonly health: readonly HealthRecord[];
  /** What `@convlens/analysis` would change, each in a sentence. */
  readonly advice: readonly string[];
  /** The step that came to numbers that are none; the net is as it was before. */
  readonly lost: LearningRow | undefined;
}

/** For the past of one net, in bytes. */
const ROOM = 48e6;
/** Steps from one look inside to the next. */
const LOOK_EVERY = 25;
/** Examples that are looked at. */
const LOOK_AT = 64;
/** Tests in an epoch, if it is long; and the fewest steps between two. */
const TESTS = 2;
const TEST_PAUSE = 20;

const optimizers: { readonly [Name in OptimizerName]: () => Optimizer } = {
  adam: () => adam(),
  momentum: () => sgd({ momentum: 0.9 }),
  sgd: () => sgd(),
};

/** A net that learns, a few steps at a time, and remembers how it was. It is asked for one thing at a time. */
export class LearningRun {
  readonly net: Sequential;
  readonly data: TrainAndTest;
  readonly history: LearningHistory = new LearningHistory(ROOM);
  readonly #recipe: LearningRecipe;
  readonly #isOwn: boolean;
  readonly #watch: TrainingWatch;
  readonly #seen: { readonly rows: LearningRow[]; readonly health: HealthRecord[] } = { rows: [], health: [] };
  #watched = 0;
  #step = 0;
  #batches: Iterator<Batch> | undefined;
  #optimizer: { readonly name: OptimizerName; readonly memory: Optimizer; readonly run: StepProgram } | undefined;

  private constructor(
    recipe: LearningRecipe,
    data: TrainAndTest,
    isOwn: boolean,
    net: Sequential,
    watch: TrainingWatch,
  ) {
    this.#recipe = { ...recipe, batchSize: Math.min(recipe.batchSize, data.train.size) };
    this.data = data;
    this.#isOwn = isOwn;
    this.net = net;
    this.#watch = watch;
  }

  /**
   * A net as it is before it learns, or with weights from elsewhere.
   *
   * @param isOwn - Whether the pictures are few and drawn by hand, and are better moved a little each time.
   */
  static async begin(
    recipe: LearningRecipe,
    data: TrainAndTest,
    { isOwn, weights }: { readonly isOwn: boolean; readonly weights?: ReadonlyMap<string, StoredTensor> | undefined },
  ): Promise<LearningRun> {
    const net = build(learningNet(recipe.filters, data.test.classes.length), data.train.shape, { seed: recipe.seed });
    if (weights !== undefined) setWeights(net, weights);
    const [probe] = batches(data.test, { size: Math.min(LOOK_AT, data.test.size) });
    const watch = await watchTraining(net, { inputs: probe!.inputs, targets: probe!.labels, every: LOOK_EVERY });
    const run = new LearningRun(recipe, data, isOwn, net, watch);
    await run.#keep();
    return run;
  }

  /** Learns until a step is reached, the time is over, or numbers are none. */
  async advance(changes: readonly LearningChange[], until: number, milliseconds: number): Promise<LearningProgress> {
    const began = performance.now();
    const [rows, tests]: [LearningRow[], LearningTest[]] = [[], []];
    const looks = this.#seen.health.length;
    let lost: LearningRow | undefined;
    if (this.#step === 0) tests.push(await this.#test());
    // However short the time, one step is made.
    const isTime = (): boolean => rows.length === 0 || performance.now() - began < milliseconds;
    while (this.#step < until && lost === undefined && isTime()) {
      const row = await this.#learn(settingsAt(changes, this.#step));
      // The loss is that before the step; the ratio tells what became of the weights.
      if (Number.isFinite(row.loss) && Number.isFinite(row.updateRatio)) {
        rows.push(row);
        if (row.step % this.#testEvery === 0) tests.push(await this.#test());
      } else {
        lost = row;
        this.#restore(this.#step);
      }
      await turn();
    }
    const health = this.#seen.health.slice(looks);
    return { step: this.#step, stride: this.history.stride, rows, tests, health, advice: this.#advice(), lost };
  }

  /** Forgets all after a step, and goes on from there. Gives the step: the nearest that is kept. */
  goBack(to: number): number {
    const { step } = this.history.at(to);
    this.#restore(step);
    return step;
  }

  get #testEvery(): number {
    return Math.max(TEST_PAUSE, Math.round(this.#batchesInEpoch / TESTS));
  }

  get #batchesInEpoch(): number {
    return batchCount(this.data.train.size, this.#recipe.batchSize, "drop");
  }

  /** One step. What it leads to is kept, unless it is no number. */
  async #learn({ optimizer, rate }: LearningChange): Promise<LearningRow> {
    const { inputs, labels } = this.#nextBatch();
    const { loss, accuracy, gradientNorm, updateRatio } = await this.#program(optimizer)(inputs, labels, rate);
    const row = {
      step: this.#step + 1,
      loss: loss.number,
      accuracy: accuracy.number,
      gradientNorm: gradientNorm.number,
      updateRatio: updateRatio.number,
      rate,
    };
    if (!Number.isFinite(row.loss) || !Number.isFinite(row.updateRatio)) return row;
    this.#step = row.step;
    await this.#keep();
    this.#seen.rows.push(row);
    await this.#watch.observe(row);
    this.#seen.health.push(...this.#watch.records.slice(this.#watched));
    this.#watched = this.#watch.records.length;
    return row;
  }

  /** The program of a step; another optimizer begins without memory. */
  #program(name: OptimizerName): StepProgram {
    if (this.#optimizer?.name !== name) {
      this.#optimizer?.run.dispose();
      const all = parameters(this.net);
      const memory = optimizers[name]();
      memory.state(all);
      const factors = new Map([...all.keys()].map((path) => [path, 1]));
      const { seed } = this.#recipe;
      const run = trainStep(this.net, {
        loss: crossEntropy,
        optimizer: memory,
        parameters: all,
        factors,
        diagnostics: true,
        seed,
      });
      this.#optimizer = { name, memory, run };
    }
    return this.#optimizer.run;
  }

  /** The order of examples is that of `fit`: decided by seed and epoch. */
  #nextBatch(): Batch {
    const next = this.#batches?.next();
    if (next !== undefined && !next.done) return next.value;
    const { seed, batchSize: size } = this.#recipe;
    const [epoch, start] = [Math.floor(this.#step / this.#batchesInEpoch), this.#step % this.#batchesInEpoch];
    const augment = this.#isOwn ? shift(2) : undefined;
    this.#batches = batches(this.data.train, { size, shuffle: true, seed, epoch, start, last: "drop", augment });
    return this.#nextBatch();
  }

  async #test(): Promise<LearningTest> {
    const { loss, accuracy } = await evaluateModel(this.net, this.data.test);
    return { step: this.#step, loss, accuracy };
  }

  async #keep(): Promise<void> {
    const memory = [...(this.#optimizer?.memory.state(parameters(this.net)) ?? [])];
    const [weights, values] = [await weightsOf(this.net), await evaluate(...memory.map(([, variable]) => variable))];
    this.history.keep(this.#step, {
      weights: new Map([...weights].map(([path, { shape, values }]) => [path, { shape, values: values.slice() }])),
      optimizer: this.#optimizer?.name,
      memory: new Map(memory.map(([name], i) => [name, Float32Array.from(values[i]!)])),
    });
  }

  #restore(to: number): void {
    const { step, kept } = this.history.at(to);
    this.history.goBack(step);
    this.#step = step;
    this.#batches = undefined;
    setWeights(this.net, kept.weights);
    if (kept.optimizer === undefined) this.#forgetOptimizer();
    else {
      this.#program(kept.optimizer);
      for (const [name, variable] of this.#optimizer!.memory.state(parameters(this.net)))
        variable.write(kept.memory.get(name)!);
    }
    for (const list of [this.#seen.rows, this.#seen.health])
      list.length = list.findLastIndex((seen) => seen.step <= step) + 1;
  }

  #forgetOptimizer(): void {
    this.#optimizer?.run.dispose();
    this.#optimizer = undefined;
  }

  #advice(): string[] {
    const { rows: steps, health: records } = this.#seen;
    return adviceOn({ chance: this.#watch.chance, steps, records }).map(({ text }) => text);
  }
}

/** A compiled step of learning. */
type StepProgram = ReturnType<typeof trainStep>;
