import type { OperationName, Operations, Shape } from "@convlens/backend";
import type { Tensor } from "./tensor.ts";

/** A tensor that an operation of a known name made. */
export type Recorded<K extends OperationName> = Tensor & {
  readonly inputs: readonly Tensor[];
  readonly attributes: Operations[K];
};

/**
 * What an operation is. Tensors carry it with them, so that nothing has to be registered: whoever can record an operation
 * brings its gradient along.
 */
export interface Operation<K extends OperationName = OperationName> {
  readonly name: K;
  /** The shape of the result, or an error: checked at once, when the operation is recorded. */
  shape(inputs: readonly Shape[], attributes: Operations[K]): Shape;
  /**
   * The gradient of each input, from the gradient `dy` of the result `y`; `null` where none flows. Written in tensor
   * operations, so that it can be differentiated again.
   */
  gradient?(dy: Tensor, y: Recorded<K>): readonly (Tensor | null)[];
  /** For a composite: what it means in terms of others. Also its gradient, if none is given. */
  lower?(inputs: readonly Tensor[], attributes: Operations[K]): Tensor;
}
