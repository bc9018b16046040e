import { ShapeError } from "@convlens/backend";
import { singleTensor } from "@convlens/layers";
import type { Tensor } from "@convlens/tensor";

/**
 * Returns the number of examples in a batch.
 *
 * @throws `ShapeError` for a batch without any.
 */
export function examplesIn(x: Tensor, operation: string): number {
  const count = singleTensor("input", x, operation).shape[0] ?? 0;
  if (count >= 1) return count;
  throw new ShapeError({ operation, expected: "a batch of at least one example", got: x.shape });
}
