import {
  broadcastSteps,
  inputUnder,
  offsetOf,
  placeOf,
  sizeOf,
  stepsOf,
  traitsOf,
  windowsOver,
  type Conv2dGeometry,
  type Pool2dGeometry,
  type Shape,
} from "@convlens/backend";
import { asRecorded, type Recorded, type Tensor } from "@convlens/tensor";
import { throughView, transposeOf } from "../geometry/view.ts";
import { dependentsOf, type RecordedLayer, type RecordedModel } from "../recordModel.ts";

/** The main operation of a layer, without bias, divisor and reshapes. */
export interface Core {
  readonly kind: "products" | "largest" | "mean";
  /** The output of the convolution, matrix product, pooling or reduction. */
  readonly tensor: Recorded;
  /** The bias that is added. */
  readonly bias: { readonly tensor: Tensor; readonly output: Shape } | undefined;
  /** The divisor. */
  readonly divisor: number;
  /** Maps the index of a unit in the layer's output to its index in `tensor`, and in the sum with the bias. */
  readonly unitOf: (output: number) => { readonly inTensor: number; readonly inSum: number };
}

/** Finds the main operation of a layer below reshapes, a learned bias and a divisor, if it is a sum or a maximum. */
export function coreOf({ output, operations }: RecordedLayer, recorded: RecordedModel): Core | undefined {
  const own = new Set(operations);
  const depends = dependentsOf(recorded);
  const moves: ((unit: number) => number)[] = [];
  let [t, bias, divisor, movesToBias]: [Tensor, Core["bias"], number, number] = [output, undefined, 1, 0];
  const unitOf = (unit: number): ReturnType<Core["unitOf"]> => ({
    inTensor: moves.reduce((at, move) => move(at), unit),
    inSum: moves.slice(0, movesToBias).reduce((at, move) => move(at), unit),
  });
  let made = asRecorded(t);
  for (; made !== undefined && own.has(t); made = asRecorded(t)) {
    const { shape } = t;
    if (made.operation === "transpose") {
      const view = transposeOf(made);
      moves.push((unit) => throughView(unit, shape, view));
    } else if (made.operation === "add" && bias === undefined && !depends.has(made.inputs[1])) {
      [bias, movesToBias] = [{ tensor: made.inputs[1], output: shape }, moves.length];
    } else if (made.operation === "divide" && made.inputs[1].size === 1 && made.inputs[1].isKnown && divisor === 1) {
      divisor = made.inputs[1].knownValue;
    } else if (made.operation !== "reshape") break;
    [t] = made.inputs;
  }
  if (made === undefined || !own.has(t)) return undefined;
  const core = { tensor: made, bias, divisor, unitOf };
  const { weighs, folds } = traitsOf(made.operation);
  const [, weights] = made.inputs as [Tensor, Tensor?];
  if (weighs && divisor === 1 && weights !== undefined && !depends.has(weights)) return { kind: "products", ...core };
  if (bias !== undefined) return undefined;
  if (folds === "largest" && divisor === 1) return { kind: "largest", ...core };
  return folds === "sum" ? { kind: "mean", ...core } : undefined;
}

/** Returns the index of the bias that is added to unit `i` of a sum of this shape. */
export const biasNumber = (bias: Shape, output: Shape, i: number): number =>
  offsetOf(placeOf(i, output), broadcastSteps(bias, output));

/** Position in `[n, h, w, c]`. */
type Place = [number, number, number, number];

/** A pair of an input and a weight in the sum of one output; without an input over padding. */
export interface Meeting {
  readonly input: number | undefined;
  readonly weight: number;
}

/** Sizes of a matrix product `[m, k] · [k, n]`, and the index of an entry in each of its factors. */
export function productOf({ attributes, shape, size, inputs: [a] }: Recorded<"matmul">): {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly inA: (matrix: number, row: number, l: number) => number;
  readonly inB: (matrix: number, l: number, column: number) => number;
} {
  const { transposeA, transposeB } = attributes;
  const [m, n] = shape.slice(-2) as [number, number];
  const k = (a.size * n) / size;
  return {
    ...{ m, n, k },
    inA: (matrix, row, l) => matrix * m * k + (transposeA ? l * m + row : row * k + l),
    inB: (matrix, l, column) => matrix * k * n + (transposeB ? column * k + l : l * n + column),
  };
}

/** Returns the pairs of inputs and weights of unit `i`, as sums of sums in the order of summation. */
export function meetingsOf(t: Recorded, i: number): Meeting[][] {
  if (t.operation === "matmul") {
    const { m, n, k, inA, inB } = productOf(t);
    const [row, column, matrix] = [Math.floor(i / n) % m, i % n, Math.floor(i / (m * n))];
    const pair = (l: number): Meeting => ({ input: inA(matrix, row, l), weight: inB(matrix, l, column) });
    return [Array.from({ length: k }, (_, l) => pair(l))];
  }
  const { geometry: g } = t.attributes as { readonly geometry: Conv2dGeometry };
  return t.operation === "conv2d" ? [meetingsOfConvolution(g, i)] : meetingsOfTransposed(g, i);
}

/** A pooling as a convolution with one filter for each channel. */
export const depthwise = (g: Pool2dGeometry): Conv2dGeometry => ({
  ...g,
  ...{ inChannels: g.channels, outChannels: g.channels, groups: g.channels },
});

/** Returns the pairs of a convolution: every weight of the filter, with the input under it. */
export function meetingsOfConvolution(g: Conv2dGeometry, i: number): Meeting[] {
  const { height: h, width: w } = g;
  const [c, f] = [g.inChannels / g.groups, g.outChannels / g.groups];
  const [image, oy, ox, filter] = placeOf(i, [g.batch, h.output, w.output, g.outChannels]) as Place;
  const first = Math.floor(filter / f) * c;
  return Array.from({ length: h.window * w.window * c }, (_, l) => {
    const [ky, kx, channel] = placeOf(l, [h.window, w.window, c]) as [number, number, number];
    const [y, x] = [inputUnder(h, oy, ky), inputUnder(w, ox, kx)];
    const inside = y >= 0 && y < h.input && x >= 0 && x < w.input;
    return {
      input: inside ? ((image * h.input + y) * w.input + x) * g.inChannels + first + channel : undefined,
      weight: l * g.outChannels + filter,
    };
  });
}

/** The pairs of a transposed convolution: for each position that reaches the pixel, all filters. */
export function meetingsOfTransposed(g: Conv2dGeometry, i: number): (Meeting & { readonly input: number })[][] {
  const { height: h, width: w } = g;
  const [c, f] = [g.inChannels / g.groups, g.outChannels / g.groups];
  const [image, y, x, channel] = placeOf(i, [g.batch, h.input, w.input, g.inChannels]) as Place;
  const group = Math.floor(channel / c);
  return windowsOver(h, y).flatMap((row) =>
    windowsOver(w, x).map((column) => {
      const place = ((image * h.output + row.output) * w.output + column.output) * g.outChannels + group * f;
      const weight = ((row.tap * w.window + column.tap) * c + (channel % c)) * g.outChannels + group * f;
      return Array.from({ length: f }, (_, k) => ({ input: place + k, weight: weight + k }));
    }),
  );
}

/** Returns the inputs of unit `i` of a pooling or a reduction, in order. */
export function candidatesOf(t: Recorded, i: number): number[] {
  if (t.operation === "sum" || t.operation === "max") {
    const from = t.inputs[0].shape;
    const folded = from.map((size, axis) => (t.attributes.axes.includes(axis) ? size : 1));
    const steps = stepsOf(from);
    const view = { start: offsetOf(placeOf(i, t.shape), steps), steps };
    return Array.from({ length: sizeOf(folded) }, (_, l) => throughView(l, folded, view));
  }
  const { geometry } = t.attributes as { readonly geometry: Pool2dGeometry };
  return meetingsOfConvolution(depthwise(geometry), i).flatMap(({ input }) => input ?? []);
}
