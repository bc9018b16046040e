import {
  pool2dGeometry,
  poolInputShape,
  poolOutputShape,
  ShapeError,
  showShape,
  type Pair,
  type WindowOptions,
} from "@convlens/backend";
import type { Operation } from "../operation.ts";
import { operand, range, record, type Operand } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { broadcastTo, reshape } from "./broadcast.ts";
import { add, divide, maximum, multiply } from "./elementwise.ts";
import { gather, scatter } from "./gather.ts";
import { checkExtent, checkWindow, poolChecks } from "./options.ts";

/** Options of pooling. */
export interface Pool2dOptions extends WindowOptions {
  /** Height and width of the window. The stride is the same unless given, so that windows do not overlap. */
  readonly kernelSize: Pair;
}

const maxOperation: Operation<"maxPool2d"> = {
  name: "maxPool2d",
  shape: (_, { geometry }) => poolOutputShape(geometry),
  gradient: (dy, { inputs: [x], attributes }) => [record(toWinners, [dy, x], attributes)],
};
// A small change of x does not change the winner: both are linear in their first input and constant in the second.
const toWinners: Operation<"maxPool2dGradient"> = {
  name: "maxPool2dGradient",
  shape: (_, { geometry }) => poolInputShape(geometry),
  gradient: (v, { inputs: [, x], attributes }) => [record(fromWinners, [v, x], attributes), null],
};
const fromWinners: Operation<"maxPool2dSelect"> = {
  name: "maxPool2dSelect",
  shape: (_, { geometry }) => poolOutputShape(geometry),
  gradient: (dy, { inputs: [, x], attributes }) => [record(toWinners, [dy, x], attributes), null],
};

/**
 * Maximum under each window, for each channel: whether a feature is present, but not precisely where. Padding is never the
 * maximum; of equal elements the first is; NaN always is. The gradient goes to the maximum only.
 *
 * @param x - `[n, h, w, c]`
 * @returns `[n, oh, ow, c]`
 * @throws `GeometryError` for a window that does not fit, or that covers padding only, whose maximum is not defined.
 *
 * @example
 * ```ts
 * maxPool2d(zeros([1, 28, 28, 8]), { kernelSize: 2 }).shape; // [1, 14, 14, 8]
 * maxPool2d(zeros([1, 7, 7, 8]), { kernelSize: 2, geometry: "ceil" }).shape; // [1, 4, 4, 8] instead of [1, 3, 3, 8]
 * ```
 */
export function maxPool2d(x: Operand, options: Pool2dOptions): Tensor {
  checkWindow("maxPool2d", options, poolChecks);
  const from = operand(x);
  return record(maxOperation, [from], { geometry: pool2dGeometry(from.shape, options, "maxPool2d") });
}

/**
 * Position of the maximum of each window (the "switches"): row · width + column, in its channel.
 *
 * @returns `[n, oh, ow, c]`
 */
export function maxPool2dIndices(x: Operand, options: Pool2dOptions): Tensor {
  checkWindow("maxPool2dIndices", options, poolChecks);
  const from = operand(x);
  const geometry = pool2dGeometry(from.shape, options, "maxPool2dIndices");
  const [h, w] = [geometry.height.input, geometry.width.input];
  const places = broadcastTo(reshape(range(h * w), [1, h, w, 1]), from.shape);
  return record(fromWinners, [places, from], { geometry });
}

/** Float32 represents all whole numbers up to this one. */
const LARGEST_INDEX = 2 ** 24;

/**
 * Puts pooled elements back at the positions of the maxima, with zeros elsewhere. An element that was the maximum of several
 * overlapping windows is put back once.
 *
 * @param y - `[n, oh, ow, c]`
 * @param indices - From {@link maxPool2dIndices}, of the same shape. An element whose index is not a position of the result is ignored.
 * @param size - Height and width of the result `[n, height, width, c]`.
 */
export function maxUnpool2d(
  y: Operand,
  indices: Operand,
  size: { readonly height: number; readonly width: number },
): Tensor {
  checkExtent("maxUnpool2d", size, {});
  const { height, width } = size;
  const [values, given] = [operand(y), operand(indices)];
  if (values.rank !== 4 || showShape(values.shape) !== showShape(given.shape))
    throw new ShapeError({
      operation: "maxUnpool2d",
      expected: "values and indices of one shape [batch, height, width, channels]",
      got: [values.shape, given.shape],
      gotWords: `${showShape(values.shape)} and ${showShape(given.shape)}`,
    });
  const [n, , , c] = values.shape as [number, number, number, number];
  const count = n * height * width * c;
  if (count > LARGEST_INDEX)
    throw new ShapeError({
      operation: "maxUnpool2d",
      what: `the size of ${showShape([n, height, width, c])}`,
      expected: `at most ${LARGEST_INDEX}, the largest index that float32 holds exactly`,
      got: count,
      fix: "unpool fewer examples at a time",
    });
  // NaN for an index outside of the plane, which would otherwise be in that of the next example.
  const places = gather(range(height * width), given);
  // offset = ((example · height · width) + index) · channels + channel
  const examples = reshape(multiply(range(n), height * width), [n, 1, 1, 1]);
  const at = reshape(add(multiply(add(places, examples), c), range(c)), [values.size]);
  const flat = reshape(values, [values.size]);
  const times = scatter(broadcastTo(1, [values.size]), at, count);
  return reshape(divide(scatter(flat, at, count), maximum(times, 1)), [n, height, width, c]);
}
