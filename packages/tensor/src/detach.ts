import type { Operation } from "./operation.ts";
import { leaf, operand, record, type Operand } from "./record.ts";
import type { Tensor } from "./tensor.ts";

// A composite of nothing: it is gone once the program is made.
const detachOperation: Operation<"copy"> = {
  name: "copy",
  shape: ([x]) => x,
  gradient: () => [null],
  lower: ([x]) => x,
};

/**
 * The same values, through which no gradient flows. If they are known already, without their past: what ends the ever longer
 * recipe of a total that is carried through a loop.
 */
export function detach(x: Operand): Tensor {
  const from = operand(x);
  return from.known === undefined ? record(detachOperation, [from], {}) : leaf(from.shape, from.known);
}
