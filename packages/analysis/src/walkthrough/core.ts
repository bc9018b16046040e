import {
  broadcastSteps,
  inputUnder,
  offsetOf,
  placeOf,
  stepsOf,
  traitsOf,
  windowsOver,
  type Conv2dGeometry,
  type Attributes,
  type Shape,
} from "@convlens/backend";
import type { Tensor } from "@convlens/tensor";
import { dependentsOf, type RecordedLayer, type RecordedModel } from "../recordModel.ts";

/** The main operation of a layer, without bias, divisor and reshapes. */
export interface Core {
  readonly kind: "products" | "largest" | "mean";
  /** The output of the convolution, matrix product, pooling or reduction. */
  readonly tensor: Tensor;
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
  while (own.has(t)) {
    const [a, b] = t.inputs as [Tensor, Tensor];
    if (t.operation === "reshape") t = a;
    else if (t.operation === "transpose") {
      const { order } = t.attributes as Attributes<"transpose">;
      const [shape, steps] = [t.shape, stepsOf(a.shape)];
      const moved = order.map((axis) => steps[axis]!);
      moves.push((unit) => offsetOf(placeOf(unit, shape), moved));
      t = a;
    } else if (t.operation === "add" && bias === undefined && !depends.has(b)) {
      [bias, movesToBias] = [{ tensor: b, output: t.shape }, moves.length];
      t = a;
    } else if (t.operation === "divide" && b.size === 1 && b.isKnown && divisor === 1) {
      divisor = b.knownValues[0]!;
      t = a;
    } else break;
  }
  if (!own.has(t) || t.operation === undefined) return undefined;
  const core = { tensor: t, bias, divisor, unitOf };
  const { weighs, folds } = traitsOf(t.operation);
  if (weighs && divisor === 1 && !depends.has(t.inputs[1]!)) return { kind: "products", ...core };
  if (bias !== undefined) return undefined;
  if (folds === "largest" && divisor === 1) return { kind: "largest", ...core };
  return folds === "sum" ? { kind: "mean", ...core } : undefined;
}

/** Returns the index of the bias that is added to unit `i` of a sum of this shape. */
export function biasNumber(bias: Shape, output: Shape, i: number): number {
  const steps = broadcastSteps(bias, output);
  return offsetOf(placeOf(i, output), steps);
}

/** A pair of an input and a weight in the sum of one output; without an input over padding. */
export interface Meeting {
  readonly input: number | undefined;
  readonly weight: number;
}

/** Returns the pairs of inputs and weights of unit `i`, as sums of sums in the order of summation. */
export function meetingsOf(t: Tensor, i: number): Meeting[][] {
  if (t.operation === "matmul") {
    const { transposeA, transposeB } = t.attributes as Attributes<"matmul">;
    const [m, n] = t.shape.slice(-2) as [number, number];
    const k = t.inputs[0]!.shape.at(transposeA ? -2 : -1)!;
    const [row, column, matrix] = [Math.floor(i / n) % m, i % n, Math.floor(i / (m * n))];
    return [
      Array.from({ length: k }, (_, l) => ({
        input: matrix * m * k + (transposeA ? l * m + row : row * k + l),
        weight: matrix * k * n + (transposeB ? column * k + l : l * n + column),
      })),
    ];
  }
  const { geometry: g } = t.attributes as { readonly geometry: Conv2dGeometry };
  return t.operation === "conv2d" ? [meetingsOfConvolution(g, i)] : meetingsOfTransposed(g, i);
}

/** Returns the pairs of a convolution: every weight of the filter, with the input under it. */
export function meetingsOfConvolution(g: Conv2dGeometry, i: number): Meeting[] {
  const { height: h, width: w } = g;
  const [c, f] = [g.inChannels / g.groups, g.outChannels / g.groups];
  const [image, oy, ox, filter] = placeOf(i, [g.batch, h.output, w.output, g.outChannels]) as [
    number,
    number,
    number,
    number,
  ];
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
export function meetingsOfTransposed(g: Conv2dGeometry, i: number): Meeting[][] {
  const { height: h, width: w } = g;
  const [c, f] = [g.inChannels / g.groups, g.outChannels / g.groups];
  const [image, y, x, channel] = placeOf(i, [g.batch, h.input, w.input, g.inChannels]) as [
    number,
    number,
    number,
    number,
  ];
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
export function candidatesOf(t: Tensor, i: number): number[] {
  const from = t.inputs[0]!.shape;
  if (t.operation === "sum" || t.operation === "max") {
    const { axes } = t.attributes as Attributes<"sum">;
    const at = placeOf(i, t.shape);
    const folded = from.map((size, axis) => (axes.includes(axis) ? size : 1));
    const steps = stepsOf(from);
    const first = offsetOf(at, steps);
    return Array.from(
      { length: folded.reduce((a, b) => a * b, 1) },
      (_, l) => first + offsetOf(placeOf(l, folded), steps),
    );
  }
  const { geometry: g } = t.attributes as Attributes<"sumPool2d">;
  const whole = { ...g, inChannels: g.channels, outChannels: g.channels, groups: g.channels };
  return meetingsOfConvolution(whole, i).flatMap(({ input }) => input ?? []);
}
