import { ValueError } from "@convlens/backend";
import type { OnnxGraph, OnnxNode } from "./onnxFile.ts";

/** Names that a node reads, also in the graphs of its attributes. */
export function namesRead(node: OnnxNode): string[] {
  const names = node.inputs.filter((name) => name !== "");
  for (const value of node.attributes.values())
    if (typeof value === "object" && "nodes" in value) names.push(...outerNames(value));
  return names;
}

/** Names that a graph takes from the graph around it. */
function outerNames(graph: OnnxGraph): string[] {
  const own = new Set([
    ...graph.initializers.map(({ name }) => name),
    ...graph.inputs.map(({ name }) => name),
    ...graph.nodes.flatMap(({ outputs }) => outputs),
  ]);
  const read = [...graph.nodes.flatMap(namesRead), ...graph.outputs.map(({ name }) => name)];
  return read.filter((name) => !own.has(name));
}

/**
 * Returns the nodes that some values need, each after those that it reads.
 *
 * @param known - Names of inputs and weights.
 * @throws `ValueError` for a name that nothing computes, or that is computed twice, and for a cycle.
 */
export function sortNodes(
  nodes: readonly OnnxNode[],
  wanted: readonly string[],
  known: { readonly has: (name: string) => boolean },
): OnnxNode[] {
  const makers = new Map<string, OnnxNode>();
  for (const node of nodes)
    for (const name of node.outputs) {
      if (name === "") continue;
      if (makers.has(name)) throw new ValueError({ problem: `two nodes compute the value "${name}"` });
      makers.set(name, node);
    }
  const sorted: OnnxNode[] = [];
  const states = new Map<OnnxNode, "open" | "done">();
  // Without recursion, since graphs may be thousands of nodes long.
  const tasks: { readonly node: OnnxNode; readonly isAfter: boolean }[] = [];
  const need = (name: string, reader: string): void => {
    if (known.has(name)) return;
    const node = makers.get(name);
    if (node === undefined)
      throw new ValueError({ problem: `${reader} reads the value "${name}", which no node computes` });
    if (states.get(node) === "open") throw new ValueError({ problem: `a cycle goes through ${describe(node)}` });
    if (states.get(node) === undefined) tasks.push({ node, isAfter: false });
  };
  for (const name of wanted) {
    need(name, "an output of the graph");
    while (tasks.length > 0) {
      const { node, isAfter } = tasks.pop()!;
      if (isAfter) {
        states.set(node, "done");
        sorted.push(node);
      } else if (states.get(node) === undefined) {
        states.set(node, "open");
        tasks.push({ node, isAfter: true });
        for (const read of namesRead(node)) need(read, describe(node));
      }
    }
  }
  return sorted;
}

/** A node in messages: its name, operator and first output. */
export const describe = ({ name, operator, outputs }: OnnxNode): string =>
  `${operator}${name === "" ? "" : ` "${name}"`} (makes "${outputs[0] ?? ""}")`;
