import { architecture } from "./architecture.ts";
import { backendOf } from "./backends.ts";
import { convolution } from "./convolution.ts";
import { digit, testDigits } from "./data.ts";
import { explanation, listMethods } from "./explanation.ts";
import { floor, race, type FloorRequest, type RaceRequest } from "./floor.ts";
import { fool, type FoolRequest } from "./fool.ts";
import type { ExplainRequest } from "./explanation.ts";
import { learnedParts, learningJobs, type LearnedStep } from "./learning.ts";
import { matrices } from "./matrices.ts";
import type { CurrentNet } from "./net.ts";
import { painting, type Painted, type PaintRequest } from "./painting.ts";
import { patches, type PatchesRequest } from "./patches.ts";
import { pooling } from "./pooling.ts";
import type { Processor } from "./processor.ts";
import { shapes } from "./shapes.ts";
import { signal } from "./signal.ts";
import { surgery } from "./surgery.ts";
import { takeApart, type TakeApartRequest } from "./takeApart.ts";
import { unit, type UnitRequest } from "./unit.ts";

/** A job that runs: a signal that ends it, and a function for intermediate results. */
export interface Running {
  readonly signal: AbortSignal;
  readonly look: (look: Painted) => void;
}

/** The functions of all jobs, about the net that the panels inspect. The page derives the types of requests and answers from them. */
export const jobsOf = (net: CurrentNet) => ({
  ...{ architecture, convolution, matrices, pooling, shapes, signal, surgery, ...learningJobs },
  digit: async ({ index }: { readonly index: number }) => digit(await testDigits(), index),
  /** Lets panels inspect a net of chapter 6 at a step; without one, the pretrained net. */
  lookInto: async ({ at }: { readonly at: LearnedStep | undefined }) => {
    if (at === undefined) net.reset();
    else net.set(learnedParts(at));
  },
  takeApart: async (request: TakeApartRequest) => takeApart(await net.get(), request),
  unit: async (request: UnitRequest) => unit(await net.get(), request),
  explain: async (request: ExplainRequest) => explanation(await net.get(), request),
  explanationMethods: async (_request: "all") => listMethods(),
  fool: async (request: FoolRequest) => fool(await net.get(), request),
  patches: async (request: PatchesRequest) => patches(await net.get(), await testDigits(), request),
  floor: async (request: FloorRequest) => floor(await net.get(), await testDigits(), request),
  race: async (request: RaceRequest) => race(await net.get(), await testDigits(), request),
  paint: async (request: PaintRequest, { signal, look }: Running) => {
    for await (const painted of painting(await net.get(), request, signal)) look(painted);
  },
  /** Prepares a processor, which may take seconds for a graphics processor. */
  prepare: async ({ processor }: { readonly processor: Processor }) => void (await backendOf(processor)),
});
