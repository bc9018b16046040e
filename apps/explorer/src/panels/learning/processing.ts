import { batch, signal, type Signal } from "@preact/signals";
import type { Compute } from "../../compute/compute.ts";
import { trainedBy } from "../../compute/learned.ts";
import type { LearningProgress } from "../../compute/learningRun.ts";
import type { Processor } from "../../compute/processor.ts";
import { learningFields, type Comparison, type Speeds } from "./model.ts";

/** How much the last part of training counts in the speed that is shown. */
const FRESH = 0.3;

/** What trains the nets of a session: has them moved, and knows how fast each processor was, and how far apart two are. */
export class Processing {
  /** Examples a second. */
  readonly speeds: Signal<Speeds> = signal({});
  /** The first step after the last move. */
  readonly comparison: Signal<Comparison | undefined> = signal(undefined);
  /** Why the nets were not moved. */
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
   * Has the nets trained by another processor: until that is ready, they go on learning. Where it is not at hand, the state goes back.
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

  /** Hears what a part of training came to. The worker answers in order, so it was made by what trains now. */
  heard({ rows, milliseconds, compared }: LearningProgress, batchSize: number): void {
    const [now, before] = [trainedBy.peek()?.processor, this.#before];
    if (now === undefined || rows.length === 0) return;
    const speed = (1000 * rows.length * batchSize) / milliseconds;
    const known = this.speeds.peek()[now] ?? speed;
    this.speeds.value = { ...this.speeds.peek(), [now]: (1 - FRESH) * known + FRESH * speed };
    if (compared !== undefined && before !== undefined) this.comparison.value = { ...compared, from: before, to: now };
  }

  /** Forgets what was found with a net that is no more. */
  forget(): void {
    this.speeds.value = {};
    this.comparison.value = undefined;
  }

  /** Nothing is trained any more. */
  end(): void {
    this.#wanted = undefined;
    trainedBy.value = undefined;
  }
}
