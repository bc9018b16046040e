import type { StoredTensor } from "@convlens/layers";
import type { OptimizerName } from "./learningNet.ts";

/** A net after a step, with everything that is needed to continue from there. */
export interface KeptStep {
  readonly weights: ReadonlyMap<string, StoredTensor>;
  /** The optimizer of the step; `undefined` before the first. */
  readonly optimizer: OptimizerName | undefined;
  /** State of the optimizer, by name. */
  readonly memory: ReadonlyMap<string, Float32Array>;
}

const bytesOf = ({ weights, memory }: KeptStep): number =>
  [...weights.values()].reduce((total, { values }) => total + values.byteLength, 0) +
  [...memory.values()].reduce((total, { byteLength }) => total + byteLength, 0);

/**
 * Earlier steps of a net in bounded memory: all steps while there is room, then every second, then every fourth. The first and the
 * latest step are always kept.
 */
export class LearningHistory {
  readonly #room: number;
  readonly #steps: Map<number, KeptStep> = new Map();
  #stride = 1;
  #latest = 0;
  #bytes = 0;

  /** @param room - Bytes of memory. */
  constructor(room: number) {
    this.#room = room;
  }

  /** The kept steps are the multiples of this number, and the latest. */
  get stride(): number {
    return this.#stride;
  }

  /** The latest step. */
  get latest(): number {
    return this.#latest;
  }

  /** Keeps a step. If there is no room, every other step is dropped. */
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

  /** The nearest kept step that is not after `step`; the latest, if `step` is later. */
  at(step: number): { readonly step: number; readonly kept: KeptStep } {
    const wanted = Math.max(0, Math.min(step, this.#latest));
    const nearest = wanted === this.#latest ? wanted : wanted - (wanted % this.#stride);
    const kept = this.#steps.get(nearest);
    if (kept === undefined) throw new Error(`Step ${nearest} is not kept because the net has not been started.`);
    return { step: nearest, kept };
  }

  /** Drops all steps after a kept step. */
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
