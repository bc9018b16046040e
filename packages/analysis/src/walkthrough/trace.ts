import { ShapeError, showShape, sizeOf, type Shape, type Values } from "@convlens/backend";
import type { Layer } from "@convlens/layers";
import { evaluate, type Tensor } from "@convlens/tensor";
import { biasNumber, candidatesOf, coreOf, meetingsOf, type Core } from "./core.ts";
import { originOf, placeOf } from "../geometry/originOf.ts";
import { dependentsOf, layerNamed, recordModel, type RecordedLayer, type RecordedModel } from "../recordModel.ts";
import { unitNumber } from "../geometry/inputsSeen.ts";
import { sourcesOf, type Mask } from "../geometry/sources.ts";

/** A number that a layer reads, and where it stands in what the layer gets. */
export interface TracedInput {
  /** Its place in the layer's input, without the batch; `undefined` for a zero of the padding. */
  readonly input: readonly number[] | undefined;
  readonly x: number;
}

/** One product of an input and a weight. */
export interface TracedProduct extends TracedInput {
  /** The place of the weight in the filters or the matrix. */
  readonly weight: readonly number[];
  readonly w: number;
  readonly product: number;
}

interface Traced {
  /** The call of the layer: its path, or `path#2` for the second call. */
  readonly name: string;
  /** The layer's class. */
  readonly type: string;
  /** The unit's place in the output of one example. */
  readonly unit: readonly number[];
  /** What the layer has put out. */
  readonly output: number;
}

/** A sum of products and a bias: a unit of a convolution or of a fully connected layer. */
export interface ProductsTrace extends Traced {
  readonly kind: "products";
  /**
   * The products in the order in which they are added up. Each list is a sum of its own, and those are added up in turn: of a
   * convolution there is one; of a transposed one, one for each place that reaches the unit.
   */
  readonly sums: readonly (readonly TracedProduct[])[];
  readonly bias: number | undefined;
  /** What that adds up to: in float64 the output, to the last bit. */
  readonly value: number;
}

/** The largest of some numbers: a unit of max pooling. */
export interface LargestTrace extends Traced {
  readonly kind: "largest";
  readonly candidates: readonly TracedInput[];
  /** Which of the candidates won: the first of the largest, or of those that are NaN. */
  readonly winner: number;
  readonly value: number;
}

/** The sum of some numbers, divided: a unit of average pooling. */
export interface MeanTrace extends Traced {
  readonly kind: "mean";
  readonly terms: readonly TracedInput[];
  readonly divisor: number;
  readonly value: number;
}

/** A unit of any other layer: the numbers that it is computed from. */
export interface FunctionTrace extends Traced {
  readonly kind: "function";
  /** What the layer computes, in order. */
  readonly operations: readonly string[];
  readonly inputs: readonly TracedInput[];
  readonly value: number;
}

/** How one number comes about. */
export type Trace = ProductsTrace | LargestTrace | MeanTrace | FunctionTrace;

/** What a layer gets: the tensors that it reads and that depend on the model's input. */
export function inputsOf({ operations }: RecordedLayer, recorded: RecordedModel): Tensor[] {
  const depends = dependentsOf(recorded);
  return [...new Set(operations.flatMap((t) => t.inputs))].filter((t) => !operations.includes(t) && depends.has(t));
}

/** Refuses batches of more than one example, in which a place would not say whose. */
export function checkSingle(what: string, x: Tensor): void {
  if (x.shape[0] === 1) return;
  throw new ShapeError(`${what}: expected a batch of one example, got ${showShape(x.shape)}; give slice(x, …) of it`, {
    operation: what,
    axis: "batch",
    expected: 1,
    got: x.shape[0],
  });
}

const without = (shape: Shape): Shape => shape.slice(1);

/**
 * How one number of a layer's output comes about, for one input: the products and the bias that a unit of a convolution is the
 * sum of, with the place of each factor; which of its inputs won a unit of max pooling; what a mean is of; and for any other
 * layer the numbers that it is computed from. In float64 (`reference({ precision: "float64" })`) what a trace adds up to is the
 * output itself, to the last bit.
 *
 * @param x - `[1, …]`
 * @param layer - What the layer is called: its path.
 * @param unit - The unit's place in what the layer makes of one example: `[row, column, channel]`.
 *
 * @example
 * ```ts
 * const net = sequential([new Conv2d({ filters: 2, kernelSize: 3, padding: 1 }), new MaxPool2d({ size: 2 })]);
 * const unit = await trace(net, normal([1, 4, 4, 3]), "layers.0", [0, 0, 1]);
 * if (unit.kind === "products") console.log(unit.sums[0]!.length, unit.bias, unit.value); // 27 products, 15 of them with zeros
 * const pooled = await trace(net, normal([1, 4, 4, 3]), "layers.1", [0, 0, 1]);
 * if (pooled.kind === "largest") console.log(pooled.candidates[pooled.winner]);
 * ```
 */
export async function trace(model: Layer, x: Tensor, layer: string, unit: readonly number[]): Promise<Trace> {
  checkSingle("trace", x);
  const recorded = recordModel(model, x);
  const own = layerNamed(recorded, layer);
  const i = unitNumber(own.name, own.output, unit);
  const core = coreOf(own, recorded);
  return core === undefined ? traceFunction(own, recorded, i) : traceCore(own, core, i);
}

async function traceCore(own: RecordedLayer, { kind, tensor, bias, divisor, unitOf }: Core, i: number): Promise<Trace> {
  const { name, type, output, operations } = own;
  const [first, second] = tensor.inputs as [Tensor, Tensor | undefined];
  const from = originOf(first, 0, operations).tensor;
  const weights = second && originOf(second, 0, operations).tensor;
  const [made, inputs, factors, biases] = (await evaluate(output, from, weights ?? 0, bias?.tensor ?? 0)) as [
    Values,
    Values,
    Values,
    Values,
  ];
  const head: Traced = { name, type, unit: placeOf(i, without(output.shape)), output: made[i]! };
  const { inTensor, inSum } = unitOf(i);
  const input = (at: number | undefined): TracedInput => {
    const origin = at === undefined ? undefined : originOf(first, at, operations).number;
    if (origin === undefined) return { input: undefined, x: 0 };
    return { input: placeOf(origin, from.shape).slice(1), x: inputs[origin]! };
  };
  if (kind === "products") {
    const sums = meetingsOf(tensor, inTensor).map((meetings) =>
      meetings.map(({ input: at, weight }): TracedProduct => {
        const seen = input(at);
        const origin = originOf(second!, weight, operations).number!;
        const w = factors[origin]!;
        return { ...seen, weight: placeOf(origin, weights!.shape), w, product: seen.x * w };
      }),
    );
    const added = bias === undefined ? undefined : biases[biasNumber(bias.tensor.shape, bias.output, inSum)]!;
    const total = sums.reduce((sum, terms) => sum + terms.reduce((part, { product }) => part + product, 0), 0);
    return { ...head, kind, sums, bias: added, value: added === undefined ? total : total + added };
  }
  const seen = candidatesOf(tensor, inTensor).map(input);
  if (kind === "mean")
    return { ...head, kind, terms: seen, divisor, value: seen.reduce((sum, { x }) => sum + x, 0) / divisor };
  let winner = 0;
  for (let k = 1; k < seen.length && !Number.isNaN(seen[winner]!.x); k++)
    if (seen[k]!.x > seen[winner]!.x || Number.isNaN(seen[k]!.x)) winner = k;
  return { ...head, kind, candidates: seen, winner, value: seen[winner]?.x ?? -Infinity };
}

/** The numbers that a layer's unit is computed from, found by walking back through what the layer records. */
async function traceFunction(own: RecordedLayer, recorded: RecordedModel, i: number): Promise<FunctionTrace> {
  const { name, type, output, operations } = own;
  const froms = operations.length === 0 ? [output] : inputsOf(own, recorded);
  const seen = new Map<Tensor, Mask>();
  const start = new Uint8Array(output.size);
  start[i] = 1;
  seen.set(output, start);
  for (const t of [...operations].reverse()) {
    const mask = seen.get(t);
    if (mask === undefined) continue;
    for (const [which, x] of t.inputs.entries()) {
      if (!operations.includes(x) && !froms.includes(x)) continue;
      const marked = sourcesOf(t, which, mask);
      seen.set(x, seen.get(x)?.map((before, k) => before | marked[k]!) ?? marked);
    }
  }
  const [made, ...values] = await evaluate(output, ...froms);
  return {
    kind: "function",
    name,
    type,
    unit: placeOf(i, without(output.shape)),
    output: made![i]!,
    operations: operations.map((t) => t.operation!),
    inputs: froms.flatMap((from, k) => {
      const mask = seen.get(from) ?? new Uint8Array(sizeOf(from.shape));
      return [...mask.keys()]
        .filter((at) => mask[at])
        .map((at) => ({ input: placeOf(at, from.shape).slice(1), x: values[k]![at]! }));
    }),
    value: made![i]!,
  };
}
