import type { ResizeMode } from "../resampling.ts";
import type { Shape } from "../shape.ts";
import { sometimesSpecial, type CompositeCases } from "./case.ts";
import type { Dice } from "./dice.ts";
import type { Writer } from "./writer.ts";

/** Draws an image shape and another size. */
const resizing = (dice: Dice): { readonly small: Shape; readonly large: Shape; readonly mode: ResizeMode } => {
  const [n, c] = [dice.int(1, 2), dice.int(1, 6)];
  const image = (): Shape => [n, dice.int(1, 7), dice.int(1, 7), c];
  return { small: image(), large: image(), mode: dice.pick(["nearest", "bilinear"] as const) };
};
/** Source pixels of a pixel of a resized axis, with their weights. */
function partsOfPixel(i: number, from: number, to: number, mode: ResizeMode): [place: number, share: number][] {
  if (mode === "nearest") return [[Math.floor((i * from) / to), 1]];
  const center = Math.max(0, ((2 * i + 1) * from) / (2 * to) - 0.5);
  const first = Math.min(from - 1, Math.floor(center));
  const share = Math.min(from - 1, center) - first;
  return [
    [first, 1 - share],
    [Math.min(from - 1, first + 1), share],
  ];
}
const along = (shape: Shape, axis: number, at: number): number[] => shape.map((_, a) => (a === axis ? at : 0));
const ones = [1, 1, 1, 1];
/** Records the resizing of an axis, pixel by pixel. */
function resampled(write: Writer, x: number, shape: Shape, axis: number, to: number, mode: ResizeMode): number {
  const pixel = shape.with(axis, 1);
  const made = (i: number): number =>
    partsOfPixel(i, shape[axis]!, to, mode)
      .map(([place, share]) => {
        const old = write("slice", [x], { begin: along(shape, axis, place), step: ones, shape: pixel }, pixel);
        return mode === "nearest" ? old : write("multiply", [old, write.constant(share)], {}, pixel);
      })
      .reduce((a, b) => write("add", [a, b], {}, pixel));
  const others = Array.from({ length: to - 1 }, (_, i) => made(i + 1));
  return write("concat", [made(0), ...others], { axis }, shape.with(axis, to));
}
/** Records the adjoint: adds each pixel to its source pixels. */
function resampledBack(write: Writer, dy: number, shape: Shape, axis: number, to: number, mode: ResizeMode): number {
  const [pixel, whole] = [shape.with(axis, 1), shape.with(axis, to)];
  return Array.from({ length: shape[axis]! }, (_, i) =>
    partsOfPixel(i, to, shape[axis]!, mode).map(([place, share]) => {
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
    const { small, large, mode } = resizing(dice);
    const [, height, width] = large as [number, number, number];
    return {
      inputs: [small],
      attributes: { height, width, mode },
      output: large,
      number: sometimesSpecial,
      meaning: (write, [x]) => {
        const rows = resampled(write, x, small, 1, height, mode);
        return resampled(write, rows, small.with(1, height), 2, width, mode);
      },
    };
  },
  resizeGradient: (dice) => {
    const { small, large, mode } = resizing(dice);
    const [, height, width] = small as [number, number, number];
    return {
      inputs: [large],
      attributes: { height, width, mode },
      output: small,
      meaning: (write, [dy]) => {
        const columns = resampledBack(write, dy, large, 2, width, mode);
        return resampledBack(write, columns, large.with(2, width), 1, height, mode);
      },
    };
  },
};
