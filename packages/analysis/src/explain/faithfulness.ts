import { checkOptions, anyOption, wholeFrom, ValueError, type Values } from "@convlens/backend";
import type { Layer } from "@convlens/layers";
import { finiteOption, tensor, type Tensor } from "@convlens/tensor";
import { questionOf, withScores, type Question, type Target } from "./question.ts";
import type { Heatmap } from "./heatmap.ts";
import { meanOf, partsOf } from "../numbers.ts";
import { planesOf } from "../planes.ts";
import { sharesOf } from "../shares.ts";

/** Options of {@link faithfulness}. */
export interface FaithfulnessOptions {
  /** The class. Default: the predicted one. A function receives the probabilities of all classes. */
  readonly target?: Target;
  /** Value of a removed pixel. Default: 0. */
  readonly value?: number;
  /** Number of points of the curves after the first. Default: 20. */
  readonly steps?: number;
}

/** The probability of the class while pixels are removed or added. */
export interface FaithfulnessCurve {
  /** Fraction of pixels changed, at each point. */
  readonly changed: readonly number[];
  /** Probability of the class at each point, the mean over the examples. */
  readonly share: readonly number[];
  /** Area under the curve, from 0 to 1, of each example. */
  readonly areas: readonly number[];
  /** Mean area. */
  readonly area: number;
}

/** The deletion and insertion curves of an explanation. */
export interface Faithfulness {
  /** Pixels are removed, the most important first: a smaller area is better. */
  readonly deletion: FaithfulnessCurve;
  /** Pixels are added to an empty image, the most important first: a larger area is better. */
  readonly insertion: FaithfulnessCurve;
}

/** Returns the pixels of each example in descending order; of equal ones the first in the image comes first. */
const hottest = ({ count, values }: Heatmap): Uint32Array[] =>
  partsOf(values, count).map((heat) => Uint32Array.from(heat.keys()).sort((a, b) => heat[b]! - heat[a]! || a - b));

/**
 * Measures whether the prediction depends on the pixels that an explanation marks (Petsiuk et al. 2018): the probability of the
 * class while they are deleted from the image, the most important first, and while they are inserted into an empty image.
 *
 * @param x - The explained inputs.
 *
 * @example
 * ```ts
 * const why = await explain(model, images, { method: "integratedGradients" });
 * const { deletion, insertion } = await faithfulness(model, images, heatmap(why));
 * insertion.area - deletion.area; // the larger, the better
 * ```
 */
export async function faithfulness(
  model: Layer,
  x: Tensor,
  heat: Heatmap,
  options: FaithfulnessOptions = {},
): Promise<Faithfulness> {
  checkOptions("faithfulness", options, { target: anyOption, value: finiteOption, steps: wholeFrom(1) });
  const { target, value = 0, steps = 20 } = options;
  const question = await questionOf(model, x, target);
  const { count, height, width } = planesOf(question.x.shape, "faithfulness");
  if (heat.count !== count || heat.height !== height || heat.width !== width)
    throw new ValueError({
      operation: "faithfulness",
      expected: `a heatmap of ${count} examples of ${height} × ${width}, like the inputs`,
      got: [heat.count, heat.height, heat.width],
      gotWords: `${heat.count} of ${heat.height} × ${heat.width}`,
    });
  const shares = { ...question, score: (output: Tensor) => question.score(sharesOf(output)) };
  const order = hottest(heat);
  const empty = new Float64Array(x.size).fill(value);
  return {
    deletion: await curve(shares, order, question.x.knownValues, empty, steps),
    insertion: await curve(shares, order, empty, question.x.knownValues, steps),
  };
}

/** Returns the scores while pixels change, in order, from those of one image to those of another. */
async function curve(
  question: Question,
  order: readonly Uint32Array[],
  from: Values,
  to: Values,
  steps: number,
): Promise<FaithfulnessCurve> {
  const { shape } = question.x;
  const channels = shape.at(-1) ?? 1;
  const pixels = from.length / channels / order.length;
  const now = Float64Array.from(from);
  const points: { readonly changed: number; readonly scores: Float64Array }[] = [];
  await withScores(question, async (at) => {
    for (let [step, begin] = [0, 0]; step <= steps; step++) {
      const end = Math.round((step * pixels) / steps);
      for (const [n, hot] of order.entries())
        for (const pixel of hot.subarray(begin, end)) {
          const first = (n * pixels + pixel) * channels;
          now.set(to.subarray(first, first + channels), first);
        }
      begin = end;
      points.push({ changed: end / pixels, scores: Float64Array.from(await at(tensor(now, shape))) });
    }
  });
  // The trapezoidal rule.
  const areas = order.map((_, n) =>
    points.slice(1).reduce((sum, { changed, scores }, k) => {
      const before = points[k]!;
      return sum + ((scores[n]! + before.scores[n]!) / 2) * (changed - before.changed);
    }, 0),
  );
  return {
    changed: points.map(({ changed }) => changed),
    share: points.map(({ scores }) => meanOf(scores)),
    areas,
    area: meanOf(areas),
  };
}
