import {
  resampling,
  ShapeError,
  ValueError,
  type PixelSource,
  type Resampling,
  type ResizeMode,
  type Resizing,
} from "@convlens/backend";
import type { Operation } from "../operation.ts";
import { operand, record, tensor, type Operand } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { add, multiply } from "./elementwise.ts";
import { gather, scatter } from "./gather.ts";
import { transpose } from "./movement.ts";
import { checkExtent, resizeChecks } from "./options.ts";

type Method = Pick<Resampling, "mode" | "alignCorners">;

/** The first source of every pixel, the second of every pixel, …: their places, and weights that broadcast along the axis. */
const sourcesOf = (pixels: readonly (readonly PixelSource[])[], axis: number): [places: Tensor, weights: Tensor][] =>
  pixels[0]!.map((_, k) => [
    tensor(pixels.map((sources) => sources[k]!.place)),
    tensor(
      pixels.map((sources) => sources[k]!.weight),
      [1, 1, 1, 1].with(axis, pixels.length),
    ),
  ]);

const total = (parts: readonly Tensor[]): Tensor => parts.reduce((a, b) => add(a, b));

/** Resamples one axis of images. */
function resample(x: Tensor, axis: number, to: number, method: Method): Tensor {
  const pixels = resampling({ from: x.shape[axis]!, to, ...method });
  return total(
    sourcesOf(pixels, axis).map(([places, weights]) => {
      const taken = gather(x, places, axis);
      return method.mode === "nearest" ? taken : multiply(taken, weights);
    }),
  );
}

/** Its adjoint: adds each new pixel to its source pixels. */
function resampleBack(dy: Tensor, axis: number, from: number, method: Method): Tensor {
  const pixels = resampling({ from, to: dy.shape[axis]!, ...method });
  const swapped = [0, 1, 2, 3].with(0, axis).with(axis, 0);
  return total(
    sourcesOf(pixels, axis).map(([places, weights]) => {
      const part = method.mode === "nearest" ? dy : multiply(dy, weights);
      return transpose(scatter(transpose(part, swapped), places, from), swapped);
    }),
  );
}

const sized = ([n, , , c]: readonly number[], height: number, width: number): number[] => [n!, height, width, c!];
/** The attributes of an operation with another height and width. */
const withSizeOf = ({ shape }: Tensor, attributes: Resizing): Resizing => {
  const [, height, width] = shape as [number, number, number];
  return { ...attributes, height, width };
};

// The gradients of each other.
const resizeOperation: Operation<"resize"> = {
  name: "resize",
  shape: ([x], { height, width }) => sized(x, height, width),
  gradient: (dy, { inputs: [x], attributes }) => [record(gradientOperation, [dy], withSizeOf(x, attributes))],
  // The operation is separable: rows first, then columns.
  lower: ([x], { height, width, ...method }) => resample(resample(x, 1, height, method), 2, width, method),
};
const gradientOperation: Operation<"resizeGradient"> = {
  name: "resizeGradient",
  shape: ([dy], { height, width }) => sized(dy, height, width),
  gradient: (v, { inputs: [dy], attributes }) => [record(resizeOperation, [v], withSizeOf(dy, attributes))],
  lower: ([dy], { height, width, ...method }) => resampleBack(resampleBack(dy, 2, width, method), 1, height, method),
};

/** Options of {@link resize}. */
export interface ResizeOptions {
  /** Height of the result. */
  readonly height: number;
  /** Width of the result. */
  readonly width: number;
  /**
   * `"nearest"` takes the nearest pixel (above and to the left), `"bilinear"` the weighted mean of the four around the position,
   * and `"bicubic"` that of the sixteen around it, by cubic convolution with a = −3/4. Default: `"bilinear"`.
   */
  readonly mode?: ResizeMode | undefined;
  /**
   * Whether the centres of the corner pixels stay where they are; if not, the edges of the image do. Not with `"nearest"`.
   * Default: false.
   */
  readonly alignCorners?: boolean | undefined;
}

/**
 * Resizes images, as `torch.nn.functional.interpolate`. It does not smooth an image before it makes it smaller.
 *
 * @param x - `[n, h, w, c]`
 * @returns `[n, height, width, c]`
 * @throws `ShapeError` for a tensor that is not images, or has no pixels; `ValueError` for `alignCorners` with `"nearest"`.
 *
 * @example
 * ```ts
 * resize(zeros([1, 7, 7, 512]), { height: 224, width: 224 }).shape; // [1, 224, 224, 512]
 * resize(tensor([0, 2, 4], [1, 1, 3, 1]), { height: 1, width: 5, alignCorners: true }); // 0, 1, 2, 3, 4
 * ```
 */
export function resize(x: Operand, options: ResizeOptions): Tensor {
  checkExtent("resize", options, resizeChecks);
  const { height, width, mode = "bilinear", alignCorners = false } = options;
  if (mode === "nearest" && alignCorners)
    throw new ValueError({
      operation: "resize",
      problem: 'mode "nearest" does not align corners',
      fix: 'leave out alignCorners, or use mode "bilinear" or "bicubic"',
    });
  const from = operand(x);
  if (from.rank !== 4 || from.size === 0)
    throw new ShapeError({
      operation: "resize",
      expected: "images [batch, height, width, channels] with at least one pixel",
      got: from.shape,
    });
  return record(resizeOperation, [from], { height, width, mode, alignCorners });
}
