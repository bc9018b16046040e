import { sameShape, ShapeError, showShape, type Values } from "@convlens/backend";
import { full, tensor, type Tensor } from "@convlens/tensor";
import { completenessOf, type Attribution } from "../attribution.ts";
import { gaussLegendre } from "./gaussLegendre.ts";
import { fallOf } from "../occluder.ts";
import { withSlopes, type Question } from "../question.ts";

/** What the method `"integratedGradients"` of {@link explain} may be told. */
export interface IntegratedGradientsOptions {
  /** Where the path begins: a number for all, or a tensor like x or like one of its examples. Default: 0. */
  readonly baseline?: number | Tensor;
  /** Points on the path. Default: as many as bring the gap below 1 %, from 32 up to 2048. */
  readonly steps?: number;
}

const FEWEST = 32;
const MOST = 2048;
/** The share of the difference that may be missing. */
const GAP = 0.01;

/** The baseline as values like those of x. */
async function baselineOf(x: Tensor, baseline: number | Tensor): Promise<Values> {
  if (typeof baseline === "number") return full(x.shape, baseline).data();
  const one = x.shape.slice(1);
  if (sameShape(baseline.shape, x.shape)) return baseline.data();
  if (!sameShape(baseline.shape, one) && !sameShape(baseline.shape, [1, ...one]))
    throw new ShapeError(
      `integratedGradients: the baseline ${showShape(baseline.shape)} must be like the inputs ${showShape(x.shape)}, or like one of them ${showShape(one)}`,
      { operation: "integratedGradients", expected: one, got: baseline.shape },
    );
  const values = await baseline.data();
  return Float64Array.from({ length: x.size }, (_, i) => values[i % values.length]!);
}

/**
 * Slopes gathered on the straight path from a baseline to x, times the distance (Sundararajan 2017): they sum up to the
 * difference of the scores at the two ends. The integral is Gauss and Legendre's.
 *
 * @example
 * ```ts
 * const { completeness } = await explain(model, images, { method: "integratedGradients", baseline: 0.5 });
 * completeness![0]!.gap; // below 0.01: so much of the difference is not accounted for
 * ```
 */
export async function integratedGradients(
  question: Question,
  { baseline = 0, steps }: IntegratedGradientsOptions,
): Promise<Attribution> {
  const { x } = question;
  const start = await baselineOf(x, baseline);
  return withSlopes(question, async (at) => {
    const [low, high] = [(await at(tensor(start, x.shape))).scores, (await at(x)).scores];
    const along = async (count: number): Promise<Attribution> => {
      const total = new Float64Array(x.size);
      for (const { node, weight } of gaussLegendre(count)) {
        const point = start.map((from, i) => from + node * (x.values[i]! - from));
        (await at(tensor(point, x.shape))).slopes.forEach((slope, i) => (total[i]! += weight * slope));
      }
      const values = total.map((sum, i) => sum * (x.values[i]! - start[i]!));
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
}
