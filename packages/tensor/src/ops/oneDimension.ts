import { ShapeError, showShape, type Padding, type Pair } from "@convlens/backend";
import type { Tensor } from "../tensor.ts";
import { reshape } from "./broadcast.ts";

// A signal [n, l, c] is an image of height 1: [n, 1, l, c]. A reshape costs nothing, so one dimension needs no kernels.

/** Zeros around a signal: a number for both ends, `[before, after]`, `"same"` or `"valid"`. */
export type Padding1d = number | "same" | "valid" | readonly [before: number, after: number];

/** Reshapes `[n, l, c]` to `[n, 1, l, c]`; throws for another rank. */
export function asImage(operation: string, x: Tensor, what = "an input [batch, length, channels]"): Tensor {
  if (x.rank !== 3) {
    const isOneExample = x.rank === 2 && what.startsWith("an input");
    throw new ShapeError({
      operation,
      expected: what,
      got: x.shape,
      fix: isOneExample ? `add a batch axis to one example: reshape(x, ${showShape([1, ...x.shape])})` : undefined,
    });
  }
  const [n, ...rest] = x.shape as [number, number, number];
  return reshape(x, what.startsWith("an input") ? [n, 1, ...rest] : [1, n, ...rest]);
}

/** Reshapes `[n, 1, l, c]` to `[n, l, c]`. */
export const asSignal = (y: Tensor): Tensor => reshape(y, y.shape.toSpliced(1, 1));

/** Converts an option of a signal to that of an image; `other` is its value for the height. */
export const onWidth = (value: number, other = 1): Pair => [other, value];

/** Converts the padding of a signal to that of an image. */
export const padWidth = (padding: Padding1d): Padding =>
  typeof padding === "string" ? padding : [[0, 0], typeof padding === "number" ? [padding, padding] : padding];
