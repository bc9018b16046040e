import { turn, type Backend } from "@convlens/backend";
import { adviceOn, type HealthRecord, type TrainingStep } from "@convlens/analysis";
import { batchCount, batches, shift, type Batch, type TrainAndTest } from "@convlens/datasets";
import { build, setWeights, variables, type Sequential, type StoredTensor } from "@convlens/layers";
import { evaluateModel } from "@convlens/training";
import { largestDifference } from "../numbers.ts";
import { LearningHistory, type KeptStep } from "./learningHistory.ts";
import { learningNet, settingsAt, type Changes, type LearningChange, type LearningRecipe } from "./learningNet.ts";
import { LearningNet, type StepMade } from "./trainer.ts";

/** A step with its measurements. */
export interface LearningRow extends TrainingStep, Omit<StepMade, "milliseconds"> {
  readonly accuracy: number;
  readonly gradientNorm: number;
  readonly learningRate: number;
}

/** Loss and accuracy on the test examples. */
export interface LearningTest {
  readonly step: number;
  readonly loss: number;
  readonly accuracy: number;
}

/** The first step after a move, computed by both backends. */
export interface ComparedStep {
  readonly step: number;
  /** Greatest difference of a weight, and number of compared weights. */
  readonly difference: number;
  readonly compared: number;
}

/** The result of a slice of training. */
export interface LearningProgress {
  /** Steps done. The multiples of `stride` and the last one are kept. */
  readonly step: number;
  readonly stride: number;
  readonly rows: readonly LearningRow[];
  readonly tests: readonly LearningTest[];
  readonly health: readonly HealthRecord[];
  /** Advice of `@convlens/analysis`. */
  readonly advice: readonly string[];
  /** A step that gave NaN or infinity; the net is as it was before. */
  readonly lost: LearningRow | undefined;
  /** Milliseconds of the steps, without tests and measurements. */
  readonly milliseconds: number;
  readonly compared: ComparedStep | undefined;
}

/** Start of a net. */
interface Beginning {
  /** The backend that trains it. */
  readonly backend: Backend;
  /** Whether the pictures are those of the reader: few, so they are shifted a little in each epoch. */
  readonly isOwn: boolean;
  /** Weights of a file. */
  readonly weights?: ReadonlyMap<string, StoredTensor> | undefined;
}

/** Bytes for the earlier steps of a net. */
const ROOM = 48e6;
/** Tests per long epoch, and fewest steps between two tests. */
const TESTS = 2;
const TEST_PAUSE = 20;

/**
 * A net that is trained a few steps at a time and keeps earlier steps. It can be moved from backend to backend. Its methods must not
 * run at the same time.
 */
export class LearningRun {
  readonly data: TrainAndTest;
  readonly history: LearningHistory = new LearningHistory(ROOM);
  readonly #recipe: LearningRecipe;
  readonly #isOwn: boolean;
  /** The model for tests. They run on the page's backend, because the reference is slow. */
  readonly #tested: Sequential;
  /** One trainer for each backend that was used. */
  readonly #trainers: Map<Backend, LearningNet> = new Map();
  #trainer: LearningNet;
  /** The trainer before a move, which computes the next step, too. */
  #before: LearningNet | undefined;
  readonly #seen: { readonly rows: LearningRow[]; readonly health: HealthRecord[] } = { rows: [], health: [] };
  #step = 0;
  /** Whether a step has failed, so that the trainer's state is unknown. */
  #isAstray = false;
  #batches: AsyncIterator<Batch, void> | undefined;

  private constructor(recipe: LearningRecipe, data: TrainAndTest, isOwn: boolean, trainer: LearningNet) {
    this.#recipe = { ...recipe, batchSize: Math.min(recipe.batchSize, data.train.size) };
    this.data = data;
    this.#isOwn = isOwn;
    this.#tested = build(learningNet(recipe.filters, data.test.classes.length), data.train.shapes.input);
    this.#trainer = trainer;
    this.#trainers.set(trainer.backend, trainer);
  }

  /** An untrained net, or one with the weights of a file. */
  static async begin(
    recipe: LearningRecipe,
    data: TrainAndTest,
    { backend, isOwn, weights }: Beginning,
  ): Promise<LearningRun> {
    const trainer = await LearningNet.on(backend, recipe, data);
    if (weights !== undefined) trainer.restore({ weights, optimizer: undefined, memory: new Map() });
    const run = new LearningRun(recipe, data, isOwn, trainer);
    run.history.keep(0, await trainer.state());
    return run;
  }

  /**
   * Trains until a step is reached, the time is over, or a step gives NaN or infinity. If the backend fails, the net is as it was after
   * the last complete step, and training can continue, also on another backend.
   */
  async advance(changes: Changes, until: number, limit: number): Promise<LearningProgress> {
    const began = performance.now();
    const [rows, tests]: [LearningRow[], LearningTest[]] = [[], []];
    const looks = this.#seen.health.length;
    let [lost, compared]: [LearningRow | undefined, ComparedStep | undefined] = [undefined, undefined];
    let milliseconds = 0;
    if (this.#step === 0) tests.push(await this.#test());
    // At least one step, even if the time is short.
    const isTime = (): boolean => rows.length === 0 || performance.now() - began < limit;
    while (this.#step < until && lost === undefined && isTime()) {
      const made = await this.#learn(settingsAt(changes, this.#step)).catch((error: unknown) => {
        // The steps so far are returned first. The next call fails again.
        if (rows.length === 0) throw error;
      });
      if (made === undefined) break;
      const { row } = made;
      milliseconds += made.milliseconds;
      compared = made.compared ?? compared;
      if (row.step === this.#step) {
        rows.push(row);
        if (row.step % this.#testEvery === 0) tests.push(await this.#test());
      } else lost = row;
      await turn();
    }
    const health = this.#seen.health.slice(looks);
    const { stride } = this.history;
    const advice = this.#advice();
    return { step: this.#step, stride, rows, tests, health, advice, lost, milliseconds, compared };
  }

  /** Discards the steps after a step. Returns the nearest step that is kept. */
  async goBack(to: number): Promise<number> {
    const { step } = this.history.at(to);
    this.history.goBack(step);
    this.#step = step;
    for (const list of [this.#seen.rows, this.#seen.health])
      list.length = list.findLastIndex((seen) => seen.step <= step) + 1;
    await this.#restore(this.#trainer);
    return step;
  }

  /**
   * Moves to another backend at the same step, with the same weights, optimizer state and random numbers. The next step is computed
   * on both backends and compared.
   */
  async moveTo(backend: Backend): Promise<void> {
    if (backend === this.#trainer.backend) return;
    const trainer = this.#trainers.get(backend) ?? (await LearningNet.on(backend, this.#recipe, this.data));
    this.#trainers.set(backend, trainer);
    // A failed backend has lost the state of the net.
    const before = this.#isAstray ? undefined : this.#trainer;
    await this.#restore(trainer);
    [this.#trainer, this.#before] = [trainer, before];
  }

  /** Frees its memory on all backends. */
  dispose(): void {
    for (const trainer of this.#trainers.values()) trainer.dispose();
    for (const variable of variables(this.#tested).values()) variable.dispose();
  }

  get #testEvery(): number {
    return Math.max(TEST_PAUSE, Math.round(this.#batchesInEpoch / TESTS));
  }

  get #batchesInEpoch(): number {
    return batchCount(this.data.train.size, this.#recipe.batchSize);
  }

  /** Sets a trainer to the present step. */
  async #restore(trainer: LearningNet): Promise<void> {
    this.#before = undefined;
    this.#batches = undefined;
    trainer.restore(this.history.at(this.#step).kept);
    // Its next measurement needs the weights of this step.
    await trainer.observe(this.#seen.rows.at(-1) ?? { step: 0, loss: NaN });
    this.#isAstray = false;
  }

  /** Makes one step and keeps the result. If it is NaN or infinity, the net does not change. */
  async #learn(settings: LearningChange): Promise<MadeStep> {
    if (this.#isAstray) await this.#restore(this.#trainer);
    this.#isAstray = true;
    const [done, batch] = [this.#step, await this.#nextBatch()];
    const { milliseconds, ...made } = await this.#trainer.step(done, batch, settings);
    const row = { step: done + 1, ...made, learningRate: settings.rate };
    if (!Number.isFinite(row.loss) || !Number.isFinite(row.updateRatio)) {
      await this.goBack(done);
      return { row, milliseconds, compared: undefined };
    }
    const state = await this.#trainer.state();
    const health = await this.#trainer.observe(row);
    this.#step = row.step;
    this.history.keep(row.step, state);
    this.#seen.rows.push(row);
    this.#seen.health.push(...health);
    this.#isAstray = false;
    const before = this.#before;
    this.#before = undefined;
    // If the previous backend fails, there is no comparison.
    const other = await before?.step(done, batch, settings).then(
      () => before.state(),
      () => undefined,
    );
    return { row, milliseconds, compared: other && { step: row.step, ...compare(state, other) } };
  }

  /** The order of examples is that of `fit`: determined by seed and epoch. */
  async #nextBatch(): Promise<Batch> {
    const next = await this.#batches?.next();
    if (next !== undefined && !next.done) return next.value;
    const { seed, batchSize: size } = this.#recipe;
    const [epoch, from] = [Math.floor(this.#step / this.#batchesInEpoch), this.#step % this.#batchesInEpoch];
    const augment = this.#isOwn ? shift(2) : undefined;
    this.#batches = batches(this.data.train, { size, shuffle: true, seed, epoch, from, augment });
    return this.#nextBatch();
  }

  async #test(): Promise<LearningTest> {
    setWeights(this.#tested, this.history.at(this.#step).kept.weights);
    const { loss, metrics } = await evaluateModel(this.#tested, this.data.test);
    return { step: this.#step, loss, accuracy: metrics.accuracy ?? NaN };
  }

  #advice(): string[] {
    const { rows: steps, health: records } = this.#seen;
    return adviceOn({ chance: this.#trainer.chance, steps, records }).map(({ text }) => text);
  }
}

/** A step, its duration, and the comparison after a move. */
interface MadeStep {
  readonly row: LearningRow;
  readonly milliseconds: number;
  readonly compared: ComparedStep | undefined;
}

/** The difference of two nets. */
function compare({ weights: some }: KeptStep, { weights: others }: KeptStep): Omit<ComparedStep, "step"> {
  let [difference, compared] = [0, 0];
  for (const [path, { values }] of some) {
    difference = Math.max(difference, largestDifference(values, others.get(path)!.values));
    compared += values.length;
  }
  return { difference, compared };
}
