import type { ConvolutionAnswer, ConvolutionRequest } from "./convolution.ts";
import type { LearningJobs } from "./learning.ts";
import type { PoolingAnswer, PoolingRequest } from "./pooling.ts";
import type { ShapesAnswer, ShapesRequest } from "./shapes.ts";

/** What can be asked of the worker, and what it answers. */
export interface Jobs extends LearningJobs {
  readonly convolution: { readonly request: ConvolutionRequest; readonly answer: ConvolutionAnswer };
  readonly pooling: { readonly request: PoolingRequest; readonly answer: PoolingAnswer };
  readonly shapes: { readonly request: ShapesRequest; readonly answer: ShapesAnswer };
}
/** The name of something that can be asked. */
export type Job = keyof Jobs;

/** What came of a question: problems are values too. */
export type Outcome<T> =
  { readonly kind: "answer"; readonly value: T } | { readonly kind: "problem"; readonly text: string };

/** What computes, and how fast. */
export interface Machine {
  /** The backend's name. */
  readonly backend: string;
  readonly threads: number;
  /** Whether the page may share memory, without which there is one thread. */
  readonly isolated: boolean;
  /**
   * Multiplications with an addition that a convolution measured at the start is defined by, in a second; clever algorithms do
   * fewer for the same result.
   */
  readonly productsPerSecond: number;
}

/** From the page to the worker. */
export type ToWorker = {
  [J in Job]: { readonly kind: "ask"; readonly id: number; readonly job: J; readonly request: Jobs[J]["request"] };
}[Job];

/** From the worker to the page. */
export type FromWorker =
  | { readonly kind: "ready"; readonly machine: Machine }
  | { readonly kind: "failed"; readonly text: string }
  | { readonly kind: "outcome"; readonly id: number; readonly outcome: Outcome<Jobs[Job]["answer"]> };
