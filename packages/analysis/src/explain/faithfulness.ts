import { checkOptions, anyOption, wholeFrom, ValueError } from "@convlens/backend";
import type { Layer } from "@convlens/layers";
import { tensor, type Tensor } from "@convlens/tensor";
import { questionOf, withScores, type Question, type Target } from "./question.ts";
import type { Heatmap } from "./heatmap.ts";
import { planesOf } from "../planes.ts";
import { sharesOf } from "../shares.ts";
import { finiteOption } from "../optionChecks.ts";

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
function hottest({ count, height, width, values }: Heatmap): Uint32Array[] {
  const size = height * width;
  return Array.from({ length: count }, (_, n) =>
    Uint32Array.from({ length: size }, (_unused, i) => i).sort(
      (a, b) => values[n * size + b]! - values[n * size + a]! || a - b,
    ),
  );
}

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
  from: ArrayLike<number>,
  to: ArrayLike<number>,
  steps: number,
): Promise<FaithfulnessCurve> {
  const { shape } = question.x;
  const channels = shape.at(-1)!;
  const pixels = order[0]!.length;
  const now = Float64Array.from(from);
  const changed: number[] = [];
  const scores: Float64Array[] = [];
  await withScores(question, async (at) => {
    for (let step = 0; step <= steps; step++) {
      const [begin, end] = [step - 1, step].map((s) => Math.round((Math.max(0, s) * pixels) / steps)) as [
        number,
        number,
      ];
      order.forEach((hot, n) => {
        for (const pixel of hot.subarray(begin, end))
          for (let i = (n * pixels + pixel) * channels, c = 0; c < channels; c++) now[i + c] = to[i + c]!;
      });
      changed.push(end / pixels);
      scores.push(Float64Array.from(await at(tensor(now, shape))));
    }
  });
  // The trapezoidal rule.
  const areas = order.map((_, n) =>
    scores
      .slice(1)
      .reduce((sum, score, k) => sum + ((score[n]! + scores[k]![n]!) / 2) * (changed[k + 1]! - changed[k]!), 0),
  );
  const mean = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0) / values.length;
  return { changed, share: scores.map(mean), areas, area: mean(areas) };
}
