import type { Layer } from "@convlens/layers";
import { parameters } from "@convlens/layers";
import {
  add,
  adamStep,
  argmax,
  equal,
  gradients,
  mean,
  momentumStep,
  movingAverage,
  multiply,
  oneHot,
  sgdStep,
  softmaxCrossEntropy,
  sqrt,
  square,
  subtract,
  sum,
  Variable,
  type Tensor,
} from "@convlens/tensor";

/** An optimizer, by how much it remembers: nothing, one number for each parameter, or two. */
export type OptimizerName = "sgd" | "momentum" | "adam";

/** How many numbers an optimizer keeps for each parameter. */
export const slotsOf: Readonly<Record<OptimizerName, number>> = { sgd: 0, momentum: 1, adam: 2 };

/** Memory of the optimizer, which is never filled. */
const slot = (shape: readonly number[] = []): Variable =>
  new Variable(() => new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);

/**
 * Records a step of learning as `fit` runs it: the mean cross-entropy of labels, gradients and how long they are, and the
 * optimizer. What is kept between steps is stood in for by variables of the same shape.
 */
export function recordTrainingStep(
  model: Layer,
  output: Tensor,
  labels: Tensor,
  rate: Tensor,
  optimizer: OptimizerName,
): { readonly results: readonly Tensor[]; readonly gradients: readonly Tensor[] } {
  const loss = mean(softmaxCrossEntropy(output, oneHot(labels, output.shape.at(-1)!)));
  const all = [...parameters(model).values()];
  const slopes = gradients(loss, all, { unused: "zeros" });
  const results = [loss, mean(equal(argmax(output), labels))];
  if (slopes.length > 0) results.push(sqrt(slopes.map((slope) => sum(square(slope))).reduce((a, b) => add(a, b))));
  const [power1, power2] = [slot(), slot()];
  const corrections = [power1, power2].map((power) => subtract(1, power));
  if (optimizer === "adam") {
    power1.assign(multiply(power1, 0.9));
    power2.assign(multiply(power2, 0.999));
  }
  for (const [i, parameter] of all.entries()) {
    const slope = slopes[i]!;
    const [first, second] = [slot(parameter.shape), slot(parameter.shape)];
    if (optimizer === "adam") {
      first.assign(movingAverage(first, slope, 0.9));
      second.assign(movingAverage(second, square(slope), 0.999));
      parameter.assign(adamStep(parameter, first, second, rate, corrections[0]!, corrections[1]!, 1e-8));
    } else {
      if (optimizer === "momentum") first.assign(momentumStep(first, slope, 0.9));
      parameter.assign(sgdStep(parameter, optimizer === "momentum" ? first : slope, rate));
    }
  }
  return { results, gradients: slopes };
}
