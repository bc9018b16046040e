import { ShapeError, showShape } from "@convlens/backend";
import type { Tensor } from "@convlens/tensor";

/**
 * Returns the number of examples in a batch.
 *
 * @throws `ShapeError` for a batch without any.
 */
export function examplesIn(x: Tensor, operation: string): number {
  const count = x.shape[0] ?? 0;
  if (count >= 1) return count;
  throw new ShapeError(`${operation}: expected a batch of at least one example, got ${showShape(x.shape)}`, {
    operation,
    axis: "batch",
    expected: "at least 1",
    got: x.shape,
  });
}
