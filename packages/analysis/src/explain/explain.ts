import { anyOption, checkOptions, checkValue, oneOf, type OptionCheck } from "@convlens/backend";
import type { Layer } from "@convlens/layers";
import type { Tensor } from "@convlens/tensor";
import type { Attribution } from "./attribution.ts";
import type { ExplanationMethod } from "./method.ts";
import {
  explanationMethodNames,
  explanationMethods,
  type ExplainMethod,
  type ExplanationMethodName,
} from "./methods.ts";
import { questionOf, type Target } from "./question.ts";

/** Options of {@link explain}. */
export type ExplainOptions = ExplainMethod & {
  /** The output to explain. Default: for each example the class that the model predicts. */
  readonly target?: Target;
};

/** Attributions of an output of a model to its input, by one method. */
export interface Explanation extends Attribution {
  readonly method: ExplanationMethodName;
  /** The classes explained, unless the target is a function. */
  readonly classes?: readonly number[];
}

const methodCheck = oneOf(...explanationMethodNames);

/** Checks of all options: those of other methods are accepted, so that one set of options serves to compare methods. */
const checks: Readonly<Record<string, OptionCheck>> = Object.assign(
  { method: methodCheck, target: anyOption },
  ...Object.values(explanationMethods).map(({ options }) => options),
);

/**
 * Explains an output of a model: how much each number of the input contributes to it, by one of {@link explanationMethods}.
 *
 * Options of other methods have no effect, so that one set of options serves to compare methods.
 *
 * A map may resemble the image and yet say nothing about the model: `randomizationTest` shuffles the weights and measures
 * how similar the map stays (Adebayo et al. 2018, "Sanity Checks for Saliency Maps").
 *
 * @param x - `[n, h, w, c]` or `[n, l, c]`; for methods other than Grad-CAM and occlusion any `[n, …]`.
 * @throws `ValueError` for a target that is not a class of the model, an unknown option or a wrong value; `ShapeError` for an
 * input without places where the method needs them.
 *
 * @example
 * ```ts
 * const why = await explain(model, images, { method: "inputTimesGradient", target: 3 });
 * why.shape; // [4, 12, 12, 1], that of the images
 * why.scores; // the output of class 3 for each image
 * ```
 */
export async function explain(model: Layer, x: Tensor, options: ExplainOptions): Promise<Explanation> {
  checkOptions<object>("explain", options, checks);
  checkValue("explain", "method", options.method, methodCheck);
  const question = await questionOf(model, x, options.target);
  const { run } = explanationMethods[options.method] as ExplanationMethod;
  const attribution = await run(question, options);
  const { classes } = question;
  return { method: options.method, ...(classes && { classes }), ...attribution };
}
