import { anyOption, ValueError, type Pair } from "@convlens/backend";
import { finiteOption, tensor } from "@convlens/tensor";
import { planesOf } from "../../planes.ts";
import type { ExplanationMethod } from "../method.ts";
import { both, cover, fallOf, placesOf } from "../occluder.ts";
import { withScores } from "../question.ts";

/** Options of the explanation method `"occlusion"`. */
export interface OcclusionOptions {
  /** Height and width of the occluder, in pixels. Default: a seventh of the image, at least 2. */
  readonly size?: Pair;
  /** Distance between neighbouring positions, at most the size. Default: half of the size. */
  readonly stride?: Pair;
  /** Value of covered pixels. Default: 0. */
  readonly value?: number;
}

/**
 * Occlusion: the drop of the score while a rectangle covers part of the image; a pixel gets the mean over all positions that
 * cover it. It needs no gradient, so it works for any model.
 *
 * @throws `ValueError` for a stride larger than the occluder, which would never cover some pixels.
 *
 * @example
 * ```ts
 * const { values } = await explain(model, images, { method: "occlusion", size: 4, stride: 2, target: 0 });
 * Math.max(...values); // the drop of the score where class 0 depends most on the image
 * ```
 */
export const occlusion: ExplanationMethod<OcclusionOptions> = {
  title: "Occlusion",
  summary: "How far the score falls while a square covers the pixel.",
  source: "Zeiler and Fergus 2014",
  channels: "sum",
  options: { size: anyOption, stride: anyOption, value: finiteOption },
  async run(question, options) {
    const { x } = question;
    const planes = planesOf(x.shape, "occlusion");
    const { count, height, width } = planes;
    const { size = both(Math.max(2, Math.round(Math.max(height, width) / 7))), value = 0 } = options;
    const [tall, wide] = both(size);
    const { stride = [Math.ceil(tall / 2), Math.ceil(wide / 2)] } = options;
    const [down, right] = both(stride);
    const places = placesOf(planes, size, stride);
    const checkStride = (axis: string, length: number, span: number, step: number): void => {
      if (span < length && step > span)
        throw new ValueError({
          operation: "occlusion",
          what: "stride",
          axis,
          expected: `at most ${span}, the size of the occluder, to cover every pixel`,
          got: step,
        });
    };
    checkStride("height", height, tall, down);
    checkStride("width", width, wide, right);
    const [total, times] = [new Float64Array(count * height * width), new Float64Array(height * width)];
    return withScores(question, async (at) => {
      const before = await at(x);
      for (const place of places) {
        const after = await at(tensor(cover(x.knownValues, planes, place, value), x.shape));
        for (let row = place.top; row < place.bottom; row++)
          for (let column = place.left; column < place.right; column++) {
            times[row * width + column]!++;
            before.forEach((score, n) => (total[(n * height + row) * width + column]! += fallOf(score, after[n]!)));
          }
      }
      return {
        shape: [...x.shape.slice(0, -1), 1],
        values: total.map((sum, i) => sum / times[i % times.length]!),
        scores: before,
      };
    });
  },
};
