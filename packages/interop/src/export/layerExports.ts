import type { Pool2dGeometry } from "@convlens/backend";
import {
  AveragePool1d,
  AveragePool2d,
  BatchNorm,
  Conv1d,
  ConvTranspose1d,
  ELU,
  FrozenBatchNorm,
  GELU,
  GlobalAveragePool,
  GlobalMaxPool,
  HardSigmoid,
  HardSwish,
  LeakyReLU,
  MaxPool1d,
  ReLU6,
  SELU,
  type AnyLayer,
} from "@convlens/layers";
import { Tensor } from "@convlens/tensor";
import { channelsFirst, upTo } from "../onnx/axes.ts";
import type { ExportedValue, Exporter, LayerOf } from "./exporter.ts";
import type { Attribute } from "./graphWriter.ts";

/** The output of a layer that ONNX has as one operator; `undefined` for others, which are written as what they are made of. */
export function layerExports(e: Exporter, tensor: Tensor, { layer, input }: LayerOf): ExportedValue | undefined {
  if (!(input instanceof Tensor) || input === tensor) return undefined;
  const isNorm = layer instanceof BatchNorm || layer instanceof FrozenBatchNorm;
  if (isNorm && layer.scale !== undefined) return batchNorm(e, tensor, input, layer);
  const activation = activations.find(([type]) => layer instanceof type);
  if (activation !== undefined) {
    const [, operator, attributes, since = 13] = activation;
    if (e.plan.opset < since) return undefined;
    const { name, layout } = e.value(input);
    return e.node(
      tensor,
      operator,
      [name],
      layout,
      attributes((layer as { readonly options?: Readonly<Record<string, number>> }).options ?? {}),
    );
  }
  if (layer instanceof ReLU6) {
    const { name, layout } = e.value(input);
    const bounds = [0, 6].map((value) => e.graph.weights("bound", [], [value]));
    return e.node(tensor, "Clip", [name, ...bounds], layout);
  }
  if (layer instanceof GlobalAveragePool) return globalPool(e, tensor, input, "GlobalAveragePool");
  if (layer instanceof GlobalMaxPool) return globalPool(e, tensor, input, "GlobalMaxPool");
  if (layer instanceof AveragePool2d) return averagePool(e, tensor, input, layer.options);
  return ofSignals(e, tensor, input, layer);
}

/** Activations by class: the operator, its attributes, and the first version that has it. */
const activations: readonly (readonly [
  type: new () => object,
  operator: string,
  attributes: (options: Readonly<Record<string, number>>) => Readonly<Record<string, Attribute>>,
  since?: number,
])[] = [
  [LeakyReLU, "LeakyRelu", ({ negativeSlope = 0.01 }) => ({ alpha: { float: negativeSlope } })],
  [ELU, "Elu", ({ alpha = 1 }) => ({ alpha: { float: alpha } })],
  [SELU, "Selu", () => ({})],
  [HardSigmoid, "HardSigmoid", () => ({ alpha: { float: 1 / 6 }, beta: { float: 0.5 } })],
  [HardSwish, "HardSwish", () => ({}), 14],
  [GELU, "Gelu", () => ({}), 20],
] as never;

function batchNorm(e: Exporter, tensor: Tensor, input: Tensor, layer: BatchNorm | FrozenBatchNorm): ExportedValue {
  const layout = channelsFirst(input.rank);
  const inputs = [layer.scale!, layer.shift!, layer.mean!, layer.variance!].map((variable) =>
    e.constant(variable.current, [0]),
  );
  const epsilon = layer instanceof BatchNorm ? (layer.options.epsilon ?? 1e-5) : layer.epsilon;
  return e.node(tensor, "BatchNormalization", [e.arranged(input, layout), ...inputs], layout, {
    epsilon: { float: epsilon },
  });
}

function globalPool(e: Exporter, tensor: Tensor, input: Tensor, operator: string): ExportedValue {
  const layout = channelsFirst(input.rank);
  const pooled = e.graph.node(operator, [e.arranged(input, layout)], {}, e.nameOf(tensor));
  if (tensor.rank === input.rank) return { name: pooled, layout };
  return e.node(tensor, "Flatten", [pooled], upTo(2), { axis: 1 });
}

/** Average pooling along one or two axes, where all of a window lies over the input and its padding. */
function averagePool(e: Exporter, tensor: Tensor, input: Tensor, options: PoolOptions): ExportedValue | undefined {
  const sides = options.geometry === "ceil" ? undefined : sidesOf(tensor, ["sumPool2d"], input.rank);
  if (sides === undefined || sides.some(({ dilation }) => dilation !== 1)) return undefined;
  const layout = channelsFirst(input.rank);
  const { dilations: _, ...window } = windowOf(sides);
  const count_include_pad = Number(options.countPadding ?? true);
  return e.node(tensor, "AveragePool", [e.arranged(input, layout)], layout, { ...window, count_include_pad });
}

/** Options of pooling that decide how it is written. */
interface PoolOptions {
  readonly geometry?: string | undefined;
  readonly countPadding?: boolean | undefined;
}

/** A window along one axis. */
type Side = Pool2dGeometry["width"];

const windowOf = (sides: readonly Side[]): Record<"kernel_shape" | "strides" | "dilations" | "pads", number[]> => ({
  kernel_shape: sides.map(({ window }) => window),
  strides: sides.map(({ stride }) => stride),
  dilations: sides.map(({ dilation }) => dilation),
  pads: [...sides.map(({ before }) => before), ...sides.map(({ after }) => after)],
});

/** The operation that does the work of a layer, at most four operations before its output. */
function workOf(tensor: Tensor, operations: readonly string[]): Tensor | undefined {
  let found: readonly Tensor[] = [tensor];
  for (let depth = 0; depth < 4; depth++) {
    const work = found.find(({ operation }) => operations.includes(operation ?? ""));
    if (work !== undefined) return work;
    found = found.flatMap(({ inputs }) => inputs);
  }
  return undefined;
}

/** The windows along the axes of signals or images; those of a signal are images of height 1. */
function sidesOf(tensor: Tensor, operations: readonly string[], rank: number): readonly Side[] | undefined {
  const work = workOf(tensor, operations);
  if (work === undefined) return undefined;
  const { height, width } = (work.attributes as { readonly geometry: Pool2dGeometry }).geometry;
  return rank === 3 ? [width] : [height, width];
}

const SIGNALS = channelsFirst(3);

/** Layers of signals, which are recorded as those of images of height 1. */
function ofSignals(e: Exporter, tensor: Tensor, input: Tensor, layer: AnyLayer): ExportedValue | undefined {
  if (layer instanceof Conv1d || layer instanceof ConvTranspose1d) return convolution(e, tensor, input, layer);
  if (layer instanceof MaxPool1d) {
    const sides = sidesOf(tensor, ["maxPool2d"], 3);
    return sides && e.node(tensor, "MaxPool", [e.arranged(input, SIGNALS)], SIGNALS, windowOf(sides));
  }
  return layer instanceof AveragePool1d ? averagePool(e, tensor, input, layer.options) : undefined;
}

function convolution(
  e: Exporter,
  tensor: Tensor,
  input: Tensor,
  layer: Conv1d | ConvTranspose1d,
): ExportedValue | undefined {
  const isTransposed = layer instanceof ConvTranspose1d;
  const sides = sidesOf(tensor, [isTransposed ? "conv2dInputGradient" : "conv2d"], 3);
  if (sides === undefined || layer.filters === undefined) return undefined;
  const inputs = [e.arranged(input, SIGNALS), e.constant(layer.filters.current, [2, 1, 0])];
  if (layer.bias !== undefined) inputs.push(e.constant(layer.bias.current, [0]));
  const attributes = {
    ...windowOf(sides),
    group: layer.options.groups ?? 1,
    ...(isTransposed && { output_padding: [layer.options.outputPadding ?? 0] }),
  };
  return e.node(tensor, isTransposed ? "ConvTranspose" : "Conv", inputs, SIGNALS, attributes);
}
