import { absolute, divide, less, where, type Tensor } from "@convlens/tensor";
import { completenessOf, type Attribution } from "../attribution.ts";
import { withSlopes, type Question } from "../question.ts";
import { relevant, stabilized } from "./rules.ts";

/** What the method `"relevance"` of {@link explain} may be told. */
export interface RelevanceOptions {
  /** Keeps divisors away from 0, and takes up relevance where they are small. Default: 1e-6. */
  readonly epsilon?: number;
}

/** The relevance of the scores over the scores; 0 where a score is infinite, as that of a masked class is. */
function seedOf(scores: Tensor, epsilon: number): Tensor {
  const finite = where(less(absolute(scores), Infinity), scores, 0);
  return divide(finite, stabilized(finite, epsilon));
}

/**
 * The score shared out over the input, from layer to layer, in proportion to what each number contributed to the next layer's
 * sums: layer-wise relevance propagation by the epsilon rule (Bach 2015). A stretch of linear operations counts as one layer.
 * Relevances sum up to the score, less what biases and epsilon take up.
 *
 * @example
 * ```ts
 * const { completeness } = await explain(model, images, { method: "relevance", epsilon: 1e-4 });
 * completeness![0]!.sum; // near the score
 * ```
 */
export const relevance = (question: Question, { epsilon = 1e-6 }: RelevanceOptions): Promise<Attribution> =>
  withSlopes(
    question,
    async (at) => {
      const { x } = question;
      const { scores, slopes } = await at(x);
      const values = slopes.map((share, i) => share * x.values[i]!);
      return { shape: x.shape, values, scores, completeness: completenessOf(values, scores) };
    },
    (scores, point) => ({ rule: relevant(scores, point, epsilon), seed: seedOf(scores, epsilon) }),
  );
