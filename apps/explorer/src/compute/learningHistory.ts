import type { StoredTensor } from "@convlens/layers";
import type { OptimizerName } from "./learningNet.ts";

/** A net as it was after a step, and all that it takes to go on from there. */
export interface KeptStep {
  readonly weights: ReadonlyMap<string, StoredTensor>;
  /** What made the step; `undefined` before the first. */
  readonly optimizer: OptimizerName | undefined;
  /** What the optimizer keeps between steps, by name. */
  readonly memory: ReadonlyMap<string, Float32Array>;
}

const bytesOf = ({ weights, memory }: KeptStep): number =>
  [...weights.values()].reduce((total, { values }) => total + values.byteLength, 0) +
  [...memory.values()].reduce((total, { byteLength }) => total + byteLength, 0);

/**
 * A net's past, in memory that is bounded: all steps while there is room, then every second, every fourth. The latest step and
 * the first are always there.
 */
export class LearningHistory {
  readonly #room: number;
  readonly #steps: Map<number, KeptStep> = new Map();
  #stride = 1;
  #latest = 0;
  #bytes = 0;

  /** @param room - In bytes. */
  constructor(room: number) {
    this.#room = room;
  }

  /** What is kept are the multiples of this, and the latest. */
  get stride(): number {
    return this.#stride;
  }

  /** The last step that was kept. */
  get latest(): number {
    return this.#latest;
  }

  /** Keeps one more step, and of what is too much every other one no longer. */
  keep(step: number, kept: KeptStep): void {
    if (this.#latest % this.#stride !== 0) this.#drop(this.#latest);
    this.#latest = step;
    this.#steps.set(step, kept);
    this.#bytes += bytesOf(kept);
    while (this.#bytes > this.#room && this.#steps.size > 2) {
      this.#stride *= 2;
      for (const old of [...this.#steps.keys()]) if (old % this.#stride !== 0 && old !== step) this.#drop(old);
    }
  }

  /** The nearest step that is kept and is not after `step`; the latest, if `step` is later still. */
  at(step: number): { readonly step: number; readonly kept: KeptStep } {
    const wanted = Math.max(0, Math.min(step, this.#latest));
    const nearest = wanted === this.#latest ? wanted : wanted - (wanted % this.#stride);
    const kept = this.#steps.get(nearest);
    if (kept === undefined) throw new Error(`Step ${nearest} is not kept; the net has not been started.`);
    return { step: nearest, kept };
  }

  /** Forgets what came after a step that is kept. */
  goBack(step: number): void {
    for (const later of [...this.#steps.keys()]) if (later > step) this.#drop(later);
    this.#latest = step;
  }

  #drop(step: number): void {
    const kept = this.#steps.get(step);
    if (kept === undefined) return;
    this.#bytes -= bytesOf(kept);
    this.#steps.delete(step);
  }
}
