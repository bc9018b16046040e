import {
  checkOptions,
  offsetOf,
  placeOf,
  ShapeError,
  showShape,
  sizeOf,
  stepsOf,
  UsageError,
  type Conv2dGeometry,
  type Attributes,
  type Values,
} from "@convlens/backend";
import type { Layer } from "@convlens/layers";
import { evaluate, gradients, tensor, type Tensor } from "@convlens/tensor";
import { candidatesOf, coreOf, meetingsOfConvolution, meetingsOfTransposed, type Core } from "./core.ts";
import { unitNumber } from "../geometry/inputsSeen.ts";
import { placeOption } from "../optionChecks.ts";
import { originOf } from "../geometry/originOf.ts";
import { layerNamed, recordModel, type RecordedLayer } from "../recordModel.ts";
import { checkSingle, inputsOf } from "./trace.ts";

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
export interface GradientTrace {
  /** Name of the call: the path of the layer, or `path#2` for its second call. */
  readonly name: string;
  /** Class of the layer. */
  readonly type: string;
  /** Position in the input of the layer. */
  readonly input: readonly number[];
  /**
   * The outputs that depend on the input, in the order of summation. Each list is summed first, then the sums are added.
   */
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
  const [from, ...more] = inputsOf(own, recorded);
  if (from === undefined || more.length > 0)
    throw new UsageError({
      operation: "traceGradient",
      expected: "a layer that reads one tensor itself",
      got: more.length + (from === undefined ? 0 : 1),
      gotWords: `"${layer}" (${own.type}), which reads ${more.length + (from === undefined ? 0 : 1)}`,
      fix: "name another, such as one of those that it contains",
    });
  const i = inputNumber(own, from, input);
  const seed = new Float64Array(recorded.output.size).fill(target === undefined ? 1 : 0);
  if (target !== undefined) seed[unitNumber("", recorded.output, target)] = 1;
  const options = { seed: tensor(seed, recorded.output.shape), unused: "zeros" } as const;
  const [dy] = gradients(recorded.output, [own.output], options);
  const [dx] = gradients(own.output, [from], { seed: dy, unused: "zeros" });
  const core = coreOf(own, recorded);
  const sums = core === undefined ? await throughFunction(own, from, dy, i) : await throughCore(own, core, dy, i);
  const value = sums.reduce((sum, terms) => sum + terms.reduce((part, { product }) => part + product, 0), 0);
  return { name: own.name, type: own.type, input, sums, value, gradient: (await dx.data())[i]! };
}

function inputNumber({ name, type }: RecordedLayer, from: Tensor, input: readonly number[]): number {
  const shape = from.shape.slice(1);
  if (
    input.length !== shape.length ||
    input.some((at, axis) => !(Number.isInteger(at) && at >= 0 && at < shape[axis]!))
  )
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
  const term = (unit: number, derivative: number): TracedGradient => ({
    output: placeOf(outputOf[unit]!, output.shape).slice(1),
    dy: outer[outputOf[unit]!]!,
    derivative: derivative / divisor,
    product: inner[unit]! * derivative,
  });
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
function unitsOver(t: Tensor, i: number): number[] {
  const from = t.inputs[0]!.shape;
  if (t.operation === "sum" || t.operation === "max") {
    const { axes } = t.attributes as Attributes<"sum">;
    const steps = stepsOf(t.shape);
    return [placeOf(i, from).reduce((sum, at, axis) => (axes.includes(axis) ? sum : sum + at * steps[axis]!), 0)];
  }
  const { geometry: g } = t.attributes as Attributes<"sumPool2d">;
  const whole = { ...g, inChannels: g.channels, outChannels: g.channels, groups: g.channels };
  return meetingsOfTransposed(whole, i).flatMap((places) => places.map(({ input }) => input!));
}

/** Returns the share of the gradient: a pooling window gives it to its winner; equal maxima over axes share it. */
function shareOf(t: Tensor, inputs: Values, unit: number, place: number): number {
  const candidates = candidatesOf(t, unit);
  const isBetter = (a: number, b: number): boolean => a > b || (Number.isNaN(a) && !Number.isNaN(b));
  const best = candidates.reduce((champion, rival) => (isBetter(inputs[rival]!, inputs[champion]!) ? rival : champion));
  if (t.operation === "maxPool2d") return best === place ? 1 : 0;
  return inputs[place] === inputs[best] ? 1 / candidates.filter((k) => inputs[k] === inputs[best]).length : 0;
}

/** Returns the units that depend on number `i` of the first input, with their weights, in the order of summation. */
function meetingsBackwards(t: Tensor, i: number): { readonly unit: number; readonly weight: number }[][] {
  if (t.operation === "matmul") {
    const { transposeA, transposeB } = t.attributes as Attributes<"matmul">;
    const [m, n] = t.shape.slice(-2) as [number, number];
    const k = t.inputs[0]!.shape.at(transposeA ? -2 : -1)!;
    const matrix = Math.floor(i / (m * k));
    const [row, l] = transposeA ? [i % m, Math.floor(i / m) % k] : [Math.floor(i / k) % m, i % k];
    return [
      Array.from({ length: n }, (_, column) => ({
        unit: (matrix * m + row) * n + column,
        weight: matrix * k * n + (transposeB ? column * k + l : l * n + column),
      })),
    ];
  }
  const { geometry: g } = t.attributes as { readonly geometry: Conv2dGeometry };
  if (t.operation === "conv2d")
    return meetingsOfTransposed(g, i).map((places) => places.map(({ input, weight }) => ({ unit: input!, weight })));
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
  const size = sizeOf(output.shape);
  const derivatives = Array.from({ length: size }, (_, unit) => {
    const seed = new Float64Array(size);
    seed[unit] = 1;
    return gradients(output, [from], { seed: tensor(seed, output.shape), unused: "zeros" })[0];
  });
  const [at, ...each] = await evaluate(dy, ...derivatives);
  return [
    each.flatMap((derivative, unit) =>
      derivative[i] === 0
        ? []
        : [
            {
              output: placeOf(unit, output.shape).slice(1),
              dy: at[unit]!,
              derivative: derivative[i]!,
              product: at[unit]! * derivative[i]!,
            },
          ],
    ),
  ];
}
