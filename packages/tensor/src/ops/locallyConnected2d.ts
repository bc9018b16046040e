import { ShapeError, showShape, windowGeometry, type Pair, type WindowOptions } from "@convlens/backend";
import { operand, type Operand } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { reshape } from "./broadcast.ts";
import { matmul } from "./matmul.ts";
import { checkWindow, poolChecks } from "./options.ts";
import { concat, slice, transpose } from "./movement.ts";
import { pad } from "./pad.ts";

/** Options of {@link patches}. */
export interface PatchesOptions extends WindowOptions {
  /** Height and width of the window. */
  readonly kernelSize: Pair;
}

/**
 * Elements under each position of a sliding window, in a row (im2col). A convolution is the product of this and a matrix.
 *
 * @param x - `[n, h, w, c]`
 * @returns `[n, oh, ow, kh · kw · c]`, taps row by row, with all channels of a tap together.
 */
export function patches(x: Operand, given: PatchesOptions, operation = "patches"): Tensor {
  checkWindow(operation, given, poolChecks);
  const { stride = 1, ...options } = given;
  const image = operand(x);
  const { batch, height: h, width: w, channels } = windowGeometry(image.shape, { stride, ...options }, operation);
  const padded = pad(image, [
    [0, 0],
    [h.before, h.after],
    [w.before, w.after],
    [0, 0],
  ]);
  const taps = Array.from({ length: h.window * w.window }, (_, tap) =>
    slice(
      padded,
      [0, Math.floor(tap / w.window) * h.dilation, (tap % w.window) * w.dilation, 0],
      [batch, h.output, w.output, channels],
      [1, h.stride, w.stride, 1],
    ),
  );
  return concat(taps, 3);
}

/**
 * Convolution without weight sharing: every position has its own filters, which takes `oh · ow` times as many weights.
 *
 * @param x - `[n, h, w, c]`
 * @param filters - `[oh, ow, kh · kw · c, f]`
 * @returns `[n, oh, ow, f]`
 */
export function locallyConnected2d(x: Operand, filters: Operand, options: PatchesOptions): Tensor {
  const weights = operand(filters);
  const seen = patches(x, options, "locallyConnected2d");
  const [n, oh, ow, k] = seen.shape as [number, number, number, number];
  const expected = [oh, ow, k];
  if (weights.rank !== 4 || expected.some((size, axis) => weights.shape[axis] !== size))
    throw new ShapeError({
      operation: "locallyConnected2d",
      expected: `filters ${showShape([oh, ow, k], ["height", "width", "window · channels"]).slice(0, -1)}, filters]`,
      got: weights.shape,
    });
  // A separate product for each position: [oh·ow, n, k] · [oh·ow, k, f]
  const f = weights.shape[3]!;
  const rows = transpose(reshape(seen, [n, oh * ow, k]), [1, 0, 2]);
  const y = matmul(rows, reshape(weights, [oh * ow, k, f]));
  return reshape(transpose(y, [1, 0, 2]), [n, oh, ow, f]);
}
