import {
  checkOptions,
  offsetOf,
  placeOf,
  ShapeError,
  showShape,
  stepsOf,
  UsageError,
  type Conv2dGeometry,
  type Pool2dGeometry,
  type Values,
} from "@convlens/backend";
import type { Layer } from "@convlens/layers";
import { evaluate, gradients, ones, tensor, type Recorded, type Tensor } from "@convlens/tensor";
import {
  candidatesOf,
  coreOf,
  depthwise,
  meetingsOfConvolution,
  meetingsOfTransposed,
  productOf,
  type Core,
} from "./core.ts";
import { isUnit, unitNumber } from "../geometry/inputsSeen.ts";
import { placeOption } from "../optionChecks.ts";
import { originOf } from "../geometry/originOf.ts";
import { maskOf } from "../geometry/sources.ts";
import { layerNamed, recordModel, type LayerCall, type RecordedLayer } from "../recordModel.ts";
import { checkSingle, inputsOf, totalOf, winnerOf } from "./trace.ts";

/** The contribution of one output to a gradient. */
export interface TracedGradient {
  /** Position in the output for one example. */
  readonly output: readonly number[];
  /** The gradient of the output. */
  readonly dy: number;
  /** The derivative of the output by the input: a weight, or 1 for the winner of a maximum. */
  readonly derivative: number;
  /** The contribution: dy · derivative. */
  readonly product: number;
}

/** The computation of the gradient of one input of a layer. */
export interface GradientTrace extends LayerCall {
  /** Position in the input of the layer. */
  readonly input: readonly number[];
  /** The outputs that depend on the input, in the order of summation. Each list is summed first, then the sums are added. */
  readonly sums: readonly (readonly TracedGradient[])[];
  /** The total; for convolutions, matrix products and pooling it equals the gradient in float64 bit for bit. */
  readonly value: number;
  /** The gradient through this layer. */
  readonly gradient: number;
}

/** Options of {@link traceGradient}. */
export interface TraceGradientOptions {
  /** Position of the unit of the model's output to differentiate. Default: the sum of all outputs. */
  readonly target?: readonly number[];
}

/**
 * Traces the computation of the gradient of one input of a layer: the outputs that depend on it, the gradient of each, and the
 * weight in between.
 *
 * @param x - `[1, …]`
 * @param layer - Path of the layer.
 * @param input - Position in the input of the layer: `[row, column, channel]`.
 *
 * @example
 * ```ts
 * const net = sequential([new Conv2d({ filters: 2, kernelSize: 3 }), new MaxPool2d({ kernelSize: 2 })]);
 * const { sums, value } = await traceGradient(net, normal([1, 6, 6, 1]), "layers.0", [2, 3, 0]);
 * sums.flat().filter(({ dy }) => dy !== 0); // the outputs above this pixel that won their maximum
 * ```
 */
export async function traceGradient(
  model: Layer,
  x: Tensor,
  layer: string,
  input: readonly number[],
  given: TraceGradientOptions = {},
): Promise<GradientTrace> {
  checkOptions("traceGradient", given, { target: placeOption });
  const { target } = given;
  checkSingle("traceGradient", x);
  const recorded = recordModel(model, x);
  const own = layerNamed(recorded, layer);
  const inputs = inputsOf(own, recorded);
  const [from] = inputs;
  if (from === undefined || inputs.length > 1)
    throw new UsageError({
      operation: "traceGradient",
      expected: "a layer that reads one tensor itself",
      got: inputs.length,
      gotWords: `"${layer}" (${own.type}), which reads ${inputs.length}`,
      fix: "name another, such as one of those that it contains",
    });
  const i = inputNumber(own, from, input);
  const { output } = recorded;
  const seed = target === undefined ? ones(output.shape) : seedAt(output, unitNumber("", output, target));
  const [dy] = gradients(output, [own.output], { seed, unused: "zeros" });
  const [dx] = gradients(own.output, [from], { seed: dy, unused: "zeros" });
  const core = coreOf(own, recorded);
  const sums = core === undefined ? await throughFunction(own, from, dy, i) : await throughCore(own, core, dy, i);
  return { name: own.name, type: own.type, input, sums, value: totalOf(sums), gradient: (await dx.data())[i]! };
}

/** Returns a tensor that is 1 at element `i` and 0 elsewhere. */
const seedAt = (t: Tensor, i: number): Tensor => tensor(maskOf(t, i), t.shape);

function inputNumber({ name, type }: RecordedLayer, from: Tensor, input: readonly number[]): number {
  const shape = from.shape.slice(1);
  if (input.length !== shape.length || !isUnit(shape, input))
    throw new ShapeError({
      operation: `${name} (${type})`,
      what: "the place",
      expected: `within its input, ${showShape(shape)}`,
      got: input,
    });
  return offsetOf(input, stepsOf(shape));
}

/** Returns the contributions to input `i` through a sum or a maximum. */
async function throughCore(own: RecordedLayer, core: Core, dy: Tensor, i: number): Promise<TracedGradient[][]> {
  const { kind, tensor: t, divisor, unitOf } = core;
  const { output, operations } = own;
  const [read, second] = t.inputs as [Tensor, Tensor | undefined];
  // The gradient of the sum or the maximum, and the output of each of its numbers.
  const [atCore] = gradients(output, [t], { seed: dy });
  const [outer, inner, inputs, weights] = await evaluate(dy, atCore, read, second ?? 0);
  const outputOf = new Int32Array(t.size);
  for (let o = 0; o < output.size; o++) outputOf[unitOf(o).inTensor] = o;
  const term = (unit: number, derivative: number): TracedGradient => {
    const at = outputOf[unit]!;
    return {
      output: placeOf(at, output.shape).slice(1),
      dy: outer[at]!,
      derivative: derivative / divisor,
      product: inner[unit]! * derivative,
    };
  };
  // The layer may move its input first: all positions that this number was moved to.
  const places = operations.includes(read)
    ? [...inputs.keys()].filter((place) => originOf(read, place, operations).number === i)
    : [i];
  return places.flatMap((place) => {
    if (kind === "products")
      return meetingsBackwards(t, place).map((meetings) =>
        meetings.map(({ unit, weight }) => term(unit, weights[weight]!)),
      );
    return [unitsOver(t, place).map((unit) => term(unit, kind === "mean" ? 1 : shareOf(t, inputs, unit, place)))];
  });
}

/** Returns the units of a pooling or a reduction whose window contains number `i`. */
function unitsOver(t: Recorded, i: number): number[] {
  if (t.operation === "sum" || t.operation === "max") {
    const steps = stepsOf(t.shape).map((step, axis) => (t.attributes.axes.includes(axis) ? 0 : step));
    return [offsetOf(placeOf(i, t.inputs[0].shape), steps)];
  }
  const { geometry } = t.attributes as { readonly geometry: Pool2dGeometry };
  return meetingsOfTransposed(depthwise(geometry), i).flatMap((places) => places.map(({ input }) => input));
}

/** Returns the share of the gradient: a pooling window gives it to its winner; equal maxima over axes share it. */
function shareOf(t: Recorded, inputs: Values, unit: number, place: number): number {
  const candidates = candidatesOf(t, unit);
  const best = candidates[winnerOf(candidates.map((k) => inputs[k]!))]!;
  if (t.operation === "maxPool2d") return best === place ? 1 : 0;
  return inputs[place] === inputs[best] ? 1 / candidates.filter((k) => inputs[k] === inputs[best]).length : 0;
}

/** Returns the units that depend on number `i` of the first input, with their weights, in the order of summation. */
function meetingsBackwards(t: Recorded, i: number): { readonly unit: number; readonly weight: number }[][] {
  if (t.operation === "matmul") {
    const { m, n, k, inB } = productOf(t);
    const matrix = Math.floor(i / (m * k));
    const [row, l] = t.attributes.transposeA ? [i % m, Math.floor(i / m) % k] : [Math.floor(i / k) % m, i % k];
    return [
      Array.from({ length: n }, (_, column) => ({
        unit: (matrix * m + row) * n + column,
        weight: inB(matrix, l, column),
      })),
    ];
  }
  const { geometry: g } = t.attributes as { readonly geometry: Conv2dGeometry };
  if (t.operation === "conv2d")
    return meetingsOfTransposed(g, i).map((places) => places.map(({ input, weight }) => ({ unit: input, weight })));
  // A transposed convolution adds each input to the pixels that the convolution would read for it.
  return [
    meetingsOfConvolution(g, i).flatMap(({ input, weight }) => (input === undefined ? [] : [{ unit: input, weight }])),
  ];
}

/** Returns the contributions through any other layer, by the gradient of each output. */
async function throughFunction(
  { output }: RecordedLayer,
  from: Tensor,
  dy: Tensor,
  i: number,
): Promise<TracedGradient[][]> {
  const through = (unit: number): Tensor =>
    gradients(output, [from], { seed: seedAt(output, unit), unused: "zeros" })[0];
  const units = Array.from({ length: output.size }, (_, unit) => unit);
  const [at, ...each] = await evaluate(dy, ...units.map(through));
  const terms = each.map((derivatives, unit): TracedGradient => {
    const [slope, derivative] = [at[unit]!, derivatives[i]!];
    return { output: placeOf(unit, output.shape).slice(1), dy: slope, derivative, product: slope * derivative };
  });
  return [terms.filter(({ derivative }) => derivative !== 0)];
}
