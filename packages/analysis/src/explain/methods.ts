import type { ExplanationMethod } from "./method.ts";
import { gradCam, guidedGradCam, type GradCamOptions } from "./methods/gradCam.ts";
import { deconvnet, gradient, guidedBackpropagation, inputTimesGradient } from "./methods/gradient.ts";
import { integratedGradients, type IntegratedGradientsOptions } from "./methods/integratedGradients.ts";
import { occlusion, type OcclusionOptions } from "./methods/occlusion.ts";
import { relevance, type RelevanceOptions } from "./methods/relevance.ts";
import { smoothGrad, type SmoothGradOptions } from "./methods/smoothGrad.ts";

/** The types of {@link explanationMethods}, which names and options derive from. */
export interface ExplanationMethods {
  readonly gradient: ExplanationMethod;
  readonly inputTimesGradient: ExplanationMethod;
  readonly smoothGrad: ExplanationMethod<SmoothGradOptions>;
  readonly integratedGradients: ExplanationMethod<IntegratedGradientsOptions>;
  readonly guidedBackpropagation: ExplanationMethod;
  readonly deconvnet: ExplanationMethod;
  readonly gradCam: ExplanationMethod<GradCamOptions>;
  readonly guidedGradCam: ExplanationMethod<GradCamOptions>;
  readonly occlusion: ExplanationMethod<OcclusionOptions>;
  readonly relevance: ExplanationMethod<RelevanceOptions>;
}

/**
 * The methods of {@link explain} by name. Checks, the command line and the explorer derive from this table.
 *
 * @example
 * ```ts
 * for (const [method, { title, summary, source }] of Object.entries(explanationMethods))
 *   console.log(`${method}: ${title} (${source}). ${summary}`);
 * ```
 */
export const explanationMethods: ExplanationMethods = {
  gradient,
  inputTimesGradient,
  smoothGrad,
  integratedGradients,
  guidedBackpropagation,
  deconvnet,
  gradCam,
  guidedGradCam,
  occlusion,
  relevance,
};

/** The name of one of {@link explanationMethods}. */
export type ExplanationMethodName = keyof ExplanationMethods;

/** The names of {@link explanationMethods}. */
export const explanationMethodNames = Object.keys(explanationMethods) as readonly ExplanationMethodName[];

/** A method by its name, with its own options. */
export type ExplainMethod = {
  [Name in ExplanationMethodName]: { readonly method: Name } & Parameters<ExplanationMethods[Name]["run"]>[1];
}[ExplanationMethodName];
