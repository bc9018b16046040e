import { signal, type Signal } from "@preact/signals";
import type { LearnedStep } from "./learning.ts";

/**
 * The net of chapter 6 as of the step that its time line shows; `undefined` before there is one. A panel that follows it puts
 * it into the request of a job, and the job asks `withLearnedNet` for the model.
 */
export const learned: Signal<LearnedStep | undefined> = signal(undefined);
