import { turn, ValueError } from "@convlens/backend";
import { batchCount, batches, split, type Batch, type Dataset, type SizedDataset } from "@convlens/datasets";
import { build, setWeights, type Layer } from "@convlens/layers";
import { checkFits } from "./checkFits.ts";
import type { Checkpoint, StoredTensors, TrainerState } from "./checkpoint.ts";
import { judgeEpoch, monitored, type Monitored } from "./earlyStopping.ts";
import { checkFitOptions, checkSubject, type FitOptions } from "./fitOptions.ts";
import type { Loss } from "./loss.ts";
import { crossEntropy } from "./losses.ts";
import type { Progress } from "./progress.ts";
import type { EpochRecord, FitRecord, History, StepRecord } from "./records.ts";
import type { Measured, StepDone, ValuesOf } from "./measured.ts";
import { Trainer } from "./trainer.ts";

/** Training data and validation data. */
interface Sets<Input, Target> {
  readonly train: Dataset<Input, Target>;
  readonly validation: Dataset<Input, Target> | undefined;
}

function setsOf<Input, Target>(
  data: Dataset<Input, Target>,
  validation: Dataset<Input, Target> | number | undefined,
  seed: number,
): Sets<Input, Target> {
  if (typeof validation !== "number") return { train: data, validation };
  if (data.kind === "stream")
    throw new ValueError({
      operation: "fit",
      problem: "a share of a stream cannot be set apart for validation",
      fix: "give validation a data set of its own",
    });
  const parts = split<SizedDataset<unknown, unknown>>(data, {
    test: validation,
    seed,
  });
  return { train: parts.train, validation: parts.test } as unknown as Sets<Input, Target>;
}

/** One call of {@link fit}. */
export class TrainingRun<Input, Output, Target, M> {
  readonly #model: Layer<Input, Output>;
  readonly #sets: Sets<Input, Target>;
  readonly #options: FitOptions<Input, Output, Target, M>;
  readonly #trainer: Trainer<Input, Output, Target, M>;
  readonly #monitored: Monitored | undefined;
  readonly #progress: Progress;
  #best: StoredTensors = new Map();
  /** State after the last step, once training has ended. */
  #last: Promise<TrainerState> | undefined;
  /** Queue of everything that reads or changes the state of training. */
  #queue: Promise<unknown> = Promise.resolve();
  #lastCheckpoint = { epoch: 0, step: 0, time: performance.now() };

  constructor(
    model: Layer<Input, Output>,
    data: Dataset<Input, Target>,
    options: FitOptions<Input, Output, Target, M>,
  ) {
    checkSubject("fit", model, data);
    checkFitOptions(options);
    const { seed = 0, resume, earlyStopping } = options;
    this.#model = model;
    this.#sets = setsOf(data, options.validation, seed);
    this.#options = options;
    const loss = (options.loss ?? crossEntropy) as Loss<Output, Target>;
    const { batchSize = 32, accumulate = 1, stepsPerEpoch } = options;
    const { train, validation } = this.#sets;
    const examples = train.kind === "sized" ? train.size : null;
    const count = examples === null ? Infinity : batchCount(examples, batchSize);
    const perEpoch = Math.min(count, stepsPerEpoch ?? Infinity);
    const start: Progress = {
      ...{ seed, batchSize, examples, accumulate, batchesPerEpoch: Number.isFinite(perEpoch) ? perEpoch : null },
      ...{ epoch: 0, batch: 0, step: 0, batches: 0, place: 0, sums: null, history: [] },
    };
    if (resume !== undefined)
      checkResumed(
        resume.progress,
        options.seed === undefined ? { ...start, seed: resume.progress.seed } : start,
        options.epochs ?? 1,
      );
    this.#progress = copyOf(resume?.progress ?? start);
    const prepare = (): void =>
      void build(model as Layer<never, unknown>, train.shapes.input as never, {
        seed: this.#progress.seed,
        onlyFresh: true,
      });
    if (resume === undefined) prepare();
    // This calls the model, and so creates the variables that a checkpoint is compared with.
    checkFits(model, train, { batchSize, loss, validation });
    const { metrics, optimizer, groups, clip, ema, diagnostics, unused, backend } = options;
    this.#trainer = new Trainer(model, {
      ...{ loss, metrics, optimizer, groups, clip, accumulate, ema, diagnostics, unused, backend },
      seed: this.#progress.seed,
    });
    this.#monitored = earlyStopping && monitored("fit: earlyStopping", earlyStopping, this.#trainer.metrics);
    if (resume === undefined) return;
    checkMetrics(resume.progress, metrics ?? loss.metrics);
    this.#trainer.restore(resume, prepare);
    this.#best = resume.best;
  }

  /** Records of the epochs so far. */
  get history(): History<ValuesOf<M>> {
    return this.#progress.history as unknown as History<ValuesOf<M>>;
  }

  checkpoint(): Promise<Checkpoint> {
    return this.#inTurn(() => this.#checkpoint());
  }

  async #checkpoint(): Promise<Checkpoint> {
    const state = await (this.#last ?? this.#trainer.state());
    return { ...state, best: this.#best, progress: copyOf(this.#progress) };
  }

  /** Runs work after all earlier work, so that a checkpoint never mixes two steps. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => undefined);
    return result;
  }

  /** Writes a checkpoint where it is time to. */
  async #writeCheckpoint(isEpoch: boolean): Promise<void> {
    const { checkpoints } = this.#options;
    if (checkpoints === undefined) return;
    const { write, everySteps, everySeconds } = checkpoints;
    const { everyEpochs = everySteps === undefined && everySeconds === undefined ? 1 : undefined } = checkpoints;
    const { epoch, step } = this.#progress;
    const last = this.#lastCheckpoint;
    const isDue =
      (isEpoch && everyEpochs !== undefined && epoch - last.epoch >= everyEpochs) ||
      (everySteps !== undefined && step - last.step >= everySteps) ||
      (everySeconds !== undefined && performance.now() - last.time >= 1000 * everySeconds);
    if (!isDue) return;
    await write(await this.checkpoint(), { epoch, step });
    this.#lastCheckpoint = { epoch, step, time: performance.now() };
  }

  /**
   * Gives the model the best weights, or the averages, and frees the state of training. A copy of it stays in memory of JavaScript
   * for a later checkpoint.
   */
  async #end(): Promise<void> {
    this.#last = this.#trainer.state();
    // An error is reported by checkpoint().
    const state = await this.#last.catch(() => undefined);
    this.#trainer.dispose();
    if (this.#options.earlyStopping?.restoreBest && this.#best.size > 0) setWeights(this.#model, this.#best);
    else if (state !== undefined && state.average.size > 0)
      setWeights(this.#model, new Map([...state.model, ...state.average]));
  }

  async *records(): AsyncGenerator<FitRecord<ValuesOf<M>>, void, void> {
    const { epochs = 1 } = this.#options;
    const p = this.#progress;
    this.#lastCheckpoint = { epoch: p.epoch, step: p.step, time: performance.now() };
    try {
      while (p.epoch < epochs && !p.history.at(-1)?.stopped) yield* this.#epoch(epochs);
    } finally {
      await this.#inTurn(() => this.#end());
    }
  }

  async *#epoch(epochs: number): AsyncGenerator<FitRecord<ValuesOf<M>>, void, void> {
    const { signal, augment, shuffle = true, prefetch, onNaN } = this.#options;
    const p = this.#progress;
    const { train } = this.#sets;
    const most = p.batchesPerEpoch ?? Infinity;
    const order = {
      size: p.batchSize,
      shuffle: train.kind === "sized" && shuffle,
      seed: p.seed,
      epoch: p.epoch,
      from: p.place,
      augment,
      ...(prefetch !== undefined && { prefetch }),
    };
    let seconds = 0;
    let seen = 0;
    if (p.batch < most)
      for await (const batch of batches(train, order)) {
        signal?.throwIfAborted();
        const done = await this.#inTurn(async () => {
          const began = performance.now();
          const result = await this.#step(batch, epochs);
          seconds += (performance.now() - began) / 1000;
          seen += batch.size;
          return result;
        });
        const record = this.#stepRecord(done, seen / seconds);
        if (!Number.isFinite(record.loss) && onNaN !== "continue") throw notFinite(record);
        yield record;
        await this.#writeCheckpoint(false);
        await turn();
        if (p.batch >= most) break;
      }
    if (p.batch === 0)
      throw new ValueError({
        operation: "fit",
        problem: "the data has no examples",
        fix: "check the source of the stream",
      });
    yield await this.#inTurn(() => this.#endEpoch(seen / seconds, signal));
    await this.#writeCheckpoint(true);
  }

  /** Makes a step, and notes it in the progress. */
  async #step(batch: Batch<Input, Target>, epochs: number): Promise<StepDone<ValuesOf<M>>> {
    const p = this.#progress;
    const steps = p.batchesPerEpoch === null ? NaN : Math.floor((epochs * p.batchesPerEpoch) / p.accumulate);
    const at = { step: p.step, steps, epoch: p.epoch, history: p.history };
    const result = await this.#trainer.step(batch, { at });
    p.step = result.step;
    p.batch++;
    p.batches++;
    p.place = batch.after;
    p.sums = this.#trainer.merge(p.sums ?? undefined, result.sums);
    return result;
  }

  #stepRecord(done: StepDone<ValuesOf<M>>, examplesPerSecond: number): StepRecord<ValuesOf<M>> {
    const { epoch, batch, batchesPerEpoch } = this.#progress;
    const { step, loss, metrics, gradientNorm, updateRatio, learningRate } = done;
    return {
      kind: "step",
      ...{ epoch, step, batch, ...(batchesPerEpoch !== null && { batches: batchesPerEpoch }) },
      ...{ loss, metrics, examplesPerSecond, gradientNorm, updateRatio, learningRate },
    };
  }

  async #endEpoch(examplesPerSecond: number, signal: AbortSignal | undefined): Promise<EpochRecord<ValuesOf<M>>> {
    const p = this.#progress;
    const { earlyStopping } = this.#options;
    const { validation: data } = this.#sets;
    const validation = data && (await this.#trainer.evaluate(data, { signal }));
    const { loss, metrics }: Measured<ValuesOf<M>> = this.#trainer.measured(p.sums!);
    const found = { loss, metrics, ...(validation && { validation }) };
    const verdict =
      earlyStopping && this.#monitored && judgeEpoch([...p.history, found].map(this.#monitored.costOf), earlyStopping);
    const record: EpochRecord<ValuesOf<M>> = {
      kind: "epoch",
      ...{ epoch: p.epoch, step: p.step, ...found, examplesPerSecond },
      stopped: verdict?.stops ?? false,
    };
    if (earlyStopping?.restoreBest && verdict?.isBest) {
      const { model, average } = await this.#trainer.state();
      this.#best = new Map([...model, ...average]);
    }
    p.history.push(record as unknown as Progress["history"][number]);
    p.epoch++;
    p.batch = 0;
    p.place = 0;
    p.sums = null;
    return record;
  }
}

/** A copy that does not change as training goes on. */
const copyOf = (progress: Progress): Progress => ({ ...progress, history: [...progress.history] });

/** @throws `ValueError` for a checkpoint of other data or options. */
function checkResumed(progress: Progress, now: Progress, epochs: number): void {
  for (const [what, name] of [
    ["seed", "seed"],
    ["batch size", "batchSize"],
    ["number of examples", "examples"],
    ["option accumulate", "accumulate"],
    ["number of batches in an epoch", "batchesPerEpoch"],
  ] as const)
    if (progress[name] !== now[name])
      throw new ValueError({
        operation: "resume",
        what: `the ${what}`,
        expected: `${progress[name] ?? "unknown"}, as in the checkpoint`,
        got: now[name],
      });
  const begun = progress.epoch + (progress.batch > 0 ? 1 : 0);
  if (epochs < begun)
    throw new ValueError({
      operation: "resume",
      what: "epochs",
      expected: `at least ${begun}, the epoch of the checkpoint`,
      got: epochs,
    });
}

/** @throws `ValueError` for a checkpoint within an epoch whose sums are of other metrics. */
function checkMetrics({ sums }: Progress, chosen: object | undefined): void {
  if (sums === null || chosen === undefined) return;
  const [stored, now] = [Object.keys(sums.metrics), Object.keys(chosen)].map((names) => names.sort().join(", "));
  if (stored !== now)
    throw new ValueError({
      operation: "resume",
      what: "metrics",
      expected: `${stored === "" ? "none" : stored}, as in the checkpoint`,
      got: now,
    });
}

const notFinite = ({ step, epoch, loss, learningRate }: StepRecord<unknown>): ValueError =>
  new ValueError({
    operation: "fit",
    step,
    what: `the loss (epoch ${epoch}, learning rate ${learningRate})`,
    expected: "finite",
    got: loss,
    fix:
      "use a lower learning rate, clip: { norm: 1 }, or make the model after useBackend(checked(backend)) and run it again, " +
      "which names the layer and the operation that made the first such number",
  });
