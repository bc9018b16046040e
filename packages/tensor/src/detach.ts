import type { Operation } from "./operation.ts";
import { leaf, operand, record, type Operand } from "./record.ts";
import type { Tensor } from "./tensor.ts";

// A composite that lowers to its input, so that programs do not contain it.
const detachOperation: Operation<"copy"> = {
  name: "copy",
  shape: ([x]) => x,
  gradient: () => [null],
  lower: ([x]) => x,
};

/**
 * Returns a tensor of the same values through which no gradient flows. If the values are known, it does not refer to the
 * operations that made them, so a total that is carried through a loop stops growing.
 */
export function detach(x: Operand): Tensor {
  const from = operand(x);
  return from.known === undefined ? record(detachOperation, [from], {}) : leaf(from.shape, from.known);
}
