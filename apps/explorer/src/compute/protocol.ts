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

/** What can be asked of the worker, and what it answers. */
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
/** The name of something that can be asked. */
export type Job = keyof Jobs;

/** What can be watched while the worker is at it, and what there is to be seen on the way. */
export interface Shows {
  readonly paint: { readonly request: PaintRequest; readonly look: Painted };
  /** Gets a processor ready, which for a graphics processor may take seconds; there is nothing to be seen. */
  readonly prepare: { readonly request: { readonly processor: Processor }; readonly look: never };
}
/** The name of something that can be watched. */
export type Show = keyof Shows;

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

/** A question to the worker. */
export type Ask = {
  [J in Job]: { readonly kind: "ask"; readonly id: number; readonly job: J; readonly request: Jobs[J]["request"] };
}[Job];

/** Something that the worker is to show. */
export type Watch = {
  [S in Show]: { readonly kind: "watch"; readonly id: number; readonly show: S; readonly request: Shows[S]["request"] };
}[Show];

/**
 * From the page to the worker. What is cancelled before it has begun is dropped; a show ends. A test may allow that a program stands
 * in for a graphics processor.
 */
export type ToWorker =
  Ask | Watch | { readonly kind: "cancel"; readonly id: number } | { readonly kind: "allowSoftwareGraphics" };

/** From the worker to the page. */
export type FromWorker =
  | { readonly kind: "ready"; readonly machine: Machine }
  | { readonly kind: "failed"; readonly text: string }
  | { readonly kind: "net"; readonly net: NetInfo }
  | { readonly kind: "outcome"; readonly id: number; readonly outcome: Outcome<Jobs[Job]["answer"]> }
  | { readonly kind: "dropped"; readonly id: number }
  | { readonly kind: "look"; readonly id: number; readonly look: Shows[Show]["look"] }
  | { readonly kind: "ended"; readonly id: number; readonly problem: string | undefined };
