import type { Painted } from "./painting.ts";
import type { jobsOf } from "./jobs.ts";
import type { NetInfo } from "./net.ts";

/** Jobs of the worker. */
export type Jobs = ReturnType<typeof jobsOf>;
/** Name of a job. */
export type Job = keyof Jobs;
/** Request of a job. */
export type RequestOf<J extends Job> = Parameters<Jobs[J]>[0];
/** Answer to a request. */
export type AnswerOf<J extends Job> = Awaited<ReturnType<Jobs[J]>>;

/** Outcome of a job. Problems are values, too. */
export type Outcome<T> =
  { readonly kind: "answer"; readonly value: T } | { readonly kind: "problem"; readonly text: string };

/** The backend of the page and its speed. */
export interface Machine {
  /** The backend's name. */
  readonly backend: string;
  readonly threads: number;
  /** Whether the page may share memory, which several threads need. */
  readonly isolated: boolean;
  /**
   * Multiply-adds per second of a convolution that was measured at the start. Fast algorithms need fewer than the definition, which
   * is counted here.
   */
  readonly productsPerSecond: number;
}

/** A request to the worker. */
export interface Ask<J extends Job = Job> {
  readonly kind: "ask";
  readonly id: number;
  readonly job: J;
  readonly request: RequestOf<J>;
}

/**
 * Messages from the page to the worker. A cancelled job is dropped if it has not begun, or if it runs beside others. Tests may allow
 * a software renderer in place of a graphics processor.
 */
export type ToWorker =
  Ask | { readonly kind: "cancel"; readonly id: number } | { readonly kind: "allowSoftwareGraphics" };

/** Messages from the worker to the page. */
export type FromWorker =
  | { readonly kind: "ready"; readonly machine: Machine }
  | { readonly kind: "failed"; readonly text: string }
  | { readonly kind: "net"; readonly net: NetInfo }
  /** An intermediate result. */
  | { readonly kind: "look"; readonly id: number; readonly look: Painted }
  | { readonly kind: "outcome"; readonly id: number; readonly outcome: Outcome<AnswerOf<Job>> }
  | { readonly kind: "dropped"; readonly id: number };
