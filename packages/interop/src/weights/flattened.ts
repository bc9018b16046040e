import type { Shapes } from "@convlens/tensor";
import { recordForward, variables, type AnyLayer, type Layer } from "@convlens/layers";
import { isShape, mapTree, sorted, tensorsIn, zeros, type Tensor, type Tensors } from "@convlens/tensor";

/**
 * Finds dense layers whose inputs are maps that were flattened, from what the model records: a product whose first operand is a
 * reshaped `[n, …, c]` with places.
 *
 * @param input - Shapes of a batch.
 * @returns The channels of the maps by the path of the weights.
 */
export function flattenedChannels(model: AnyLayer, input: Shapes): ReadonlyMap<string, number> {
  const x = mapTree(input, isShape, (shape: readonly number[]) => zeros(shape)) as Tensor;
  const outputs = tensorsIn(recordForward(model as Layer, x) as Tensors);
  const paths = new Map(Array.from(variables(model), ([path, variable]) => [variable.current, path]));
  const found = new Map<string, number>();
  for (const tensor of sorted(outputs, ({ inputs }) => inputs)) {
    if (tensor.operation !== "matmul") continue;
    const [rows, weights] = tensor.inputs as readonly [Tensor, Tensor];
    const path = paths.get(weights);
    const channels = channelsOf(rows);
    if (path !== undefined && channels !== undefined) found.set(path, channels);
  }
  return found;
}

/** Operations that keep the order of numbers, and do not care about places. */
const keepsOrder: ReadonlySet<string> = new Set([
  "relu",
  "sigmoid",
  "tanh",
  "multiply",
  "add",
  "where",
  "greater",
  "clip",
]);

/** Channels of the maps that rows were made of by flattening; `undefined` if they were not. */
function channelsOf(rows: Tensor): number | undefined {
  const [from] = rows.inputs;
  if (from === undefined || rows.rank !== 2) return undefined;
  if (rows.operation === "reshape") {
    const channels = from.shape.at(-1)!;
    if (from.rank > 2 && rows.shape[1] !== channels) return channels;
    return channelsOf(from);
  }
  return keepsOrder.has(rows.operation ?? "") ? channelsOf(from) : undefined;
}
