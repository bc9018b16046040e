import { anyOption, sameShape, ShapeError, showShape, wholeFrom, type Values } from "@convlens/backend";
import { full, tensor, type Tensor } from "@convlens/tensor";
import { completenessOf, type Attribution } from "../attribution.ts";
import type { ExplanationMethod } from "../method.ts";
import { gaussLegendre } from "./gaussLegendre.ts";
import { fallOf } from "../occluder.ts";
import { withGradient } from "../question.ts";

/** Options of the explanation method `"integratedGradients"`. */
export interface IntegratedGradientsOptions {
  /** Start of the path: a number for the whole input, or a tensor of the shape of x or of one example. Default: 0. */
  readonly baseline?: number | Tensor;
  /** Number of points on the path. Default: doubled from 32 until the completeness gap is below 1 %, at most 2048. */
  readonly steps?: number;
}

const FEWEST = 32;
const MOST = 2048;
/** Largest accepted completeness gap. */
const GAP = 0.01;

/** Returns the values of the baseline in the shape of x. */
async function baselineOf(x: Tensor, baseline: number | Tensor): Promise<Values> {
  if (typeof baseline === "number") return full(x.shape, baseline).data();
  const one = x.shape.slice(1);
  if (sameShape(baseline.shape, x.shape)) return baseline.data();
  if (!sameShape(baseline.shape, one) && !sameShape(baseline.shape, [1, ...one]))
    throw new ShapeError({
      operation: "integratedGradients",
      what: "the shape of the baseline",
      expected: `that of the inputs, ${showShape(x.shape)}, or of one of them, ${showShape(one)}`,
      got: baseline.shape,
    });
  const values = await baseline.data();
  return Float64Array.from({ length: x.size }, (_, i) => values[i % values.length]!);
}

/**
 * Integrated gradients: the mean gradient on the straight path from a baseline to the input, times their difference. The
 * attributions sum to the difference of the scores at both ends. The integral is computed by Gauss–Legendre quadrature.
 *
 * @example
 * ```ts
 * const { completeness } = await explain(model, images, { method: "integratedGradients", baseline: 0.5 });
 * completeness![0]!.gap; // below 0.01: the fraction of the difference that is not attributed
 * ```
 */
export const integratedGradients: ExplanationMethod<IntegratedGradientsOptions> = {
  title: "Integrated gradients",
  summary: "Contributions to the score: gradients on the path from an empty image, times the distance.",
  source: "Sundararajan et al. 2017",
  channels: "sum",
  options: { baseline: anyOption, steps: wholeFrom(1) },
  async run(question, { baseline = 0, steps }) {
    const { x } = question;
    const start = await baselineOf(x, baseline);
    return withGradient(question, async (at) => {
      const [low, high] = [(await at(tensor(start, x.shape))).scores, (await at(x)).scores];
      const distance = Float64Array.from(start, (from, i) => x.knownValues[i]! - from);
      const along = async (count: number): Promise<Attribution> => {
        const total = new Float64Array(x.size);
        for (const { node, weight } of gaussLegendre(count)) {
          const point = start.map((from, i) => from + node * distance[i]!);
          (await at(tensor(point, x.shape))).gradient.forEach((gradient, i) => (total[i]! += weight * gradient));
        }
        const values = total.map((sum, i) => sum * distance[i]!);
        const difference = high.map((score, i) => fallOf(score, low[i]!));
        return {
          shape: x.shape,
          values,
          scores: high,
          completeness: completenessOf(values, difference),
        };
      };
      for (let count = steps ?? FEWEST; ; count *= 2) {
        const found = await along(count);
        if (steps !== undefined || count >= MOST || found.completeness!.every(({ gap }) => gap < GAP)) return found;
      }
    });
  },
};
