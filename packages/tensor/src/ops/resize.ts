import { oneOf, resampling, ShapeError, type ResizeMode, type PixelSource } from "@convlens/backend";
import type { Operation } from "../operation.ts";
import { operand, record, tensor, type Operand } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { add, multiply } from "./elementwise.ts";
import { gather, scatter } from "./gather.ts";
import { transpose } from "./movement.ts";
import { checkExtent } from "./options.ts";

/** Sources and weights of the samples of an axis. */
const alongAxis = (axis: number, numbers: readonly number[]): Tensor =>
  tensor(numbers, [1, 1, 1, 1].with(axis, numbers.length));
const weightsOf = (samples: readonly PixelSource[], axis: number): [first: Tensor, second: Tensor] => [
  alongAxis(
    axis,
    samples.map(({ weight }) => 1 - weight),
  ),
  alongAxis(
    axis,
    samples.map(({ weight }) => weight),
  ),
];
const placesOf = (samples: readonly PixelSource[]): [first: Tensor, second: Tensor] => [
  tensor(samples.map(({ first }) => first)),
  tensor(samples.map(({ second }) => second)),
];

/** Resamples one axis of images. */
function resample(x: Tensor, axis: number, size: number, mode: ResizeMode): Tensor {
  const samples = resampling(x.shape[axis]!, size, mode);
  const [first, second] = placesOf(samples).map((places) => gather(x, places, axis)) as [Tensor, Tensor];
  if (mode === "nearest") return first;
  const [a, b] = weightsOf(samples, axis);
  return add(multiply(first, a), multiply(second, b));
}

/** Its adjoint: adds each new pixel to its source pixels. */
function resampleBack(dy: Tensor, axis: number, size: number, mode: ResizeMode): Tensor {
  const samples = resampling(size, dy.shape[axis]!, mode);
  const swapped = [0, 1, 2, 3].with(0, axis).with(axis, 0);
  const put = (part: Tensor, places: Tensor): Tensor =>
    transpose(scatter(transpose(part, swapped), places, size), swapped);
  const [first, second] = placesOf(samples);
  if (mode === "nearest") return put(dy, first);
  const [a, b] = weightsOf(samples, axis);
  return add(put(multiply(dy, a), first), put(multiply(dy, b), second));
}

const sized = ([n, , , c]: readonly number[], height: number, width: number): number[] => [n!, height, width, c!];

// The gradients of each other.
const resizeOperation: Operation<"resize"> = {
  name: "resize",
  shape: ([x], { height, width }) => sized(x, height, width),
  gradient: (dy, { inputs: [x], attributes: { mode } }) => {
    const [, height, width] = x.shape as [number, number, number];
    return [record(gradientOperation, [dy], { height, width, mode })];
  },
  // The operation is separable: rows first, then columns.
  lower: ([x], { height, width, mode }) => resample(resample(x, 1, height, mode), 2, width, mode),
};
const gradientOperation: Operation<"resizeGradient"> = {
  name: "resizeGradient",
  shape: ([dy], { height, width }) => sized(dy, height, width),
  gradient: (v, { inputs: [dy], attributes: { mode } }) => {
    const [, height, width] = dy.shape as [number, number, number];
    return [record(resizeOperation, [v], { height, width, mode })];
  },
  lower: ([dy], { height, width, mode }) => resampleBack(resampleBack(dy, 2, width, mode), 1, height, mode),
};

/**
 * Resizes images: every new pixel is the nearest old one (above and to the left), or a weighted mean of the four around it, as
 * `torch.nn.functional.interpolate` without aligned corners.
 *
 * @param x - `[n, h, w, c]`
 * @returns `[n, height, width, c]`
 *
 * @example
 * ```ts
 * resize(zeros([1, 7, 7, 512]), { height: 224, width: 224 }).shape; // [1, 224, 224, 512]
 * ```
 */
export function resize(
  x: Operand,
  options: { readonly height: number; readonly width: number; readonly mode?: ResizeMode },
): Tensor {
  checkExtent("resize", options, { mode: oneOf("nearest", "bilinear") });
  const { height, width, mode = "bilinear" } = options;
  const from = operand(x);
  if (from.rank !== 4 || from.size === 0)
    throw new ShapeError({
      operation: "resize",
      expected: "images [batch, height, width, channels] with at least one pixel",
      got: from.shape,
    });
  return record(resizeOperation, [from], { height, width, mode });
}
