import { checkOptions, anyOption } from "@convlens/backend";
import type { Layer } from "@convlens/layers";
import { finiteOption, tensor, type Tensor } from "@convlens/tensor";
import { cover, placesOf } from "./occluder.ts";
import { questionOf, withScores, type Target } from "./question.ts";
import { meanOf } from "../numbers.ts";
import { planesOf } from "../planes.ts";
import { sharesOf } from "../shares.ts";

/** Options of {@link occlusionCurve}. */
export interface OcclusionCurveOptions {
  /** Sides of the square occluder, in pixels. Default: multiples of an eighth of the smaller side of the image. */
  readonly sizes?: readonly number[];
  /** Distance between neighbouring positions. Default: half of its side. */
  readonly stride?: number;
  /** Value of covered pixels. Default: 0. */
  readonly value?: number;
  /** The class. Default: the predicted one. A function receives the probabilities of all classes. */
  readonly target?: Target;
}

/** The probability of the class under an occluder of one size, at all positions. */
export interface OcclusionPoint {
  /** Side of the occluder in pixels, and the fraction of the image that it covers. */
  readonly size: number;
  readonly covered: number;
  /** Mean probability over all positions and examples; and the mean over examples of the lowest over positions. */
  readonly mean: number;
  readonly least: number;
}

/**
 * Measures the robustness to occlusion: the probability of the class under occluders of growing size, at all positions.
 *
 * @example
 * ```ts
 * const curve = await occlusionCurve(model, images, { sizes: [2, 4, 8] });
 * curve.map(({ covered, least }) => [covered, least]);
 * ```
 */
export async function occlusionCurve(
  model: Layer,
  x: Tensor,
  options: OcclusionCurveOptions = {},
): Promise<OcclusionPoint[]> {
  checkOptions("occlusionCurve", options, {
    sizes: anyOption,
    stride: anyOption,
    value: finiteOption,
    target: anyOption,
  });
  const { sizes, stride, value = 0, target } = options;
  const question = await questionOf(model, x, target);
  const planes = planesOf(x.shape, "occlusionCurve");
  const { count, height, width } = planes;
  const side = height === 1 ? width : Math.min(height, width);
  const steps = sizes ?? [
    ...new Set([1, 2, 3, 4, 5, 6, 7].map((eighths) => Math.max(1, Math.round((eighths * side) / 8)))),
  ];
  const shares = { ...question, score: (output: Tensor) => question.score(sharesOf(output)) };
  return withScores(shares, async (at) => {
    const found: OcclusionPoint[] = [];
    for (const size of steps) {
      const places = placesOf(planes, size, stride ?? Math.ceil(size / 2));
      const least = new Float64Array(count).fill(Infinity);
      let total = 0;
      for (const place of places) {
        const scores = await at(tensor(cover(question.x.knownValues, planes, place, value), x.shape));
        scores.forEach((score, n) => {
          total += score;
          least[n] = Math.min(least[n]!, score);
        });
      }
      found.push({
        size,
        covered: (Math.min(size, height) * Math.min(size, width)) / (height * width),
        mean: total / places.length / count,
        least: meanOf(least),
      });
    }
    return found;
  });
}
