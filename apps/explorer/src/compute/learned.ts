import { signal, type Signal } from "@preact/signals";
import type { LearnedStep } from "./learning.ts";
import type { Processor } from "./processor.ts";

/** A step that is shown, and whether the net has learned anything, up to this step or a later one. */
export interface ShownStep extends LearnedStep {
  readonly hasLearned: boolean;
}

/**
 * The net of chapter 6 as of the step that its time line shows; `undefined` before there is one. The panels of chapter 7 look into
 * it (`useFollowing`).
 */
export const learned: Signal<ShownStep | undefined> = signal(undefined);

/** What trains, and what its backend calls itself. */
export interface TrainedBy {
  readonly processor: Processor;
  readonly backend: string;
}

/** What trains the net of chapter 6 now; `undefined` while nothing does. */
export const trainedBy: Signal<TrainedBy | undefined> = signal(undefined);
