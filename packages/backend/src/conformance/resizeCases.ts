import type { Resizing } from "../operations.ts";
import type { Shape } from "../shape.ts";
import { sometimesSpecial, type CompositeCases } from "./case.ts";
import type { Dice } from "./dice.ts";
import type { Writer } from "./writer.ts";

type Method = Pick<Resizing, "mode" | "alignCorners">;

/** Draws an image shape and another size. */
const resizing = (dice: Dice): { readonly small: Shape; readonly large: Shape; readonly method: Method } => {
  const [n, c] = [dice.int(1, 2), dice.int(1, 6)];
  const image = (): Shape => [n, dice.int(1, 7), dice.int(1, 7), c];
  const mode = dice.pick(["nearest", "bilinear", "bicubic"] as const);
  return { small: image(), large: image(), method: { mode, alignCorners: mode !== "nearest" && dice.unit() < 0.5 } };
};

/** The cubic convolution of Keys, `x` away from a pixel, with a = −3/4. */
function keys(x: number): number {
  const d = Math.abs(x);
  return d < 1 ? 1.25 * d ** 3 - 2.25 * d ** 2 + 1 : -0.75 * (d ** 3 - 5 * d ** 2 + 8 * d - 4);
}

/** Source pixels of a pixel of a resized axis, with their weights. */
function partsOfPixel(
  i: number,
  from: number,
  to: number,
  { mode, alignCorners }: Method,
): [place: number, share: number][] {
  if (mode === "nearest") return [[Math.floor((i * from) / to), 1]];
  const aligned = to === 1 ? 0 : (i * (from - 1)) / (to - 1);
  const center = alignCorners ? aligned : ((2 * i + 1) * from) / (2 * to) - 0.5;
  const inside = (place: number): number => Math.min(from - 1, Math.max(0, place));
  if (mode === "bicubic")
    return [-1, 0, 1, 2].map((k) => [inside(Math.floor(center) + k), keys(center - Math.floor(center) - k)]);
  const first = Math.floor(inside(center));
  const share = inside(center) - first;
  return [
    [first, 1 - share],
    [inside(first + 1), share],
  ];
}
const along = (shape: Shape, axis: number, at: number): number[] => shape.map((_, a) => (a === axis ? at : 0));
const ones = [1, 1, 1, 1];
/** Records the resizing of an axis, pixel by pixel. */
function resampled(write: Writer, x: number, shape: Shape, axis: number, to: number, method: Method): number {
  const pixel = shape.with(axis, 1);
  const made = (i: number): number =>
    partsOfPixel(i, shape[axis]!, to, method)
      .map(([place, share]) => {
        const old = write("slice", [x], { begin: along(shape, axis, place), step: ones, shape: pixel }, pixel);
        return method.mode === "nearest" ? old : write("multiply", [old, write.constant(share)], {}, pixel);
      })
      .reduce((a, b) => write("add", [a, b], {}, pixel));
  const others = Array.from({ length: to - 1 }, (_, i) => made(i + 1));
  return write("concat", [made(0), ...others], { axis }, shape.with(axis, to));
}
/** Records the adjoint: adds each pixel to its source pixels. */
function resampledBack(write: Writer, dy: number, shape: Shape, axis: number, to: number, method: Method): number {
  const [pixel, whole] = [shape.with(axis, 1), shape.with(axis, to)];
  return Array.from({ length: shape[axis]! }, (_, i) =>
    partsOfPixel(i, to, shape[axis]!, method).map(([place, share]) => {
      const own = write("slice", [dy], { begin: along(shape, axis, i), step: ones, shape: pixel }, pixel);
      const part = write("multiply", [own, write.constant(share)], {}, pixel);
      return write("place", [part], { begin: along(shape, axis, place), step: ones, shape: whole }, whole);
    }),
  )
    .flat()
    .reduce((a, b) => write("add", [a, b], {}, whole));
}

/** Cases of resizing and of its adjoint. */
export const resizeCases: CompositeCases<"resize" | "resizeGradient"> = {
  resize: (dice) => {
    const { small, large, method } = resizing(dice);
    const [, height, width] = large as [number, number, number];
    return {
      inputs: [small],
      attributes: { height, width, ...method },
      output: large,
      number: sometimesSpecial,
      meaning: (write, [x]) => {
        const rows = resampled(write, x, small, 1, height, method);
        return resampled(write, rows, small.with(1, height), 2, width, method);
      },
    };
  },
  resizeGradient: (dice) => {
    const { small, large, method } = resizing(dice);
    const [, height, width] = small as [number, number, number];
    return {
      inputs: [large],
      attributes: { height, width, ...method },
      output: small,
      meaning: (write, [dy]) => {
        const columns = resampledBack(write, dy, large, 2, width, method);
        return resampledBack(write, columns, large.with(2, width), 1, height, method);
      },
    };
  },
};
