import type { Attributes, OperationName } from "@convlens/backend";
import { recordAny, type Operand } from "./record.ts";
import type { Tensor } from "./tensor.ts";

/**
 * Records the operation that made a tensor with other inputs, to replay a recording. A tensor without an operation is returned
 * unchanged.
 *
 * @param attributes - Attributes for the new inputs, where they contain sizes. Default: unchanged.
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
