import { numberAbove } from "@convlens/backend";
import { absolute, divide, less, where, type Tensor } from "@convlens/tensor";
import { completenessOf } from "../attribution.ts";
import type { ExplanationMethod } from "../method.ts";
import { withGradient } from "../question.ts";
import { relevant, stabilized } from "./rules.ts";

/** Options of the explanation method `"relevance"`. */
export interface RelevanceOptions {
  /** Keeps divisors away from 0; it absorbs relevance where they are small. Default: 1e-6. */
  readonly epsilon?: number;
}

/** Returns relevance / score, which is 1 up to epsilon; 0 where the score is infinite, as that of a masked class is. */
function seedOf(scores: Tensor, epsilon: number): Tensor {
  const finite = where(less(absolute(scores), Infinity), scores, 0);
  return divide(finite, stabilized(finite, epsilon));
}

/**
 * Layer-wise relevance propagation by the epsilon rule: the score is distributed over the input, layer by layer, in proportion
 * to what each number contributed to the next layer's sums. Consecutive linear operations count as one layer. Relevances sum to
 * the score, less what biases and epsilon absorb.
 *
 * @example
 * ```ts
 * const { completeness } = await explain(model, images, { method: "relevance", epsilon: 1e-4 });
 * completeness![0]!.sum; // near the score
 * ```
 */
export const relevance: ExplanationMethod<RelevanceOptions> = {
  title: "Layer-wise relevance",
  summary: "The score itself, distributed over the input layer by layer.",
  source: "Bach et al. 2015",
  channels: "sum",
  options: { epsilon: numberAbove(0) },
  run: (question, { epsilon = 1e-6 }) =>
    withGradient(
      question,
      async (at) => {
        const { x } = question;
        const { scores, gradient } = await at(x);
        const values = gradient.map((share, i) => share * x.knownValues[i]!);
        return { shape: x.shape, values, scores, completeness: completenessOf(values, scores) };
      },
      (scores, point) => ({ rule: relevant(scores, point, epsilon), seed: seedOf(scores, epsilon) }),
    ),
};
