import { ShapeError, showShape, type Padding, type Pair } from "@convlens/backend";
import type { Tensor } from "../tensor.ts";
import { reshape } from "./broadcast.ts";

// A signal [n, l, c] is an image of height 1: [n, 1, l, c]. A reshape costs nothing, so one dimension needs no kernels.

/** Zeros around a signal: a number for both ends, `[before, after]`, `"same"` or `"valid"`. */
export type Padding1d = number | "same" | "valid" | readonly [before: number, after: number];

/** `[n, l, c] → [n, 1, l, c]`, or an error that shows what was expected. */
export function asImage(operation: string, x: Tensor, what = "an input [batch, length, channels]"): Tensor {
  if (x.rank !== 3) {
    const fix =
      x.rank === 2 && what.startsWith("an input")
        ? `; one example needs a batch axis of 1: reshape(x, ${showShape([1, ...x.shape])})`
        : "";
    throw new ShapeError(`${operation}: expected ${what} of 3 axes, got ${showShape(x.shape)} of ${x.rank}${fix}`, {
      operation,
      expected: what,
      got: x.shape,
      ...(fix && { fix: fix.slice(2) }),
    });
  }
  const [n, ...rest] = x.shape as [number, number, number];
  return reshape(x, what.startsWith("an input") ? [n, 1, ...rest] : [1, n, ...rest]);
}

/** `[n, 1, l, c] → [n, l, c]` */
export const asSignal = (y: Tensor): Tensor => reshape(y, y.shape.toSpliced(1, 1));

/** An option of one axis as that of an image whose other axis has nothing to do. */
export const onWidth = (value: number, other = 1): Pair => [other, value];

/** Padding of one axis as that of an image. */
export const padWidth = (padding: Padding1d): Padding =>
  typeof padding === "string" ? padding : [[0, 0], typeof padding === "number" ? [padding, padding] : padding];
