import type { Shape } from "@convlens/backend";
import type { Layer } from "@convlens/layers";
import type { ShapesOf, Tensor } from "@convlens/tensor";
import { dependentsOf, recordModel, type RecordedModel } from "../recordModel.ts";

/** A node of an {@link OperationGraph}. */
export interface GraphNode {
  /** Name of an operation, `conv2d`, or of a layer's class, `Conv2d`; or `input`, with its name in a tuple or record. */
  readonly label: string;
  /** Name of the layer; `""` for an input. */
  readonly layer: string;
  /** Shape for one example. */
  readonly shape: Shape;
  /** Indices of the nodes that it reads. */
  readonly inputs: readonly number[];
  /** Paths of the parameters that it reads. */
  readonly parameters: readonly string[];
}

/** The computation of a model as a graph. */
export interface OperationGraph {
  /** The nodes in topological order; the inputs come first. */
  readonly nodes: readonly GraphNode[];
}

/** Returns the paths of the parameters that a tensor reads, apart from those behind the inputs. */
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
 * @param inputShape - Shape of one example, or a tuple or record of shapes, as the model takes them.
 * @param level - `"operations"`, the default, or `"layers"`.
 *
 * @example
 * ```ts
 * const { nodes } = operationGraph(resnet18(), [224, 224, 3], "layers");
 * nodes.filter(({ inputs }) => inputs.length > 1).length; // 8: the sums of the shortcuts
 * ```
 */
export function operationGraph<Input>(
  model: Layer<Input, unknown>,
  inputShape: ShapesOf<NoInfer<Input>>,
  level: "operations" | "layers" = "operations",
): OperationGraph {
  const recorded = recordModel(model, inputShape);
  const depends = dependentsOf(recorded);
  const owner = new Map(recorded.layers.flatMap((layer) => layer.operations.map((t) => [t, layer] as const)));
  const inputs = [...recorded.inputs];
  const given = new Set(recorded.inputs.values());
  const computed = recorded.tensors.filter((t) => depends.has(t) && !given.has(t));
  // The operations of a layer make one node; those of a container are nodes of their own.
  const groupOf = (t: Tensor): object => {
    const layer = owner.get(t);
    return level === "operations" || layer === undefined || layer.isContainer ? t : layer;
  };
  const groups = new Map<object, { readonly own: Tensor[]; readonly last: Tensor }>();
  for (const t of computed) {
    const key = groupOf(t);
    const own = [...(groups.get(key)?.own ?? []), t];
    // Groups are in the order of their last operations.
    groups.delete(key);
    groups.set(key, { own, last: t });
  }
  const inOrder = [...groups];
  const numbers = new Map<Tensor, number>(inputs.map(([, t], i) => [t, i]));
  for (const [i, [, { own }]] of inOrder.entries()) for (const t of own) numbers.set(t, inputs.length + i);
  const nodes = inOrder.map(([group, { own, last }], i): GraphNode => {
    const layer = owner.get(last);
    const read = own.flatMap((t) => t.inputs.flatMap((x) => numbers.get(x) ?? []));
    return {
      label: group === layer ? layer.type : (last.operation ?? ""),
      layer: layer?.name ?? "",
      shape: last.shape.slice(1),
      inputs: [...new Set(read)].filter((number) => number !== inputs.length + i),
      parameters: [...new Set(own.flatMap((t) => parametersOf(t, recorded, depends)))],
    };
  });
  const begin = inputs.map(([name, { shape }]): GraphNode => {
    const label = name === "" ? "input" : `input ${name}`;
    return { label, layer: "", shape: shape.slice(1), inputs: [], parameters: [] };
  });
  return { nodes: [...begin, ...nodes] };
}
