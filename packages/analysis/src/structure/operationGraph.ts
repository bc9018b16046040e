import type { Shape } from "@convlens/backend";
import type { Layer } from "@convlens/layers";
import type { Tensor } from "@convlens/tensor";
import { dependentsOf, recordModel, type RecordedModel } from "../recordModel.ts";

/** A node of an {@link OperationGraph}. */
export interface GraphNode {
  /** An operation, `conv2d`; the class of a layer, `Conv2d`; or `input`. */
  readonly label: string;
  /** Name of the layer; `""` for the input. */
  readonly layer: string;
  /** Shape of one example. */
  readonly shape: Shape;
  /** Indices of the nodes that it reads. */
  readonly inputs: readonly number[];
  /** Paths of the parameters that it reads. */
  readonly parameters: readonly string[];
}

/** The computation of a model as a graph. */
export interface OperationGraph {
  /** The nodes in topological order; the input comes first. */
  readonly nodes: readonly GraphNode[];
}

/** Returns the paths of the parameters that a tensor reads, apart from those behind the input. */
function parametersOf(t: Tensor, { variables }: RecordedModel, depends: ReadonlySet<Tensor>): string[] {
  const found: string[] = [];
  const visit = (x: Tensor): void => {
    if (depends.has(x)) return;
    const known = variables.get(x);
    if (known !== undefined) found.push(known.path);
    for (const inner of x.inputs) visit(inner);
  };
  for (const x of t.inputs) visit(x);
  return found;
}

/**
 * Returns the computation of a model as a graph: one node for each operation, or for each layer that has operations of its own.
 * It is read from what the model records, so it shows branches of every kind.
 *
 * @param inputShape - Shape of one example.
 * @param level - `"operations"`, the default, or `"layers"`.
 *
 * @example
 * ```ts
 * const { nodes } = operationGraph(resnet18(), [224, 224, 3], "layers");
 * nodes.filter(({ inputs }) => inputs.length > 1).length; // 8: the sums of the shortcuts
 * ```
 */
export function operationGraph(
  model: Layer,
  inputShape: Shape,
  level: "operations" | "layers" = "operations",
): OperationGraph {
  const recorded = recordModel(model, inputShape);
  const depends = dependentsOf(recorded);
  const owner = new Map(recorded.layers.flatMap((layer) => layer.operations.map((t) => [t, layer] as const)));
  const computed = recorded.tensors.filter((t) => depends.has(t) && t !== recorded.input);
  // The operations of a layer make one node; those of a container are nodes of their own.
  const groupOf = (t: Tensor): object => {
    const layer = owner.get(t);
    return level === "operations" || layer === undefined || layer.isContainer ? t : layer;
  };
  const groups = new Map<object, Tensor[]>();
  for (const t of computed) groups.set(groupOf(t), [...(groups.get(groupOf(t)) ?? []), t]);
  const inOrder = [...groups].sort(([, a], [, b]) => computed.indexOf(a.at(-1)!) - computed.indexOf(b.at(-1)!));
  const numbers = new Map<Tensor, number>([[recorded.input, 0]]);
  for (const [i, [, own]] of inOrder.entries()) for (const t of own) numbers.set(t, i + 1);
  const nodes = inOrder.map(([group, own], i): GraphNode => {
    const layer = owner.get(own[0]!);
    const read = own.flatMap((t) => t.inputs.flatMap((x) => (depends.has(x) ? numbers.get(x)! : [])));
    return {
      label: group === layer ? layer.type : own[0]!.operation!,
      layer: layer?.name ?? "",
      shape: own.at(-1)!.shape.slice(1),
      inputs: [...new Set(read)].filter((number) => number !== i + 1),
      parameters: [...new Set(own.flatMap((t) => parametersOf(t, recorded, depends)))],
    };
  });
  return { nodes: [{ label: "input", layer: "", shape: inputShape, inputs: [], parameters: [] }, ...nodes] };
}
