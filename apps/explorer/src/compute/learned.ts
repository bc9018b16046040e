import { signal, type Signal } from "@preact/signals";
import type { LearnedStep } from "./learning.ts";

/** A step that is shown, and whether the net has learned anything, up to this step or a later one. */
export interface ShownStep extends LearnedStep {
  readonly hasLearned: boolean;
}

/**
 * The net of chapter 6 as of the step that its time line shows; `undefined` before there is one. A panel that follows it puts
 * it into the request of a job, and the job asks `withLearnedNet` for the model.
 */
export const learned: Signal<ShownStep | undefined> = signal(undefined);
