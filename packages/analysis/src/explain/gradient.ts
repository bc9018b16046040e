import type { GradientRule } from "@convlens/tensor";
import type { Attribution } from "./attribution.ts";
import { gradCam, type GradCamOptions } from "./gradCam.ts";
import { withSlopes, type Question } from "./question.ts";
import { guided } from "./rules.ts";

/** The slope of the score: what a small change of each number would do (Simonyan 2014). */
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

/** The slope times the input: what each number contributes, were the model linear. */
export async function gradientTimesInput(question: Question): Promise<Attribution> {
  const { values, ...rest } = await gradient(question);
  return { ...rest, values: values.map((slope, i) => slope * question.x.values[i]!) };
}

/** Guided backpropagation where Grad-CAM looks: fine, and of one class (Selvaraju 2017). */
export async function guidedGradCam(question: Question, options: GradCamOptions): Promise<Attribution> {
  const [fine, places] = [await ruled(question, guided), await gradCam(question, options)];
  const channels = fine.shape.at(-1)!;
  return {
    ...places,
    shape: fine.shape,
    values: fine.values.map((v, i) => v * places.values[Math.floor(i / channels)]!),
  };
}
