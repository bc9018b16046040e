import { ValueError, type Pair } from "@convlens/backend";
import { tensor } from "@convlens/tensor";
import { planesOf } from "../planes.ts";
import type { Attribution } from "./attribution.ts";
import { withScores, type Question } from "./question.ts";

/** What {@link occlusion} may be told. */
export interface OcclusionOptions {
  /** Height and width of the occluder, in pixels. Default: a seventh of the image, at least 2. */
  readonly size?: Pair;
  /** From one place of it to the next. Default: half of its size. */
  readonly stride?: Pair;
  /** What it covers pixels with. Default: 0. */
  readonly value?: number;
}

/** A rectangle of pixels: from `top` and `left` up to, not including, `bottom` and `right`. */
export interface Rectangle {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

const both = (pair: Pair): readonly [number, number] => (typeof pair === "number" ? [pair, pair] : pair);

/** Where an occluder stands: over the whole image, cut off where it goes beyond. */
export function placesOf(
  { height, width }: { readonly height: number; readonly width: number },
  size: Pair,
  stride: Pair,
): Rectangle[] {
  const along = (length: number, span: number, step: number): readonly (readonly [number, number])[] => {
    for (const [what, number] of Object.entries({ size: span, stride: step }))
      if (!Number.isInteger(number) || number < 1)
        throw new ValueError(`occlusion: the ${what} must be a whole number of pixels, at least 1, got ${number}`, {
          operation: "occlusion",
          expected: "at least 1",
          got: number,
        });
    const places = 1 + Math.max(0, Math.ceil((length - span) / step));
    return Array.from({ length: places }, (_, i) => [i * step, Math.min(length, i * step + span)]);
  };
  const [[sizeY, sizeX], [stepY, stepX]] = [both(size), both(stride)];
  const columns = along(width, Math.min(sizeX, width), stepX);
  return along(height, Math.min(sizeY, height), stepY).flatMap(([top, bottom]) =>
    columns.map(([left, right]) => ({ top, left, bottom, right })),
  );
}

/**
 * How far the score falls where an occluder covers the image; a pixel gets the mean over all places of the occluder that cover
 * it (Zeiler 2014). Asks for no gradient, so it holds for any model.
 *
 * @example
 * ```ts
 * const { values } = await explain(model, images, { method: "occlusion", size: 4, stride: 2, target: 0 });
 * Math.max(...values); // the pixels that class 0 misses most
 * ```
 */
export async function occlusion(question: Question, options: OcclusionOptions): Promise<Attribution> {
  const { x } = question;
  const { count, height, width, channels } = planesOf(x.shape, "occlusion");
  const { size = both(Math.max(2, Math.round(Math.max(height, width) / 7))), value = 0 } = options;
  const { stride = [Math.ceil(both(size)[0] / 2), Math.ceil(both(size)[1] / 2)] } = options;
  const [total, times] = [new Float64Array(count * height * width), new Float64Array(height * width)];
  return withScores(question, async (at) => {
    const before = await at(x);
    for (const { top, left, bottom, right } of placesOf({ height, width }, size, stride)) {
      const covered = x.values.slice();
      const rows = Array.from({ length: bottom - top }, (_, i) => top + i);
      for (let n = 0; n < count; n++)
        for (const row of rows) {
          const start = (n * height + row) * width;
          covered.fill(value, (start + left) * channels, (start + right) * channels);
        }
      const after = await at(tensor(covered, x.shape));
      for (const row of rows)
        for (let column = left; column < right; column++) {
          times[row * width + column]!++;
          before.forEach((score, n) => (total[(n * height + row) * width + column]! += score - after[n]!));
        }
    }
    return {
      shape: [...x.shape.slice(0, -1), 1],
      values: total.map((sum, i) => sum / times[i % times.length]!),
      scores: before,
    };
  });
}
