import { placeOf, ShapeError } from "@convlens/backend";
import type { Layer } from "@convlens/layers";
import { evaluate, type Tensor } from "@convlens/tensor";
import { biasNumber, candidatesOf, coreOf, meetingsOf, type Core } from "./core.ts";
import { originOf } from "../geometry/originOf.ts";
import {
  dependentsOf,
  layerNamed,
  recordModel,
  type LayerCall,
  type RecordedLayer,
  type RecordedModel,
} from "../recordModel.ts";
import { unitNumber } from "../geometry/inputsSeen.ts";
import { markedIn, markInputs, maskOf } from "../geometry/sources.ts";

/** An input of a unit. */
export interface TracedInput {
  /** Position in the input of the layer, without the batch; `undefined` for padding. */
  readonly input: readonly number[] | undefined;
  readonly x: number;
}

/** One product of an input and a weight. */
export interface TracedProduct extends TracedInput {
  /** Position of the weight in the filters or the matrix. */
  readonly weight: readonly number[];
  readonly w: number;
  readonly product: number;
}

interface Traced extends LayerCall {
  /** Position of the unit in the output for one example. */
  readonly unit: readonly number[];
  /** The output of the layer. */
  readonly output: number;
}

/** The trace of a unit of a convolution or a fully connected layer: a sum of products and a bias. */
export interface ProductsTrace extends Traced {
  readonly kind: "products";
  /**
   * The products in the order of summation. Each list is summed first, then the sums are added: a convolution has one list, a
   * transposed convolution one for each position that reaches the unit.
   */
  readonly sums: readonly (readonly TracedProduct[])[];
  readonly bias: number | undefined;
  /** The total; in float64 it equals the output bit for bit. */
  readonly value: number;
}

/** The trace of a unit of max pooling. */
export interface LargestTrace extends Traced {
  readonly kind: "largest";
  readonly candidates: readonly TracedInput[];
  /** Index of the maximum: the first NaN, else the first of the largest. */
  readonly winner: number;
  readonly value: number;
}

/** The trace of a unit of average pooling: a sum and a divisor. */
export interface MeanTrace extends Traced {
  readonly kind: "mean";
  readonly terms: readonly TracedInput[];
  readonly divisor: number;
  readonly value: number;
}

/** The trace of a unit of any other layer: the inputs that it depends on. */
export interface FunctionTrace extends Traced {
  readonly kind: "function";
  /** The operations of the layer, in order. */
  readonly operations: readonly string[];
  readonly inputs: readonly TracedInput[];
  readonly value: number;
}

/** The computation of one number. */
export type Trace = ProductsTrace | LargestTrace | MeanTrace | FunctionTrace;

/** Returns the inputs of a layer: the tensors that it reads and that depend on the model's input. */
export function inputsOf({ operations }: RecordedLayer, recorded: RecordedModel): Tensor[] {
  const depends = dependentsOf(recorded);
  return [...new Set(operations.flatMap((t) => t.inputs))].filter((t) => !operations.includes(t) && depends.has(t));
}

/** Refuses batches of more than one example, in which a position would be ambiguous. */
export function checkSingle(what: string, x: Tensor): void {
  if (x.shape[0] === 1) return;
  throw new ShapeError({
    operation: what,
    expected: "a batch of one example",
    got: x.shape,
    fix: "take one of it: slice(x, …)",
  });
}

/**
 * Traces the computation of one number of a layer's output for one input: the products and the bias that a unit of a convolution
 * sums, with the position of each factor; the candidates of a maximum and the winner; the terms of a mean; and for other layers
 * the inputs that it depends on. In float64 (`reference({ precision: "float64" })`) the trace equals the output bit for bit.
 *
 * @param x - `[1, …]`
 * @param layer - Path of the layer.
 * @param unit - Position in the output for one example: `[row, column, channel]`.
 *
 * @example
 * ```ts
 * const net = sequential([new Conv2d({ filters: 2, kernelSize: 3, padding: 1 }), new MaxPool2d({ kernelSize: 2 })]);
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
  const [made, inputs, factors, biases] = await evaluate(output, from, weights ?? 0, bias?.tensor ?? 0);
  const head: Traced = { name, type, unit: placeOf(i, output.shape.slice(1)), output: made[i]! };
  const { inTensor, inSum } = unitOf(i);
  const input = (at: number | undefined): TracedInput => {
    const origin = at === undefined ? undefined : originOf(first, at, operations).number;
    if (origin === undefined) return { input: undefined, x: 0 };
    return { input: placeOf(origin, from.shape).slice(1), x: inputs[origin]! };
  };
  if (second !== undefined && weights !== undefined && kind === "products") {
    const sums = meetingsOf(tensor, inTensor).map((meetings) =>
      meetings.map(({ input: at, weight }): TracedProduct => {
        const seen = input(at);
        const origin = originOf(second, weight, operations).number!;
        const w = factors[origin]!;
        return { ...seen, weight: placeOf(origin, weights.shape), w, product: seen.x * w };
      }),
    );
    const added = bias === undefined ? undefined : biases[biasNumber(bias.tensor.shape, bias.output, inSum)]!;
    const total = totalOf(sums);
    return { ...head, kind, sums, bias: added, value: added === undefined ? total : total + added };
  }
  const seen = candidatesOf(tensor, inTensor).map(input);
  if (kind === "mean")
    return { ...head, kind, terms: seen, divisor, value: seen.reduce((sum, { x }) => sum + x, 0) / divisor };
  const winner = winnerOf(seen.map(({ x }) => x));
  return { ...head, kind: "largest", candidates: seen, winner, value: seen[winner]?.x ?? -Infinity };
}

/** Adds up sums of products, each summed first. */
export const totalOf = (sums: readonly (readonly { readonly product: number }[])[]): number =>
  sums.reduce((sum, terms) => sum + terms.reduce((part, { product }) => part + product, 0), 0);

/** Returns the index of the maximum: the first NaN, else the first of the largest. */
export const winnerOf = (values: readonly number[]): number =>
  values.reduce((best, x, k) => {
    const largest = values[best]!;
    return x > largest || (Number.isNaN(x) && !Number.isNaN(largest)) ? k : best;
  }, 0);

/** Finds the inputs that a unit depends on by going back through the operations of the layer. */
async function traceFunction(own: RecordedLayer, recorded: RecordedModel, i: number): Promise<FunctionTrace> {
  const { name, type, output, operations } = own;
  const froms = operations.length === 0 ? [output] : inputsOf(own, recorded);
  const seen = new Map([[output, maskOf(output, i)]]);
  for (const t of [...operations].reverse()) markInputs(t, seen, (x) => operations.includes(x) || froms.includes(x));
  const [made, ...values] = await evaluate(output, ...froms);
  const value = made[i]!;
  return {
    kind: "function",
    ...{ name, type, unit: placeOf(i, output.shape.slice(1)), output: value, value },
    operations: operations.flatMap((t) => t.operation ?? []),
    inputs: values.flatMap((numbers, k) => {
      const from = froms[k]!;
      const marked = markedIn(seen.get(from) ?? new Uint8Array(0));
      return marked.map((at) => ({ input: placeOf(at, from.shape).slice(1), x: numbers[at]! }));
    }),
  };
}
