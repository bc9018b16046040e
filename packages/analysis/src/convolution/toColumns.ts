import { checkOptions, checkValue, conv2dGeometry, ShapeError } from "@convlens/backend";
import {
  pad,
  patches,
  poolChecks,
  reshape,
  tensor,
  transpose,
  type Operand,
  type PatchesOptions,
  type Tensor,
} from "@convlens/tensor";

/**
 * Returns the window at each position as a column (im2col). With {@link toRows} a convolution is one matrix product, rows of
 * filters times columns of windows.
 *
 * @param x - `[n, h, w, c]`
 * @returns `[n, kh · kw · c, oh · ow]`
 *
 * @example
 * ```ts
 * const columns = toColumns(zeros([1, 227, 227, 3]), { kernelSize: 11, stride: 4 });
 * const rows = toRows(zeros([11, 11, 3, 96]));
 * matmul(rows, columns); // [96, 363] · [1, 363, 3025] → [1, 96, 3025], which are 96 maps of 55 · 55
 * ```
 */
export function toColumns(x: Operand, options: PatchesOptions): Tensor {
  checkOptions("toColumns", options, poolChecks);
  checkValue("toColumns", "kernelSize", options.kernelSize, poolChecks.kernelSize);
  const image = typeof x === "number" ? tensor(x) : x;
  const [kh, kw] =
    typeof options.kernelSize === "number" ? [options.kernelSize, options.kernelSize] : options.kernelSize;
  const { height: h, width: w } = conv2dGeometry(
    image.shape,
    [kh, kw, image.shape[3] ?? 1, 1],
    { ...options, groups: 1 },
    "toColumns",
  );
  // Unlike pooling, a convolution may have windows that see only padding.
  const around = [
    [0, 0],
    [h.before, h.after],
    [w.before, w.after],
    [0, 0],
  ] as const;
  const seen = patches(pad(image, around), { ...options, padding: 0, geometry: "floor" }, "toColumns");
  const [n, height, width, taps] = seen.shape as [number, number, number, number];
  return transpose(reshape(seen, [n, height * width, taps]), [0, 2, 1]);
}

/**
 * Returns filters as the rows of a matrix, in the order of {@link toColumns}.
 *
 * @param filters - `[kh, kw, c, f]`
 * @returns `[f, kh · kw · c]`
 *
 * @example
 * ```ts
 * toRows(zeros([11, 11, 3, 96])).shape; // [96, 363]
 * ```
 */
export function toRows(filters: Operand): Tensor {
  const shape = typeof filters === "number" ? [] : filters.shape;
  if (shape.length !== 4)
    throw new ShapeError({ operation: "toRows", expected: "filters [height, width, channels, filters]", got: shape });
  const [kh, kw, c, f] = shape as [number, number, number, number];
  return transpose(reshape(filters, [kh * kw * c, f]));
}
