import type { Attributes, Composites, Inputs, OperationName, Operations, Primitives, Shape } from "@convlens/backend";
import type { Tensor } from "./tensor.ts";

/** A tensor that an operation of a known name computes: its inputs are a tuple, and its attributes have their type. */
export type Recorded<K extends OperationName = keyof Primitives | keyof Composites> = {
  [N in K]: Tensor & {
    readonly operation: N;
    readonly inputs: Inputs<Operations[N], Tensor>;
    readonly attributes: Attributes<N>;
  };
}[K];

/** A tensor as what its operation computes, whose name tells the types of inputs and attributes; `undefined` for a leaf. */
export const asRecorded = (t: Tensor): Recorded | undefined =>
  t.source.kind === "operation" ? (t as Recorded) : undefined;

/** The rules of an operation. */
export interface Rules<K extends OperationName> {
  readonly name: K;
  /** Returns the shape of the result, or throws. It is called when the operation is recorded. */
  shape(inputs: Inputs<Operations[K], Shape>, attributes: Attributes<K>): Shape;
  /**
   * Records the gradient of each input from the gradient `dy` of the result `y`, `null` where none flows. It uses tensor
   * operations, so that it can be differentiated again. Default: the gradient of what the operation is made of.
   */
  gradient?(dy: Tensor, y: Recorded<K>): Inputs<Operations[K], Tensor | null>;
  /** What the operation is made of. */
  lower?(inputs: Inputs<Operations[K], Tensor>, attributes: Attributes<K>): Tensor;
}

/**
 * An operation. A primitive needs a gradient; any other needs `lower`. Tensors carry their operation with them, so that nothing
 * has to be registered.
 */
export type Operation<K extends OperationName> = Rules<K> &
  Required<Pick<Rules<K>, K extends keyof Primitives ? "gradient" : "lower">>;

/** An operation of any name, as a tensor carries it. */
export interface AnyOperation {
  readonly name: OperationName;
  shape(inputs: readonly Shape[], attributes: object): Shape;
  gradient?(dy: Tensor, y: Tensor): readonly (Tensor | null)[];
  lower?(inputs: readonly Tensor[], attributes: object): Tensor;
}
