import { atStep, checkValue, numberFrom, turn, ValueError } from "@convlens/backend";
import { batchCount, batches, type Dataset } from "@convlens/datasets";
import { build, parameters, setWeights, weightsOf, type Layer, type StoredTensor } from "@convlens/layers";
import type { Variable } from "@convlens/tensor";
import { adam } from "./adam.ts";
import { readCheckpoint, restoreCheckpoint, storedValues, writeCheckpoint } from "./checkpoint.ts";
import { checkFits } from "./checkFits.ts";
import { judgeEpoch } from "./earlyStopping.ts";
import { evaluateModel } from "./evaluateModel.ts";
import { checkFitOptions, checkSubject, type FitOptions } from "./fitOptions.ts";
import { learningRates } from "./groups.ts";
import { crossEntropy, type Loss } from "./losses.ts";
import type { Optimizer } from "./optimizer.ts";
import type { Progress } from "./progress.ts";
import type { EpochRecord, FitRecord, StepRecord } from "./records.ts";
import { learningRateAt, type Schedule } from "./schedules.ts";
import { trainStep } from "./trainStep.ts";

/** A training run: an async iterator of its records. */
export interface Fit extends AsyncGenerator<FitRecord, void, void> {
  /**
   * Returns a file with everything that is needed to resume training. During a step it waits for the step to end, and the
   * next step waits for it.
   */
  checkpoint(): Promise<Uint8Array>;
}

/**
 * Trains a model. Yields a record after each step and each epoch; the next step begins when the next record is asked for.
 * `break` stops training.
 *
 * @param model - `[n, …shape] → [n, classes]`. Built here if necessary.
 * @throws `ValueError` for an option that is unknown or wrong, labels beyond the outputs of the model, a loss that is NaN or
 * infinite, or a model without parameters that learn; `ShapeError` for a loss that is not a scalar, or a test set of another
 * shape. All errors except the non-finite loss are thrown before any weight changes.
 *
 * @example
 * ```ts
 * for await (const record of fit(model, train, { epochs: 3, test }))
 *   if (record.kind === "epoch") console.log(record.epoch, record.loss, record.testAccuracy);
 * ```
 */
export function fit(model: Layer, data: Dataset, options: FitOptions = {}): Fit {
  const run = new Run(model, data, options);
  return Object.assign(run.records(), { checkpoint: () => run.checkpoint() });
}

/** Values after the last step. */
interface LastStep {
  /** State of the optimizer. */
  readonly optimizer: ReadonlyMap<string, StoredTensor>;
  /** Weights of the last step, if the model gets back the best ones. */
  readonly weights: ReadonlyMap<string, StoredTensor> | undefined;
}

/** One call of {@link fit}. */
class Run {
  readonly #model: Layer;
  readonly #data: Dataset;
  readonly #options: FitOptions;
  readonly #optimizer: Optimizer;
  readonly #loss: Loss;
  readonly #progress: Progress;
  #best: Map<string, StoredTensor> | undefined;
  /** Paths of the parameters that learn. */
  #paths: ReadonlySet<string> | undefined;
  /** Values after the last step, once training has ended. */
  #last: Promise<LastStep> | undefined;
  /** Queue of everything that reads or changes the state of training. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(model: Layer, data: Dataset, options: FitOptions) {
    checkSubject("fit", model, data);
    checkFitOptions(options);
    const { batchSize = 32, seed, optimizer = adam(), loss = crossEntropy, resume, test } = options;
    this.#model = model;
    this.#data = data;
    this.#options = options;
    this.#optimizer = optimizer.fresh();
    this.#loss = loss;
    const start = {
      seed: seed ?? 0,
      batchSize,
      examples: data.size,
      epoch: 0,
      batch: 0,
      step: 0,
      lossSum: 0,
      accuracySum: 0,
      history: [],
    };
    if (resume === undefined) {
      build(model, data.shape, { seed: start.seed, onlyFresh: true });
      this.#progress = start;
      checkFits(model, data, { batchSize, loss, test });
    } else this.#progress = this.#restore(resume, batchSize);
  }

  /** Restores a checkpoint of the same data and options. If it does not match, nothing is changed. */
  #restore(file: Uint8Array, batchSize: number): Progress {
    const { epochs = 1, seed } = this.#options;
    const checkpoint = readCheckpoint(file);
    const { progress } = checkpoint;
    for (const [what, before, now] of [
      ["seed", progress.seed, seed ?? progress.seed],
      ["batch size", progress.batchSize, batchSize],
      ["number of examples", progress.examples, this.#data.size],
    ] as const)
      if (before !== now)
        throw new ValueError({
          operation: "resume",
          what: `the ${what}`,
          expected: `${before}, as in the checkpoint`,
          got: now,
        });
    const begun = progress.epoch + (progress.batch > 0 ? 1 : 0);
    if (epochs < begun)
      throw new ValueError({
        operation: "resume",
        what: "epochs",
        expected: `at least ${begun}, the epoch of the checkpoint`,
        got: epochs,
      });
    // This calls the model, and so creates the variables that the checkpoint is compared with.
    checkFits(this.#model, this.#data, { batchSize, loss: this.#loss, test: this.#options.test });
    restoreCheckpoint(checkpoint, this.#model, this.#optimizer.state(this.#learning), () =>
      build(this.#model, this.#data.shape, { seed: progress.seed, onlyFresh: true }),
    );
    this.#best = checkpoint.best === undefined ? undefined : new Map(checkpoint.best);
    return progress;
  }

  /** Parameters that learn. */
  get #learning(): ReadonlyMap<string, Variable> {
    const all = parameters(this.#model);
    const { learningRate } = this.#optimizer;
    const paths = (this.#paths ??= new Set(learningRates(all, this.#options.groups ?? [], learningRate).keys()));
    if (paths.size === 0) throw nothingLearns(all.size);
    return new Map([...all].filter(([path]) => paths.has(path)));
  }

  checkpoint(): Promise<Uint8Array> {
    return this.#inTurn(async () => {
      const { optimizer, weights } = await (this.#last ?? this.#lastStep());
      return writeCheckpoint({
        weights: weights ?? (await weightsOf(this.#model)),
        optimizer,
        best: this.#best,
        progress: this.#progress,
      });
    });
  }

  /** Runs work after all earlier work, so that a checkpoint never mixes two steps. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => undefined);
    return result;
  }

  async #lastStep(): Promise<LastStep> {
    const optimizer = await storedValues(this.#optimizer.state(this.#learning));
    return { optimizer, weights: this.#restored === undefined ? undefined : await weightsOf(this.#model) };
  }

  /** Weights that the model gets when training ends. */
  get #restored(): ReadonlyMap<string, StoredTensor> | undefined {
    return this.#options.earlyStopping?.restoreBest ? this.#best : undefined;
  }

  /**
   * Frees the state of the optimizer and restores the best weights. Copies of what a later checkpoint needs stay in memory of
   * JavaScript.
   */
  async #end(): Promise<void> {
    this.#last = this.#lastStep();
    // An error is reported by checkpoint().
    await this.#last.catch(() => undefined);
    for (const variable of this.#optimizer.state(this.#learning).values()) variable.dispose();
    if (this.#restored !== undefined) setWeights(this.#model, this.#restored);
  }

  async *records(): AsyncGenerator<FitRecord, void, void> {
    const { epochs = 1, signal, diagnostics, clip, groups, augment } = this.#options;
    const p = this.#progress;
    // Throws before anything is recorded if no parameter learns.
    this.#optimizer.state(this.#learning);
    const step = trainStep(this.#model, {
      loss: this.#loss,
      optimizer: this.#optimizer,
      groups,
      clip,
      diagnostics,
      seed: p.seed,
    });
    step.runs = p.step;
    const count = batchCount(p.examples, p.batchSize);
    try {
      while (p.epoch < epochs && !p.history.at(-1)?.stopped) {
        let seconds = 0;
        let seen = 0;
        const order = {
          size: p.batchSize,
          shuffle: true,
          seed: p.seed,
          epoch: p.epoch,
          start: p.batch,
          augment,
        } as const;
        for (const { inputs, labels } of batches(this.#data, order)) {
          signal?.throwIfAborted();
          const own = this.#optimizer.learningRate;
          const learningRate = this.#rateOfStep(own, epochs * count);
          const rates = step.learningRates.map((each) =>
            each === own ? learningRate : this.#rateOfStep(each, epochs * count),
          );
          const results = await this.#inTurn(async () => {
            const began = performance.now();
            const done = await step(inputs, labels, ...rates).catch((error: unknown) => {
              throw atStep(error, p.step + 1);
            });
            seconds += (performance.now() - began) / 1000;
            const size = labels.size;
            seen += size;
            p.step++;
            p.batch++;
            // Weighted by the size relative to a full batch: without a smaller batch, sums are those of the losses to the bit.
            p.lossSum += done.loss.knownValue * (size / p.batchSize);
            p.accuracySum += done.accuracy.knownValue * (size / p.batchSize);
            return done;
          });
          const record: StepRecord = {
            kind: "step",
            epoch: p.epoch,
            step: p.step,
            batch: p.batch,
            batches: count,
            loss: results.loss.knownValue,
            ...known("accuracy", results.accuracy.knownValue),
            imagesPerSecond: seen / seconds,
            gradientNorm: results.gradientNorm.knownValue,
            updateRatio: results.updateRatio.knownValue,
            learningRate,
          };
          if (!Number.isFinite(record.loss) && this.#options.onNaN !== "continue") throw notFinite(record);
          yield record;
          await turn();
        }
        yield await this.#inTurn(() => this.#endEpoch(seen / seconds, signal));
      }
    } finally {
      step.dispose();
      await this.#inTurn(() => this.#end());
    }
  }

  /** Learning rate of the next step. */
  #rateOfStep(learningRate: number | Schedule, steps: number): number {
    const { step, epoch, history } = this.#progress;
    const rate = learningRateAt(learningRate, { step, steps, epoch, history });
    checkValue(`fit: step ${step + 1}`, "the learning rate that the schedule gives", rate, numberFrom(0));
    return rate;
  }

  async #endEpoch(imagesPerSecond: number, signal: AbortSignal | undefined): Promise<EpochRecord> {
    const p = this.#progress;
    const { test, earlyStopping } = this.#options;
    const tested = test && (await evaluateModel(this.#model, test, { loss: this.#loss, signal }));
    const fullBatches = p.examples / p.batchSize;
    const loss = p.lossSum / fullBatches;
    const losses = [...p.history.map((record) => record.testLoss ?? record.loss), tested?.loss ?? loss];
    const verdict = earlyStopping && judgeEpoch(losses, earlyStopping);
    const record: EpochRecord = {
      kind: "epoch",
      epoch: p.epoch,
      step: p.step,
      loss,
      ...known("accuracy", p.accuracySum / fullBatches),
      ...(tested && { testLoss: tested.loss }),
      ...known("testAccuracy", tested?.accuracy),
      imagesPerSecond,
      stopped: verdict?.stops ?? false,
    };
    if (earlyStopping?.restoreBest && verdict?.isBest) this.#best = await weightsOf(this.#model);
    p.history.push(record);
    p.epoch++;
    p.batch = 0;
    p.lossSum = 0;
    p.accuracySum = 0;
    return record;
  }
}

/** An accuracy under its name, unless it is NaN. */
const known = <K extends string>(name: K, accuracy: number = NaN): { readonly [_ in K]?: number } =>
  Number.isNaN(accuracy) ? {} : ({ [name]: accuracy } as { readonly [_ in K]: number });

const nothingLearns = (parameters: number): ValueError =>
  parameters === 0
    ? new ValueError({
        operation: "fit",
        problem: "the model has no parameters, so nothing would learn",
        fix: "give it a layer such as Dense",
      })
    : new ValueError({
        operation: "fit",
        problem: `all ${parameters} parameters are frozen, so nothing would learn`,
        fix: "freeze fewer in groups",
      });

const notFinite = ({ step, epoch, loss, learningRate }: StepRecord): ValueError =>
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
