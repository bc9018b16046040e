import {
  element,
  int,
  isNumber,
  load,
  number,
  select,
  type Local,
  type Pointer,
} from "../../../assembler/expression.ts";
import { f32, i32, type Int } from "../../../assembler/instructions.ts";
import type { FunctionWriter } from "../../../assembler/function.ts";
import type { Tiled } from "../tiles.ts";

// Direct sums, one number at a time: slow, but short, and needed only for values that are not finite.

/** Writes: repeats the body for 0, 1, …, count − 1. */
export function counting(f: FunctionWriter, count: number | Int, body: (i: Pointer) => void): void {
  const i = f.local("i32");
  f.set(i, int(0));
  f.times(count, () => {
    body(i);
    f.set(i, i32.add(i, int(1)));
  });
}

/** Writes: the image of a row of tiles, and its number in the image. */
export function placeOf(f: FunctionWriter, row: Int, down: number): { readonly image: Pointer; readonly row: Pointer } {
  const image = f.keep(i32.div_u(row, int(down)));
  return { image, row: f.keep(i32.sub(row, i32.mul(image, int(down)))) };
}

/** The address of an image [height, width, channels] in a batch. */
export const imageAt = (start: Int, image: Int, { height, width, channels }: Tiled): Int =>
  element(start, image, height.size * width.size * channels);

/** The address of a pixel. */
export const pixelAt = (image: Int, row: Int, column: Int, { width, channels }: Tiled): Int =>
  element(image, i32.add(i32.mul(row, int(width.size)), column), channels);

/** 1 if a pixel lies in the image, else 0. As an unsigned number, a negative one is very large. */
const isInside = (row: Int, column: Int, { height, width }: Tiled): Int =>
  i32.mul(i32.lt_u(row, int(height.size)), i32.lt_u(column, int(width.size)));

/** The address of a pixel, or of zeros if it lies outside of the image. */
export const pixelOrZeros = (image: Int, row: Int, column: Int, tiled: Tiled, zeros: Int): Int =>
  select(isInside(row, column, tiled), pixelAt(image, row, column, tiled), zeros);

/** Writes: total += Σ a · b over `count` terms; moves both addresses on. */
export function addProducts(
  f: FunctionWriter,
  total: Local<"f32">,
  count: number,
  a: { readonly at: Pointer; readonly step: number },
  b: { readonly at: Pointer; readonly step: number },
): void {
  f.times(count, () => {
    f.set(total, f32.add(total, f32.mul(load(a.at), load(b.at))));
    f.advance(a.at, a.step);
    f.advance(b.at, b.step);
  });
}

/** Sums of products of pixels and filters. */
export interface DirectSums {
  readonly from: Tiled;
  readonly to: Tiled;
  /** Rows and columns of a window. */
  readonly taps: number;
  /**
   * Forward, windows slide over `from`, and padding counts as zeros. Backward, `from` is the gradient of the output, and only outputs
   * that exist count.
   */
  readonly direction: "forward" | "backward";
  /** Padding of the convolution before its first row and column. */
  readonly before: { readonly height: number; readonly width: number };
  readonly bias?: boolean;
  readonly relu?: boolean;
}

/** Writes: computes `count` rows of an image, from row `top` on. Rows outside of the image are left out. */
export function writeDirectRows(
  f: FunctionWriter,
  { from, to, taps, direction, before, bias = false, relu = false }: DirectSums,
  { top, count }: { readonly top: Int; readonly count: number },
  at: {
    /** Images. */
    readonly source: Pointer;
    readonly result: Pointer;
    /** [taps, taps, channels in, channels out] */
    readonly filters: Pointer;
    readonly bias?: Pointer;
    readonly zeros: Pointer;
  },
): void {
  const isForward = direction === "forward";
  const [terms, results] = [from.channels, to.channels];
  const tapStep = terms * results;
  const [termStep, resultStep] = isForward ? [results, 1] : [1, terms];
  /** The pixel of the source under a tap. */
  const under = (pixel: Int, tap: Int, before: number): Int =>
    isForward ? i32.add(i32.add(pixel, tap), int(-before)) : i32.sub(i32.add(pixel, int(before)), tap);
  counting(f, count, (i) => {
    const row = f.keep(i32.add(top, i));
    f.when(i32.lt_u(row, int(to.height.size)), () => {
      const out = f.keep(pixelAt(at.result, row, int(0), to));
      counting(f, to.width.size, (column) => {
        const filters = f.keep(at.filters);
        const shift = bias && at.bias ? f.keep(at.bias) : undefined;
        f.times(results, () => {
          const total = f.keep(shift === undefined ? number(0) : load(shift));
          const tap = f.keep(filters);
          counting(f, taps, (ky) =>
            counting(f, taps, (kx) => {
              const y = f.keep(under(row, ky, before.height));
              const x = f.keep(under(column, kx, before.width));
              const counts = isForward ? isNumber(total) : i32.mul(isNumber(total), isInside(y, x, from));
              // A sum that is NaN stays NaN.
              f.when(counts, () => {
                const pixel = f.keep(pixelOrZeros(at.source, y, x, from, at.zeros));
                const weight = f.keep(tap);
                addProducts(f, total, terms, { at: pixel, step: 1 }, { at: weight, step: termStep });
              });
              f.advance(tap, tapStep);
            }),
          );
          f.store(out, relu ? f32.max(total, number(0)) : total);
          f.advance(out, 1);
          f.advance(filters, resultStep);
          if (shift !== undefined) f.advance(shift, 1);
        });
      });
    });
  });
}
