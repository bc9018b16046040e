import type { ArchitectureAnswer, ArchitectureRequest } from "./architecture.ts";
import type { ConvolutionAnswer, ConvolutionRequest } from "./convolution.ts";
import type { LearningJobs } from "./learning.ts";
import type { MatricesAnswer } from "./matrices.ts";
import type { PoolingAnswer, PoolingRequest } from "./pooling.ts";
import type { ShapesAnswer, ShapesRequest } from "./shapes.ts";
import type { DigitAnswer, DigitRequest } from "./digit.ts";
import type { ExplainAnswer, ExplainRequest, MethodInfo } from "./explanation.ts";
import type { FloorAnswer, FloorRequest, RaceAnswer, RaceRequest } from "./floorWork.ts";
import type { FoolAnswer, FoolRequest } from "./fool.ts";
import type { NetInfo } from "./net.ts";
import type { PaintRequest, Painted } from "./painting.ts";
import type { PatchesAnswer, PatchesRequest } from "./patches.ts";
import type { Processor } from "./processor.ts";
import type { TakeApartAnswer, TakeApartRequest } from "./takeApart.ts";
import type { UnitAnswer, UnitRequest } from "./unit.ts";
import type { SignalAnswer, SignalRequest } from "./signal.ts";
import type { SurgeryAnswer, SurgeryRequest } from "./surgery.ts";

/** Jobs of the worker: requests and answers. */
export interface Jobs extends LearningJobs {
  readonly convolution: { readonly request: ConvolutionRequest; readonly answer: ConvolutionAnswer };
  readonly matrices: { readonly request: ConvolutionRequest; readonly answer: MatricesAnswer };
  readonly pooling: { readonly request: PoolingRequest; readonly answer: PoolingAnswer };
  readonly shapes: { readonly request: ShapesRequest; readonly answer: ShapesAnswer };
  readonly digit: { readonly request: DigitRequest; readonly answer: DigitAnswer };
  readonly takeApart: { readonly request: TakeApartRequest; readonly answer: TakeApartAnswer };
  readonly unit: { readonly request: UnitRequest; readonly answer: UnitAnswer };
  readonly explain: { readonly request: ExplainRequest; readonly answer: ExplainAnswer };
  readonly explanationMethods: { readonly request: "all"; readonly answer: readonly MethodInfo[] };
  readonly fool: { readonly request: FoolRequest; readonly answer: FoolAnswer };
  readonly patches: { readonly request: PatchesRequest; readonly answer: PatchesAnswer };
  readonly signal: { readonly request: SignalRequest; readonly answer: SignalAnswer };
  readonly architecture: { readonly request: ArchitectureRequest; readonly answer: ArchitectureAnswer };
  readonly surgery: { readonly request: SurgeryRequest; readonly answer: SurgeryAnswer };
  readonly floor: { readonly request: FloorRequest; readonly answer: FloorAnswer };
  readonly race: { readonly request: RaceRequest; readonly answer: RaceAnswer };
}
/** Name of a job. */
export type Job = keyof Jobs;

/** Shows of the worker: jobs with intermediate results. */
export interface Shows {
  readonly paint: { readonly request: PaintRequest; readonly look: Painted };
  /** Prepares a processor, which may take seconds for a graphics processor. It has no intermediate results. */
  readonly prepare: { readonly request: { readonly processor: Processor }; readonly look: never };
}
/** Name of a show. */
export type Show = keyof Shows;

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
export type Ask = {
  [J in Job]: { readonly kind: "ask"; readonly id: number; readonly job: J; readonly request: Jobs[J]["request"] };
}[Job];

/** A show that is requested. */
export type Watch = {
  [S in Show]: { readonly kind: "watch"; readonly id: number; readonly show: S; readonly request: Shows[S]["request"] };
}[Show];

/**
 * Messages from the page to the worker. A cancelled job is dropped if it has not begun; a cancelled show ends. Tests may allow a
 * software renderer in place of a graphics processor.
 */
export type ToWorker =
  Ask | Watch | { readonly kind: "cancel"; readonly id: number } | { readonly kind: "allowSoftwareGraphics" };

/** Messages from the worker to the page. */
export type FromWorker =
  | { readonly kind: "ready"; readonly machine: Machine }
  | { readonly kind: "failed"; readonly text: string }
  | { readonly kind: "net"; readonly net: NetInfo }
  | { readonly kind: "outcome"; readonly id: number; readonly outcome: Outcome<Jobs[Job]["answer"]> }
  | { readonly kind: "dropped"; readonly id: number }
  | { readonly kind: "look"; readonly id: number; readonly look: Shows[Show]["look"] }
  | { readonly kind: "ended"; readonly id: number; readonly problem: string | undefined };
