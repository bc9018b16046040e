import { batch, signal, type Signal } from "@preact/signals";
import type { Compute } from "../../compute/compute.ts";
import { trainedBy } from "../../compute/learned.ts";
import type { LearningProgress } from "../../compute/learningRun.ts";
import type { Processor } from "../../compute/processor.ts";
import { learningFields, type Comparison, type Speeds } from "./model.ts";

/** Weight of the latest measurement in the average speed. */
const FRESH = 0.3;

/** The processor that trains the nets of a session, the speeds of processors, and the difference of the last two. */
export class Processing {
  /** Examples a second. */
  readonly speeds: Signal<Speeds> = signal({});
  /** The first step after the last change, computed by both processors. */
  readonly comparison: Signal<Comparison | undefined> = signal(undefined);
  /** Why the processor was not changed. */
  readonly refusal: Signal<string | undefined> = signal(undefined);
  readonly #compute: Pick<Compute, "ask" | "prepare">;
  readonly #set: (change: { readonly processor: Processor }) => void;
  #wanted: Processor | undefined;
  #before: Processor | undefined;

  constructor(compute: Pick<Compute, "ask" | "prepare">, set: (change: { readonly processor: Processor }) => void) {
    this.#compute = compute;
    this.#set = set;
  }

  /**
   * Changes the processor. Training continues until the new one is ready. If it is not available, the state is set back.
   */
  async moveTo(processor: Processor): Promise<void> {
    if (processor === this.#wanted) return;
    this.#wanted = processor;
    const missing = await this.#compute.prepare(processor);
    if (processor !== this.#wanted) return;
    if (missing !== undefined) return this.#refuse(missing);
    const outcome = await this.#compute.ask("learnOn", { processor });
    if (this.#wanted === undefined) return;
    if (outcome.kind === "answer")
      batch(() => {
        this.#before = trainedBy.peek()?.processor;
        trainedBy.value = { processor, backend: outcome.value };
        this.refusal.value = undefined;
      });
    else if (processor === this.#wanted) this.#refuse(outcome.text);
  }

  #refuse(why: string): void {
    const now = trainedBy.peek()?.processor;
    batch(() => {
      this.#wanted = now;
      this.refusal.value = why;
      this.#set({ processor: now ?? learningFields.processor.initial });
    });
  }

  /** Measures the speed of the present processor. The worker answers in order, so the progress was made by it. */
  heard({ rows, milliseconds, compared }: LearningProgress, batchSize: number): void {
    const [now, before] = [trainedBy.peek()?.processor, this.#before];
    if (now === undefined || rows.length === 0) return;
    const speed = (1000 * rows.length * batchSize) / milliseconds;
    const known = this.speeds.peek()[now] ?? speed;
    this.speeds.value = { ...this.speeds.peek(), [now]: (1 - FRESH) * known + FRESH * speed };
    if (compared !== undefined && before !== undefined) this.comparison.value = { ...compared, from: before, to: now };
  }

  /** Forgets the measurements of a net that was replaced. */
  forget(): void {
    this.speeds.value = {};
    this.comparison.value = undefined;
  }

  /** Ends the session. */
  end(): void {
    this.#wanted = undefined;
    trainedBy.value = undefined;
  }
}
