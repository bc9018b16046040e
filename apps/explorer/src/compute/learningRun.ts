import { turn, type Backend } from "@convlens/backend";
import { adviceOn, type HealthRecord, type TrainingStep } from "@convlens/analysis";
import { batchCount, batches, shift, type Batch, type TrainAndTest } from "@convlens/datasets";
import { build, setWeights, variables, type Sequential, type StoredTensor } from "@convlens/layers";
import { evaluateModel } from "@convlens/training";
import { LearningHistory, type KeptStep } from "./learningHistory.ts";
import { learningNet, settingsAt, type LearningChange, type LearningRecipe } from "./learningNet.ts";
import { Trainer, type StepMade } from "./trainer.ts";

/** A step that was made, with what it came to. */
export interface LearningRow extends TrainingStep, Omit<StepMade, "milliseconds"> {
  readonly accuracy: number;
  readonly gradientNorm: number;
  readonly learningRate: number;
}

/** How well the net did on examples that it never learns from. */
export interface LearningTest {
  readonly step: number;
  readonly loss: number;
  readonly accuracy: number;
}

/** The first step after a move, which both backends made from the same net. */
export interface ComparedStep {
  readonly step: number;
  /** The greatest of any weight, and how many were compared. */
  readonly difference: number;
  readonly compared: number;
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
  /** What the steps alone took, without tests and looks inside. */
  readonly milliseconds: number;
  readonly compared: ComparedStep | undefined;
}

/** How a net begins. */
interface Beginning {
  /** What it learns on. */
  readonly backend: Backend;
  /** Whether the pictures are few and drawn by hand, and are better moved a little each time. */
  readonly isOwn: boolean;
  /** From elsewhere. */
  readonly weights?: ReadonlyMap<string, StoredTensor> | undefined;
}

/** For the past of one net, in bytes. */
const ROOM = 48e6;
/** Tests in an epoch, if it is long; and the fewest steps between two. */
const TESTS = 2;
const TEST_PAUSE = 20;

/**
 * A net that learns, a few steps at a time, and remembers how it was. It can be moved from backend to backend on the way. It is
 * asked for one thing at a time.
 */
export class LearningRun {
  readonly data: TrainAndTest;
  readonly history: LearningHistory = new LearningHistory(ROOM);
  readonly #recipe: LearningRecipe;
  readonly #isOwn: boolean;
  /** Tested on the page's own backend, so that nobody waits for the reference to read two thousand digits. */
  readonly #tested: Sequential;
  /** One for each backend that the net has been on. */
  readonly #trainers: Map<Backend, Trainer> = new Map();
  #trainer: Trainer;
  /** What trained until the net was moved here, and will make the next step, too. */
  #before: Trainer | undefined;
  readonly #seen: { readonly rows: LearningRow[]; readonly health: HealthRecord[] } = { rows: [], health: [] };
  #step = 0;
  /** Whether a step has failed, so that what trains may be anywhere. */
  #isAstray = false;
  #batches: Iterator<Batch> | undefined;

  private constructor(recipe: LearningRecipe, data: TrainAndTest, isOwn: boolean, trainer: Trainer) {
    this.#recipe = { ...recipe, batchSize: Math.min(recipe.batchSize, data.train.size) };
    this.data = data;
    this.#isOwn = isOwn;
    this.#tested = build(learningNet(recipe.filters, data.test.classes.length), data.train.shape);
    this.#trainer = trainer;
    this.#trainers.set(trainer.backend, trainer);
  }

  /** A net as it is before it learns, or with weights from elsewhere. */
  static async begin(
    recipe: LearningRecipe,
    data: TrainAndTest,
    { backend, isOwn, weights }: Beginning,
  ): Promise<LearningRun> {
    const trainer = await Trainer.on(backend, recipe, data);
    if (weights !== undefined) trainer.restore({ weights, optimizer: undefined, memory: new Map() });
    const run = new LearningRun(recipe, data, isOwn, trainer);
    run.history.keep(0, await trainer.state());
    return run;
  }

  /**
   * Learns until a step is reached, the time is over, or numbers are none. If its backend fails, the net is what it was after the last
   * step that came to an end, from which it can go on, here or elsewhere.
   */
  async advance(changes: readonly LearningChange[], until: number, limit: number): Promise<LearningProgress> {
    const began = performance.now();
    const [rows, tests]: [LearningRow[], LearningTest[]] = [[], []];
    const looks = this.#seen.health.length;
    let [lost, compared]: [LearningRow | undefined, ComparedStep | undefined] = [undefined, undefined];
    let milliseconds = 0;
    if (this.#step === 0) tests.push(await this.#test());
    // However short the time, one step is made.
    const isTime = (): boolean => rows.length === 0 || performance.now() - began < limit;
    while (this.#step < until && lost === undefined && isTime()) {
      const made = await this.#learn(settingsAt(changes, this.#step)).catch((error: unknown) => {
        // What has been made is handed over before the failure is: it comes again.
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

  /** Forgets all after a step, and goes on from there. Gives the step: the nearest that is kept. */
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
   * Goes on elsewhere from the same step, with the same weights, memory of the optimizer and random numbers. The next step is made
   * on both backends, and compared.
   */
  async moveTo(backend: Backend): Promise<void> {
    if (backend === this.#trainer.backend) return;
    const trainer = this.#trainers.get(backend) ?? (await Trainer.on(backend, this.#recipe, this.data));
    this.#trainers.set(backend, trainer);
    // What has failed is not where the net is.
    const before = this.#isAstray ? undefined : this.#trainer;
    await this.#restore(trainer);
    [this.#trainer, this.#before] = [trainer, before];
  }

  /** Gives back what it holds on its backends. */
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

  /** Makes a trainer what the net is at this step. */
  async #restore(trainer: Trainer): Promise<void> {
    this.#before = undefined;
    this.#batches = undefined;
    trainer.restore(this.history.at(this.#step).kept);
    // What it saw has been seen; but a look that comes next asks how far its step moved the weights.
    await trainer.observe(this.#seen.rows.at(-1) ?? { step: 0, loss: NaN });
    this.#isAstray = false;
  }

  /** One step. What it leads to is kept; if that is no number, the net stays as it is. */
  async #learn(settings: LearningChange): Promise<MadeStep> {
    if (this.#isAstray) await this.#restore(this.#trainer);
    this.#isAstray = true;
    const [done, batch] = [this.#step, this.#nextBatch()];
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
    // Where the one before has failed, there is nothing to compare with.
    const other = await before?.step(done, batch, settings).then(
      () => before.state(),
      () => undefined,
    );
    return { row, milliseconds, compared: other && { step: row.step, ...compare(state, other) } };
  }

  /** The order of examples is that of `fit`: decided by seed and epoch. */
  #nextBatch(): Batch {
    const next = this.#batches?.next();
    if (next !== undefined && !next.done) return next.value;
    const { seed, batchSize: size } = this.#recipe;
    const [epoch, start] = [Math.floor(this.#step / this.#batchesInEpoch), this.#step % this.#batchesInEpoch];
    const augment = this.#isOwn ? shift(2) : undefined;
    this.#batches = batches(this.data.train, { size, shuffle: true, seed, epoch, start, augment });
    return this.#nextBatch();
  }

  async #test(): Promise<LearningTest> {
    setWeights(this.#tested, this.history.at(this.#step).kept.weights);
    const { loss, accuracy = NaN } = await evaluateModel(this.#tested, this.data.test);
    return { step: this.#step, loss, accuracy };
  }

  #advice(): string[] {
    const { rows: steps, health: records } = this.#seen;
    return adviceOn({ chance: this.#trainer.chance, steps, records }).map(({ text }) => text);
  }
}

/** A step, how long it took, and the same made elsewhere if the net has just been moved. */
interface MadeStep {
  readonly row: LearningRow;
  readonly milliseconds: number;
  readonly compared: ComparedStep | undefined;
}

/** How far two nets are apart. */
function compare({ weights: some }: KeptStep, { weights: others }: KeptStep): Omit<ComparedStep, "step"> {
  let [difference, compared] = [0, 0];
  for (const [path, { values }] of some) {
    const other = others.get(path)!.values;
    for (let i = 0; i < values.length; i++) difference = Math.max(difference, Math.abs(values[i]! - other[i]!));
    compared += values.length;
  }
  return { difference, compared };
}
