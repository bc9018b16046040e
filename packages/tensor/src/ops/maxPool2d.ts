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

/** A pooling window, and how it slides. */
export interface Pool2dOptions extends WindowOptions {
  /** Height and width of the window. The stride is the same unless given, so that windows do not overlap. */
  readonly kernelSize: Pair;
}

const maxOperation: Operation<"maxPool2d"> = {
  name: "maxPool2d",
  shape: (_, { geometry }) => poolOutputShape(geometry),
  gradient: (dy, { inputs: [x], attributes }) => [record(toWinners, [dy, x], attributes)],
};
// Who wins does not change with a small change of x: both are linear in their first input and flat in the second.
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
 * The largest number under each window, channel by channel: whether a feature is there, but not precisely where. Padding
 * never wins; of equal numbers the first does; a NaN always does. The gradient goes to the winner alone.
 *
 * @param x - `[n, h, w, c]`
 * @returns `[n, oh, ow, c]`
 * @throws `GeometryError` for a window that does not fit, or that sees padding only: its largest number is not defined.
 *
 * @example
 * ```ts
 * maxPool2d(zeros([1, 28, 28, 8]), { kernelSize: 2 }).shape; // [1, 14, 14, 8]
 * ```
 */
export function maxPool2d(x: Operand, options: Pool2dOptions): Tensor {
  checkWindow("maxPool2d", options, poolChecks);
  const from = operand(x);
  return record(maxOperation, [from], { geometry: pool2dGeometry(from.shape, options, "maxPool2d") });
}

/**
 * Where the winner of each window stands (the "switches"): row · width + column, in its own channel.
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

/** Beyond this, float32 does not hold every whole number. */
const LARGEST_INDEX = 2 ** 24;

/**
 * Pooled numbers put back where their winners stood, zeros elsewhere. Where windows overlapped and had the same winner, its
 * number is put there once.
 *
 * @param y - `[n, oh, ow, c]`
 * @param indices - From {@link maxPool2dIndices}, of the same shape. A number whose index is no place of the result is left out.
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
    throw new ShapeError(
      `maxUnpool2d: values and indices must both be [batch, height, width, channels] of one shape, got ${showShape(values.shape)} and ${showShape(given.shape)}`,
      { operation: "maxUnpool2d", expected: values.shape, got: given.shape },
    );
  const [n, , , c] = values.shape as [number, number, number, number];
  const count = n * height * width * c;
  if (count > LARGEST_INDEX)
    throw new ShapeError(
      `maxUnpool2d: ${showShape([n, height, width, c])} has ${count} numbers, more than the ${LARGEST_INDEX} that float32 indices can name; unpool fewer examples at a time`,
      {
        operation: "maxUnpool2d",
        expected: `at most ${LARGEST_INDEX}`,
        got: count,
        fix: "unpool fewer examples at a time",
      },
    );
  // NaN for what is no place of the plane, which would else be one of the next example.
  const places = gather(range(height * width), given);
  // place in memory = ((example · height · width) + index) · channels + channel
  const examples = reshape(multiply(range(n), height * width), [n, 1, 1, 1]);
  const at = reshape(add(multiply(add(places, examples), c), range(c)), [values.size]);
  const flat = reshape(values, [values.size]);
  const times = scatter(broadcastTo(1, [values.size]), at, count);
  return reshape(divide(scatter(flat, at, count), maximum(times, 1)), [n, height, width, c]);
}
