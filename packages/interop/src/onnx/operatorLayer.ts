import { PrintedLayer, type Layer, type Mode } from "@convlens/layers";
import type { Tensors, Variable } from "@convlens/tensor";

/** A node of an imported model that is not exactly one layer of the library. Its class has the name of the operator. */
export interface OperatorLayer extends Layer<Tensors, Tensors> {
  /** Name of the operator in the file. */
  readonly operator: string;
}

/**
 * Makes a layer for a node.
 *
 * @param work - Records the node. Its tensors have the file's order of axes.
 * @param parameters - Variables of the layer by name.
 */
export function operatorLayer(
  operator: string,
  parameters: Readonly<Record<string, Variable>>,
  work: (x: Tensors, mode: Mode | undefined) => Tensors,
): OperatorLayer {
  const classes = {
    [operator]: class extends PrintedLayer implements OperatorLayer {
      readonly operator = operator;
      call(x: Tensors, mode?: Mode): Tensors {
        return work(x, mode);
      }
    },
  };
  return Object.assign(new classes[operator]!(), parameters);
}
