import type { GradientRule } from "@convlens/tensor";
import type { Attribution } from "../attribution.ts";
import { gradCam, type GradCamOptions } from "./gradCam.ts";
import { withSlopes, type Question } from "../question.ts";
import { guided } from "./rules.ts";

/**
 * The slope of the score: what a small change of each number would do (Simonyan 2014).
 *
 * @example
 * ```ts
 * const { values, classes } = await explain(model, images, { method: "gradient" });
 * heatmap({ method: "gradient", shape: images.shape, values }); // one number for each pixel, of the class in `classes`
 * ```
 */
export const gradient = (question: Question): Promise<Attribution> => ruled(question);

/** The slope by other rules. */
export const ruled = (question: Question, rule?: GradientRule): Promise<Attribution> =>
  withSlopes(
    question,
    async (at) => {
      const { slopes, scores } = await at(question.x);
      return { shape: question.x.shape, values: slopes, scores };
    },
    () => (rule ? { rule } : {}),
  );

/**
 * The slope times the input: what each number contributes, were the model linear.
 *
 * @example
 * ```ts
 * const { values } = await explain(model, images, { method: "gradientTimesInput", target: 1 });
 * values[0]; // what the first pixel adds to the output of class 1
 * ```
 */
export async function gradientTimesInput(question: Question): Promise<Attribution> {
  const { values, ...rest } = await gradient(question);
  return { ...rest, values: values.map((slope, i) => slope * question.x.values[i]!) };
}

/**
 * Guided backpropagation where Grad-CAM looks: fine, and of one class (Selvaraju 2017).
 *
 * @example
 * ```ts
 * const net = build(sequential([new Conv2d({ filters: 4, kernelSize: 3 }), new Relu(), new Flatten(), new Dense({ units: 4 })]), [12, 12, 1]);
 * const { shape } = await explain(net, images, { method: "guidedGradCam", layer: "layers.1", target: 2 });
 * shape; // [4, 12, 12, 1], as the images
 * ```
 */
export async function guidedGradCam(question: Question, options: GradCamOptions): Promise<Attribution> {
  const [fine, places] = [await ruled(question, guided), await gradCam(question, options)];
  const channels = fine.shape.at(-1)!;
  return {
    ...places,
    shape: fine.shape,
    values: fine.values.map((v, i) => v * places.values[Math.floor(i / channels)]!),
  };
}
