import type { Classification, Dataset } from "@convlens/datasets";
import type { Layer } from "@convlens/layers";
import type { Tensor } from "@convlens/tensor";
import type { Checkpoint } from "./checkpoint.ts";
import type { FitOptions } from "./fitOptions.ts";
import type { Loss } from "./loss.ts";
import type { Metrics } from "./metric.ts";
import type { FitRecord, History } from "./records.ts";
import type { DefaultMetrics, ValuesOf } from "./measured.ts";
import { TrainingRun } from "./trainingRun.ts";

/**
 * A training run. Iterate over its records, await its history, or both. It begins with the first record or `await`.
 *
 * An async function that returns a run returns its history, since a run can be awaited; return it in an object where the run is
 * wanted: `return { run: fit(…) }`.
 *
 * @typeParam Values - Values of the metrics.
 */
export class Fit<Values = DefaultMetrics>
  implements AsyncIterableIterator<FitRecord<Values>>, PromiseLike<History<Values>>
{
  readonly #run: { readonly history: History<Values>; checkpoint(): Promise<Checkpoint> };
  readonly #records: AsyncGenerator<FitRecord<Values>, void, void>;
  #isIterated = false;
  #drained: Promise<History<Values>> | undefined;
  readonly #end: Promise<History<Values>>;
  #settle!: { readonly resolve: (history: History<Values>) => void; readonly reject: (error: unknown) => void };

  /** @internal */
  constructor(
    run: { readonly history: History<Values>; checkpoint(): Promise<Checkpoint> },
    records: AsyncGenerator<FitRecord<Values>, void, void>,
  ) {
    this.#run = run;
    this.#records = records;
    this.#end = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    // An error reaches the caller of `next`, even if the history is never awaited.
    this.#end.catch(() => undefined);
  }

  async #advance(): Promise<IteratorResult<FitRecord<Values>, void>> {
    try {
      const next = await this.#records.next();
      if (next.done) this.#settle.resolve(this.#run.history);
      return next;
    } catch (error) {
      this.#settle.reject(error);
      throw error;
    }
  }

  async #drain(): Promise<History<Values>> {
    while (!(await this.#advance()).done);
    return this.#run.history;
  }

  /** Makes the next step, and returns its record. */
  next(): Promise<IteratorResult<FitRecord<Values>, void>> {
    this.#isIterated = true;
    return this.#advance();
  }

  /** Ends training, like `break` in `for await`. */
  async return(): Promise<IteratorResult<FitRecord<Values>, void>> {
    this.#isIterated = true;
    try {
      return await this.#records.return();
    } finally {
      this.#settle.resolve(this.#run.history);
    }
  }

  /** Returns the run itself, for `for await`. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Trains to the end, unless the records are iterated over elsewhere, and gives the records of the epochs. */
  // oxlint-disable-next-line unicorn/no-thenable -- A run is meant to be awaited.
  then<A = History<Values>, B = never>(
    fulfilled?: ((history: History<Values>) => A | PromiseLike<A>) | null,
    rejected?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    const history = this.#isIterated ? this.#end : (this.#drained ??= this.#drain());
    return history.then(fulfilled, rejected);
  }

  /**
   * Returns a copy of everything that is needed to resume training; `writeCheckpoint` makes a file of it. During a step it waits for the step to end, and the
   * next step waits for it.
   */
  checkpoint(): Promise<Checkpoint> {
    return this.#run.checkpoint();
  }
}

/**
 * Trains a model. The result can be awaited, and gives one record for each epoch; or iterated over, and gives a record after
 * each step and each epoch, where `break` stops training.
 *
 * @param model - Built here if necessary.
 * @param data - Classes, or any inputs and targets that model and loss take.
 * @throws `ValueError` for an option that is unknown or wrong, labels beyond the outputs of the model, a loss that is NaN or
 * infinite, or a model without parameters that learn; `ShapeError` where model, loss and data do not fit together. All errors
 * except the non-finite loss are thrown before any weight changes.
 *
 * @example
 * ```ts
 * const history = await fit(model, train, { epochs: 3, validation: test });
 * console.log(history.at(-1)!.validation!.metrics.accuracy);
 *
 * for await (const record of fit(model, train, { epochs: 3 }))
 *   if (record.kind === "step") console.log(record.step, record.loss);
 * ```
 */
export function fit<Input, M extends Metrics | undefined = undefined>(
  model: Layer<Input, Tensor>,
  data: Classification<NoInfer<Input>>,
  options?: FitOptions<NoInfer<Input>, Tensor, Tensor, M>,
): Fit<ValuesOf<M>>;
export function fit<Input, Output, Target, M extends Metrics<Output, Target> | undefined = undefined>(
  model: Layer<Input, Output>,
  data: Dataset<NoInfer<Input>, Target>,
  options: FitOptions<NoInfer<Input>, NoInfer<Output>, NoInfer<Target>, M> & {
    readonly loss: Loss<NoInfer<Output>, NoInfer<Target>>;
  },
): Fit<ValuesOf<M>>;
export function fit<Input, Output, Target, M>(
  model: Layer<Input, Output>,
  data: Dataset<Input, Target>,
  options: FitOptions<Input, Output, Target, M> = {},
): Fit<ValuesOf<M>> {
  const run = new TrainingRun(model, data, options);
  return new Fit(run, run.records());
}
