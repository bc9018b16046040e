import { checkOptions, booleanOption, oneOf, ShapeError } from "@convlens/backend";
import { conv2d, pad, tensor, type Operand, type Tensor } from "@convlens/tensor";
import { flipKernel, type ImageKernel } from "./imageKernels.ts";

/**
 * The values beyond the border of an image: none, so that the result is smaller (`"valid"`), zeros, the mirror image, the last
 * pixel, or the opposite side.
 */
export type Border = "valid" | "zero" | "reflect" | "replicate" | "wrap";

/** Options of {@link filterImage}. */
export interface FilterImageOptions {
  /** Default: `"replicate"`, which adds no edges. */
  readonly border?: Border;
  /**
   * Whether the kernel is rotated by 180° first, for a mathematical convolution. Default: false, a correlation, as in neural
   * networks.
   */
  readonly flip?: boolean;
}

/**
 * Filters each channel of an image with a kernel.
 *
 * @param image - `[n, h, w, c]`
 * @returns `[n, h, w, c]`, or smaller by the kernel's size − 1 with `border: "valid"`.
 *
 * @example
 * ```ts
 * const edges = filterImage(normal([1, 28, 28, 3]), classicalKernels.outline);
 * const soft = filterImage(normal([1, 28, 28, 3]), gaussianKernel(1.5), { border: "reflect" });
 * ```
 */
export function filterImage(image: Operand, kernel: ImageKernel, options: FilterImageOptions = {}): Tensor {
  checkOptions("filterImage", options, {
    border: oneOf("valid", "zero", "reflect", "replicate", "wrap"),
    flip: booleanOption,
  });
  const { border = "replicate", flip = false } = options;
  const shape = typeof image === "number" ? [] : image.shape;
  if (shape.length !== 4)
    throw new ShapeError({ operation: "filterImage", expected: "images [batch, height, width, channels]", got: shape });
  const { height, width, values } = flip ? flipKernel(kernel) : kernel;
  const channels = shape[3]!;
  // The same kernel for every channel: [height, width, 1, channels].
  const repeated = values.flatMap((x) => Array.from({ length: channels }, () => x));
  const filters = tensor(repeated, [height, width, 1, channels]);
  const around = (size: number): readonly [number, number] => [Math.floor((size - 1) / 2), Math.ceil((size - 1) / 2)];
  const mode = border === "zero" ? "constant" : border;
  const padded = mode === "valid" ? image : pad(image, [[0, 0], around(height), around(width), [0, 0]], { mode });
  return conv2d(padded, filters, { groups: channels });
}
