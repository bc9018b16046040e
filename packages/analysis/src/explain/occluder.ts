import { checkValue, wholeFrom, type Pair, type Values } from "@convlens/backend";
import type { Planes } from "../planes.ts";

/** A rectangle of pixels; `bottom` and `right` are exclusive. */
export interface Rectangle {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

/** A pair as two numbers. */
export const both = (pair: Pair): readonly [number, number] => (typeof pair === "number" ? [pair, pair] : pair);

/** The difference of two scores; 0 for equal infinities, as of a masked class. */
export const fallOf = (before: number, after: number): number => (before === after ? 0 : before - after);

/** Returns the positions of an occluder over the whole image, cut off at its border. */
export function placesOf({ height, width }: Pick<Planes, "height" | "width">, size: Pair, stride: Pair): Rectangle[] {
  const along = (length: number, span: number, step: number): readonly (readonly [number, number])[] => {
    checkValue("occlusion", "the size in pixels", span, wholeFrom(1));
    checkValue("occlusion", "the stride in pixels", step, wholeFrom(1));
    const places = 1 + Math.max(0, Math.ceil((length - span) / step));
    return Array.from({ length: places }, (_, i) => [i * step, Math.min(length, i * step + span)]);
  };
  const [[sizeY, sizeX], [stepY, stepX]] = [both(size), both(stride)];
  const columns = along(width, Math.min(sizeX, width), stepX);
  return along(height, Math.min(sizeY, height), stepY).flatMap(([top, bottom]) =>
    columns.map(([left, right]) => ({ top, left, bottom, right })),
  );
}

/** Returns images with a covered rectangle. */
export function cover(
  values: Values,
  { count, height, width, channels }: Planes,
  { top, left, bottom, right }: Rectangle,
  value: number,
): Values {
  const covered = values.slice();
  for (let n = 0; n < count; n++)
    for (let row = top; row < bottom; row++) {
      const start = (n * height + row) * width;
      covered.fill(value, (start + left) * channels, (start + right) * channels);
    }
  return covered;
}
