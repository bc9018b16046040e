import {
  anyOption,
  checkOptions,
  checkValue,
  numberAbove,
  numberFrom,
  oneOf,
  seedOption,
  wholeFrom,
} from "@convlens/backend";
import type { Layer } from "@convlens/layers";
import type { Tensor } from "@convlens/tensor";
import type { Attribution } from "./attribution.ts";
import { gradCam, type GradCamOptions } from "./methods/gradCam.ts";
import { integratedGradients, type IntegratedGradientsOptions } from "./methods/integratedGradients.ts";
import { occlusion, type OcclusionOptions } from "./methods/occlusion.ts";
import { questionOf, type Question, type Target } from "./question.ts";
import { relevance, type RelevanceOptions } from "./methods/relevance.ts";
import { gradient, gradientTimesInput, guidedGradCam, ruled } from "./methods/gradient.ts";
import { deconvolved, guided } from "./methods/rules.ts";
import { smoothGrad, type SmoothGradOptions } from "./methods/smoothGrad.ts";
import { finiteOption, textOption } from "../optionChecks.ts";

/** A method of {@link explain}, with what it may be told. */
export type ExplainMethod =
  | { readonly method: "gradient" | "gradientTimesInput" | "guidedBackpropagation" | "deconvnet" }
  | ({ readonly method: "smoothGrad" } & SmoothGradOptions)
  | ({ readonly method: "integratedGradients" } & IntegratedGradientsOptions)
  | ({ readonly method: "gradCam" | "guidedGradCam" } & GradCamOptions)
  | ({ readonly method: "occlusion" } & OcclusionOptions)
  | ({ readonly method: "relevance" } & RelevanceOptions);

/** What {@link explain} is told. */
export type ExplainOptions = ExplainMethod & {
  /** What of the output is explained. Default: for each example the class that the model gives it. */
  readonly target?: Target;
};

/** Why a model answers as it does. */
export interface Explanation extends Attribution {
  readonly method: ExplainOptions["method"];
  /** The classes explained, where the target is no function. */
  readonly classes?: readonly number[];
}

/** The methods of {@link explain}, by name. */
export const explainMethods: readonly ExplainOptions["method"][] = [
  "gradient",
  "gradientTimesInput",
  "smoothGrad",
  "integratedGradients",
  "guidedBackpropagation",
  "deconvnet",
  "gradCam",
  "guidedGradCam",
  "occlusion",
  "relevance",
];

function checkExplainOptions(options: ExplainOptions): void {
  checkOptions<object>("explain", options, {
    method: oneOf(...explainMethods),
    target: anyOption,
    // smoothGrad
    samples: wholeFrom(1),
    noise: numberFrom(0),
    seed: seedOption,
    // integratedGradients
    baseline: anyOption,
    steps: wholeFrom(1),
    // gradCam, guidedGradCam
    layer: textOption,
    // occlusion
    size: anyOption,
    stride: anyOption,
    value: finiteOption,
    // relevance
    epsilon: numberAbove(0),
  });
  checkValue("explain", "method", options.method, oneOf(...explainMethods));
}

/**
 * Why a model answers as it does: how much each number of the input has to do with a number of the output, by ten methods.
 *
 * - `"gradient"`: the slope of the score (Simonyan 2014); `"gradientTimesInput"`; `"smoothGrad"`; `"integratedGradients"`
 * - `"guidedBackpropagation"`, `"deconvnet"`: slopes for which a relu lets back only what is positive
 * - `"gradCam"`, `"guidedGradCam"`: where a layer's maps speak for the score, and that times guided backpropagation
 * - `"occlusion"`: how far the score falls where pixels are covered
 * - `"relevance"`: the score itself, shared out from layer to layer
 *
 * Options of other methods change nothing, so that one set of them serves to compare methods.
 *
 * A map may look like the image and say nothing of the net: {@link randomizationTest} shuffles the weights and measures how alike
 * it stays (Adebayo et al. 2018, "Sanity Checks for Saliency Maps").
 *
 * @param x - `[n, h, w, c]` or `[n, l, c]`; for the methods without places, any `[n, …]`.
 * @throws `ValueError` for a target that is not a class of the model, an unknown option or a wrong value; `ShapeError` where there
 * is nothing to lay a map over.
 *
 * @example
 * ```ts
 * const why = await explain(model, images, { method: "gradientTimesInput", target: 3 });
 * why.shape; // [4, 12, 12, 1], as the images
 * why.scores; // the output of class 3 for each
 * ```
 */
export async function explain(model: Layer, x: Tensor, options: ExplainOptions): Promise<Explanation> {
  checkExplainOptions(options);
  const question = await questionOf(model, x, options.target);
  const attribution = await answer(question, options);
  const { classes } = question;
  return { method: options.method, ...(classes && { classes }), ...attribution };
}

function answer(question: Question, options: ExplainMethod): Promise<Attribution> {
  switch (options.method) {
    case "gradient":
      return gradient(question);
    case "gradientTimesInput":
      return gradientTimesInput(question);
    case "guidedBackpropagation":
      return ruled(question, guided);
    case "deconvnet":
      return ruled(question, deconvolved);
    case "smoothGrad":
      return smoothGrad(question, options);
    case "integratedGradients":
      return integratedGradients(question, options);
    case "gradCam":
      return gradCam(question, options);
    case "guidedGradCam":
      return guidedGradCam(question, options);
    case "occlusion":
      return occlusion(question, options);
    case "relevance":
      return relevance(question, options);
  }
}
