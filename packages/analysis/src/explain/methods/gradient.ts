import type { GradientRule } from "@convlens/tensor";
import type { Attribution } from "../attribution.ts";
import type { ExplanationMethod } from "../method.ts";
import { withGradient, type Question } from "../question.ts";
import { deconvolved, guided } from "./rules.ts";

/** Returns the gradient of the scores at x, computed with `rule` where one is given. */
export const gradientAt = (question: Question, rule?: GradientRule): Promise<Attribution> =>
  withGradient(
    question,
    async (at) => {
      const { gradient, scores } = await at(question.x);
      return { shape: question.x.shape, values: gradient, scores };
    },
    () => (rule ? { rule } : {}),
  );

/**
 * The gradient of the score.
 *
 * @example
 * ```ts
 * const { values, classes } = await explain(model, images, { method: "gradient" });
 * heatmap({ method: "gradient", shape: images.shape, values }); // one number for each pixel, of the class in `classes`
 * ```
 */
export const gradient: ExplanationMethod = {
  title: "Gradient",
  summary: "How much a small change of the pixel would change the score.",
  source: "Simonyan et al. 2014",
  channels: "largest",
  options: {},
  run: (question) => gradientAt(question),
};

/**
 * The input times the gradient of the score: the contribution of each number in a linear model.
 *
 * @example
 * ```ts
 * const { values } = await explain(model, images, { method: "inputTimesGradient", target: 1 });
 * values[0]; // what the first pixel adds to the output of class 1
 * ```
 */
export const inputTimesGradient: ExplanationMethod = {
  title: "Input × gradient",
  summary: "Contributions to the score, as if the model were linear.",
  source: "Shrikumar et al. 2016",
  channels: "sum",
  options: {},
  async run(question) {
    const { values, ...rest } = await gradientAt(question);
    return { ...rest, values: values.map((gradient, i) => gradient * question.x.knownValues[i]!) };
  },
};

/**
 * Guided backpropagation: a gradient for which ReLU passes only positive gradients, and only where it was active.
 *
 * @example
 * ```ts
 * const { values } = await explain(model, images, { method: "guidedBackpropagation", target: 0 });
 * values.length; // as many numbers as the images have
 * ```
 */
export const guidedBackpropagation: ExplanationMethod = {
  title: "Guided backpropagation",
  summary: "The gradient, where every active ReLU passes only positive gradients.",
  source: "Springenberg et al. 2015",
  channels: "largest",
  options: {},
  run: (question) => gradientAt(question, guided),
};

/**
 * The deconvnet: a gradient for which ReLU passes all positive gradients, whether or not it was active.
 *
 * @example
 * ```ts
 * const { values } = await explain(model, images, { method: "deconvnet", target: 0 });
 * values.length; // as many numbers as the images have
 * ```
 */
export const deconvnet: ExplanationMethod = {
  title: "Deconvnet",
  summary: "The gradient, where every ReLU, active or not, passes only positive gradients.",
  source: "Zeiler and Fergus 2014",
  channels: "largest",
  options: {},
  run: (question) => gradientAt(question, deconvolved),
};
