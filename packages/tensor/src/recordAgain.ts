import type { Attributes, OperationName } from "@convlens/backend";
import { recordAny, type Operand } from "./record.ts";
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
  attributes?: Attributes<K>,
): Tensor {
  const { source } = t;
  if (source.kind !== "operation") return t;
  return recordAny(source.operation, inputs, attributes ?? source.attributes);
}
