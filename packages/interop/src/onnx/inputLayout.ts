import { channelsLast, isSame, upTo } from "./axes.ts";
import { isNumbers } from "./node.ts";
import type { OnnxGraph, OnnxNode } from "./onnxFile.ts";
import type { Layout } from "./value.ts";

/** Operators that take maps with the channels as axis 1. */
const takesMaps: ReadonlySet<string> = new Set(
  (
    "Conv ConvTranspose ConvInteger QLinearConv MaxPool AveragePool LpPool GlobalAveragePool GlobalMaxPool GlobalLpPool " +
    "BatchNormalization InstanceNormalization GroupNormalization LRN DepthToSpace SpaceToDepth Resize Upsample"
  ).split(" "),
);

/** Operators that leave axes as they are. */
const keepsAxes: ReadonlySet<string> = new Set(
  (
    "Add Sub Mul Div Pow Max Min Sum Mean Relu Sigmoid Tanh Clip LeakyRelu PRelu Elu Selu HardSigmoid HardSwish Identity " +
    "Cast Dropout Pad Neg Abs Sqrt Exp Log Concat Slice Split QuantizeLinear DequantizeLinear DynamicQuantizeLinear"
  ).split(" "),
);

/** What the first node that cares about axes says of an input. */
type Finding = "maps" | "other" | undefined;

/** Tells from the nodes that read an input whether its axis 1 has the channels of maps. */
export function hasMaps(graph: OnnxGraph, input: string): boolean {
  const readers = new Map<string, OnnxNode[]>();
  for (const node of graph.nodes)
    for (const name of node.inputs) readers.set(name, [...(readers.get(name) ?? []), node]);
  const seen = new Set<string>();
  let names = [input];
  while (names.length > 0) {
    const next: string[] = [];
    for (const name of names) {
      if (seen.has(name)) continue;
      seen.add(name);
      for (const node of readers.get(name) ?? []) {
        const finding = findingOf(node, name);
        if (finding !== undefined) return finding === "maps";
        if (keepsAxes.has(node.operator)) next.push(...node.outputs);
      }
    }
    names = next;
  }
  return false;
}

function findingOf(node: OnnxNode, name: string): Finding {
  if (takesMaps.has(node.operator) && node.inputs[0] === name) return "maps";
  if (node.operator !== "Transpose") return undefined;
  const order = node.attributes.get("perm");
  // A file that makes maps with the channels last of its input has them as axis 1.
  return isNumbers(order) && isSame(order, channelsLast(order.length)) ? "maps" : "other";
}

/** Layout of an input of a rank, here and as the file has it. */
export const inputLayout = (rank: number, isMaps: boolean): Layout =>
  isMaps && rank > 2 ? channelsLast(rank) : upTo(rank);
