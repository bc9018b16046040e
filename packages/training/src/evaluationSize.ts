import { sizeOf, type Shape } from "@convlens/backend";
import { isShape, mapTree } from "@convlens/tensor";

/** Largest number of input numbers in a batch of an evaluation, so that its activations fit into memory. */
const MOST_NUMBERS = 2 ** 22;

/** Number of examples in a batch of an evaluation: 200, or fewer of large examples. */
export function evaluationSize(shapes: unknown): number {
  let numbers = 0;
  mapTree(shapes, isShape, (shape: Shape) => (numbers += sizeOf(shape)));
  return Math.min(200, Math.max(1, Math.floor(MOST_NUMBERS / Math.max(1, numbers))));
}
