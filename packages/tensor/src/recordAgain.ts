import type { OperationName, Operations } from "@convlens/backend";
import { record, type Operand } from "./record.ts";
import type { Tensor } from "./tensor.ts";

/**
 * The operation that made a tensor, recorded of other inputs: what replays a recording. What no operation made stays as it is.
 *
 * @param attributes - Where sizes stand in them, those of the new inputs. Default: as they were.
 *
 * @example
 * ```ts
 * const y = relu(tensor([-1, 2]));
 * recordAgain(y, [tensor([3, -4, 5])]); // relu of those: 3, 0, 5
 * ```
 */
export function recordAgain<K extends OperationName>(
  t: Tensor,
  inputs: readonly Operand[],
  attributes?: Operations[K],
): Tensor {
  const { source } = t;
  if (source.kind !== "operation") return t;
  return record(source.operation, inputs, (attributes ?? source.attributes) as Operations[OperationName]);
}
