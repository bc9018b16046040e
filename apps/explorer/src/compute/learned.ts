import { signal, type Signal } from "@preact/signals";
import type { LearnedStep } from "./learning.ts";
import type { Processor } from "./processor.ts";

/** A step that is shown, and whether the net was trained at all. */
export interface ShownStep extends LearnedStep {
  readonly hasLearned: boolean;
}

/**
 * The net of chapter 6 at the step of its time line; `undefined` before there is a net. The panels of chapter 7 inspect it
 * (`useFollowing`).
 */
export const learned: Signal<ShownStep | undefined> = signal(undefined);

/** A processor and the name of its backend. */
interface TrainedBy {
  readonly processor: Processor;
  readonly backend: string;
}

/** The processor that trains the net of chapter 6; `undefined` if there is none. */
export const trainedBy: Signal<TrainedBy | undefined> = signal(undefined);
