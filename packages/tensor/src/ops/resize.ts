import { ShapeError, showShape, ValueError } from "@convlens/backend";
import type { Operation } from "../operation.ts";
import { leaf, operand, record, type Operand } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { reshape } from "./broadcast.ts";
import { matmul } from "./matmul.ts";

/** How {@link resize} finds a pixel between pixels. */
export type ResizeMode = "nearest" | "bilinear";

/** The matrix `[to, from]` that resamples one axis: each row holds the weights of the old pixels in a new one. */
function resampling(from: number, to: number, mode: ResizeMode): Tensor {
  const weights = new Float64Array(to * from);
  for (let i = 0; i < to; i++) {
    if (mode === "nearest") {
      weights[i * from + Math.floor((i * from) / to)] = 1;
      continue;
    }
    // Pixel centres lie at halves; beyond the first and last centre the edge goes on.
    const at = Math.min(from - 1, Math.max(0, ((i + 0.5) * from) / to - 0.5));
    const left = Math.floor(at);
    const right = Math.min(from - 1, left + 1);
    weights[i * from + left]! += 1 - (at - left);
    weights[i * from + right]! += at - left;
  }
  return leaf([to, from], weights);
}

const resizeOperation: Operation<"resize"> = {
  name: "resize",
  shape: ([x], { height, width }) => [x![0]!, height, width, x![3]!],
  // Separable: rows first, then columns, each a product with a matrix that is mostly zeros.
  lower: ([x], { height, width, mode }) => {
    const [n, h, w, c] = x!.shape as [number, number, number, number];
    const rows = matmul(resampling(h, height, mode), reshape(x!, [n, h, w * c]));
    const columns = matmul(resampling(w, width, mode), reshape(rows, [n * height, w, c]));
    return reshape(columns, [n, height, width, c]);
  },
};

/**
 * An image of another size: every new pixel the nearest old one (the one above and left of it), or a mean of the four around
 * it. As `interpolate` of PyTorch without aligned corners.
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
  { height, width, mode = "bilinear" }: { readonly height: number; readonly width: number; readonly mode?: ResizeMode },
): Tensor {
  const from = operand(x);
  if (from.rank !== 4 || from.size === 0)
    throw new ShapeError(
      `resize: expected an image [batch, height, width, channels] with pixels, got ${showShape(from.shape)}`,
      {
        operation: "resize",
        expected: "[batch, height, width, channels]",
        got: from.shape,
      },
    );
  for (const [axis, size] of Object.entries({ height, width }))
    if (!Number.isInteger(size) || size < 1)
      throw new ValueError(`resize: ${axis} must be a whole number of at least 1, got ${size}`, {
        operation: "resize",
        axis,
        expected: "at least 1",
        got: size,
      });
  return record(resizeOperation, [from], { height, width, mode });
}
