import { meetings, traitsOf, type Attributes, type Conv2dGeometry, type Shape, type Sliding } from "@convlens/backend";
import type { Layer } from "@convlens/layers";
import type { Tensor } from "@convlens/tensor";
import {
  headOf,
  recordModel,
  variableBehind,
  type LayerOutput,
  type RecordedLayer,
  type RecordedModel,
} from "../recordModel.ts";

/** Weight sharing of a layer. */
export interface LayerSharing extends LayerOutput {
  /** Number of neurons, one for each number of the output. */
  readonly neurons: number;
  /** Number of neurons with the same weights: for a convolution one at each position. */
  readonly copies: number;
  /** Number of pairs of a neuron and an input, without padding. */
  readonly connections: number;
  /** Number of parameters, including biases. */
  readonly weights: number;
  /** Number of parameters if every neuron had its own. */
  readonly untied: number;
}

/** Returns the number of taps over the input, of all positions together. */
const tapsInside = (s: Sliding): number => meetings(s).reduce((sum, taps) => sum + taps.length, 0);

/** Returns the bias that is added to the result of an operation. */
function biasOf(t: Tensor, { operations }: RecordedLayer, recorded: RecordedModel): Tensor | undefined {
  const same = new Set<Tensor>([t]);
  for (const next of operations) {
    const [a, b] = next.inputs as [Tensor, Tensor];
    if (!same.has(a)) continue;
    if (next.operation === "reshape" || next.operation === "transpose") same.add(next);
    if (next.operation === "add") return variableBehind(b, recorded);
  }
  return undefined;
}

/** Returns the number of connections, and of inputs of each neuron. */
function connectionsOf(t: Tensor, weights: Tensor): { readonly connections: number; readonly inputs: number } {
  const { geometry: g } = t.attributes as { readonly geometry?: Conv2dGeometry };
  if (g === undefined) {
    const { transposeB } = t.attributes as Attributes<"matmul">;
    const inputs = weights.shape.at(transposeB ? -1 : -2) ?? 1;
    return { connections: t.size * inputs, inputs };
  }
  const depth = g.inChannels / g.groups;
  const connections = tapsInside(g.height) * tapsInside(g.width) * depth * g.outChannels;
  // In a transposed convolution every stride-th tap of a filter reaches a pixel; this is the average.
  return t.operation === "conv2d"
    ? { connections, inputs: g.height.window * g.width.window * depth }
    : { connections, inputs: connections / t.size };
}

/**
 * Returns how the neurons of each layer share weights, and the number of weights if they did not: one row for each convolution
 * and each product with a learned matrix.
 *
 * @param inputShape - Shape of one example.
 *
 * @example
 * ```ts
 * const [first] = sharing(alexNet({ grouped: true }), [227, 227, 3]);
 * first; // 290,400 neurons, 3,025 copies of each, 34,944 weights; untied they would be 105,705,600
 * ```
 */
export function sharing(model: Layer<Tensor, unknown>, inputShape: Shape): LayerSharing[] {
  const recorded = recordModel(model, inputShape);
  return recorded.layers.flatMap((layer) =>
    layer.operations.flatMap((t) => {
      const [, read] = t.inputs;
      if (!traitsOf(t.operation).weighs || read === undefined) return [];
      const weights = variableBehind(read, recorded);
      if (weights === undefined) return [];
      const bias = biasOf(t, layer, recorded);
      const { connections, inputs } = connectionsOf(t, read);
      return [
        {
          ...headOf(layer),
          neurons: t.size,
          copies: Math.max(1, Math.round((t.size * inputs) / weights.size)),
          connections,
          weights: weights.size + (bias?.size ?? 0),
          untied: t.size * inputs + (bias === undefined ? 0 : t.size),
        },
      ];
    }),
  );
}
