import {
  broadcastSteps,
  eachWindow,
  placeOf,
  resampling,
  sizeOf,
  traitsOf,
  type Conv2dGeometry,
  type Shape,
  type Sliding,
} from "@convlens/backend";
import { asRecorded, type Recorded, type Tensor } from "@convlens/tensor";
import { sectionOf, transposeOf, type View } from "./view.ts";

/** A subset of the numbers of a tensor: 1 for members. */
export type Mask = Uint8Array;

const ones = (shape: Shape): Mask => new Uint8Array(sizeOf(shape)).fill(1);

/** Marks one number of a tensor. */
export const maskOf = ({ size }: Tensor, i: number): Mask => new Uint8Array(size).fill(1, i, i + 1);

/** Returns the indices of the marked numbers. */
export const markedIn = (mask: Mask): number[] => [...mask.keys()].filter((i) => mask[i]);

/** Returns the index of every element of a view in the tensor that it lies in. */
function places(output: Shape, { start, steps }: View): Int32Array {
  const found = new Int32Array(sizeOf(output));
  const at = output.map(() => 0);
  let place = start;
  for (let i = 0; i < found.length; i++) {
    found[i] = place;
    for (let axis = output.length - 1; axis >= 0; axis--) {
      place += steps[axis]!;
      if (++at[axis]! < output[axis]!) break;
      place -= steps[axis]! * output[axis]!;
      at[axis] = 0;
    }
  }
  return found;
}

/** Returns the numbers that the marked results read, if result `i` reads number `from[i]`. */
function read(mask: Mask, from: Int32Array, size: number): Mask {
  const seen = new Uint8Array(size);
  for (let i = 0; i < mask.length; i++) if (mask[i]) seen[from[i]!] = 1;
  return seen;
}

/** How a broadcast result lies in its input. */
const broadcast = (input: Shape, output: Shape): View => ({ start: 0, steps: broadcastSteps(input, output) });

const stretched = (mask: Mask, input: Shape, output: Shape): Mask =>
  read(mask, places(output, broadcast(input, output)), sizeOf(input));

/** Returns the inputs of a reduction or normalization over axes: one marked result marks all positions along them. */
function folded(mask: Mask, shape: Shape, axes: readonly number[], result: Shape): Mask {
  const small = shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const any = sizeOf(small) === mask.length ? mask : stretched(mask, small, result);
  return Uint8Array.from(places(shape, broadcast(small, shape)), (from) => any[from]!);
}

/** Marks groups of which any channel is marked: `[pixels, channels] → [pixels, groups]`. */
function anyOfGroup(mask: Mask, channels: number, groups: number): Mask {
  const each = channels / groups;
  const any = new Uint8Array((mask.length / channels) * groups);
  for (let i = 0; i < mask.length; i++)
    if (mask[i]) any[Math.floor(i / channels) * groups + Math.floor((i % channels) / each)] = 1;
  return any;
}

/** Marks all channels of marked groups: `[pixels, groups] → [pixels, channels]`. */
function allOfGroup(any: Mask, channels: number, groups: number): Mask {
  const each = channels / groups;
  return Uint8Array.from(
    { length: (any.length / groups) * channels },
    (_, i) => any[Math.floor(i / channels) * groups + Math.floor((i % channels) / each)]!,
  );
}

/** Maps outputs of a convolution or pooling to its inputs; with `back`, inputs to outputs. */
function slid(
  mask: Mask,
  g: { readonly batch: number; readonly height: Sliding; readonly width: Sliding },
  groups: number,
  back = false,
): Mask {
  const [inputs, outputs] = [g.height.input * g.width.input, g.height.output * g.width.output];
  const [from, to] = back ? [inputs, outputs] : [outputs, inputs];
  const seen = new Uint8Array(g.batch * to * groups);
  eachWindow(g, (output, taps) => {
    for (const { input } of taps) {
      const [source, target] = back ? [input, output] : [output, input];
      for (let n = 0; n < g.batch; n++)
        for (let k = 0; k < groups; k++)
          if (mask[(n * from + source) * groups + k]) seen[(n * to + target) * groups + k] = 1;
    }
  });
  return seen;
}

/** Returns the filter weights that the marked outputs read. */
function tapsOf(g: Conv2dGeometry, dy: Mask): Mask {
  const f = g.outChannels;
  const depth = g.inChannels / g.groups;
  const [h, w] = [g.height.output * g.width.output, g.height.window * g.width.window];
  const seen = new Uint8Array(w * depth * f);
  eachWindow(g, (output, taps) => {
    for (let n = 0; n < g.batch; n++)
      for (let filter = 0; filter < f; filter++)
        if (dy[(n * h + output) * f + filter])
          for (const { tap } of taps) for (let c = 0; c < depth; c++) seen[(tap * depth + c) * f + filter] = 1;
  });
  return seen;
}

/** Returns the elements of input `which` that an operation may read for the marked results: all, for an unknown one. */
function sourcesOf(t: Tensor, which: number, mask: Mask): Mask {
  const own = t.inputs[which]!.shape;
  if (traitsOf(t.operation).elementwise) return stretched(mask, own, t.shape);
  const made = asRecorded(t);
  return (made && readBy(made, which, own, mask)) ?? ones(own);
}

/** The elements of an input of shape `own` that an operation reads, if that is known. */
function readBy(t: Recorded, which: number, own: Shape, mask: Mask): Mask | undefined {
  switch (t.operation) {
    case "conv2d": {
      const { geometry: g } = t.attributes;
      if (which === 1) return tapsOf(g, mask);
      return allOfGroup(slid(anyOfGroup(mask, g.outChannels, g.groups), g, g.groups), g.inChannels, g.groups);
    }
    case "conv2dInputGradient": {
      const { geometry: g } = t.attributes;
      if (which === 1) return undefined;
      return allOfGroup(slid(anyOfGroup(mask, g.inChannels, g.groups), g, g.groups, true), g.outChannels, g.groups);
    }
    case "maxPool2d":
    case "sumPool2d":
    case "lpPool2d":
    case "maxPool2dSelect": {
      const { geometry: g } = t.attributes;
      return slid(mask, g, g.channels);
    }
    case "sumPool2dGradient": {
      const { geometry: g } = t.attributes;
      return slid(mask, g, g.channels, true);
    }
    case "maxPool2dGradient": {
      const { geometry: g } = t.attributes;
      const outputs = slid(mask, g, g.channels, true);
      return which === 0 ? outputs : slid(outputs, g, g.channels);
    }
    case "matmul":
      return readByProduct(t, which, mask);
    case "sum":
    case "max":
    case "normalize":
    case "normalizeGradient":
      return folded(mask, own, t.attributes.axes, t.shape);
    case "argmax":
      return folded(mask, own, [t.attributes.axis], t.shape);
    case "softmax":
    case "logSoftmax":
    case "softmaxCrossEntropy":
      return folded(mask, own, [t.rank - 1], t.shape);
    case "reshape":
      return mask;
    case "broadcast":
      return stretched(mask, own, t.shape);
    case "transpose":
      return read(mask, places(t.shape, transposeOf(t)), mask.length);
    case "slice":
      return read(mask, places(t.shape, sectionOf(own, t.attributes)), sizeOf(own));
    case "place":
      return Uint8Array.from(places(own, sectionOf(t.shape, t.attributes)), (at) => mask[at]!);
    case "concat": {
      const { axis } = t.attributes;
      const before = t.inputs.slice(0, which).reduce((sum, { shape }) => sum + shape[axis]!, 0);
      const begin = own.map((_, i) => (i === axis ? before : 0));
      const view = sectionOf(t.shape, { begin, step: own.map(() => 1) });
      return Uint8Array.from(places(own, view), (at) => mask[at]!);
    }
    case "resize":
      return readByResize(t, mask);
    case "randomUniform":
      return new Uint8Array(sizeOf(own));
    default:
      return undefined;
  }
}

/** Marks what the marked numbers of `t` read of those inputs that `includes` accepts. */
export function markInputs(t: Tensor, masks: Map<Tensor, Mask>, includes: (x: Tensor) => boolean): void {
  const mask = masks.get(t);
  if (mask === undefined) return;
  for (const [which, x] of t.inputs.entries()) {
    if (!includes(x)) continue;
    const marked = sourcesOf(t, which, mask);
    masks.set(x, masks.get(x)?.map((before, i) => before | marked[i]!) ?? marked);
  }
}

function readByProduct(t: Recorded<"matmul">, which: number, mask: Mask): Mask {
  const { transposeA, transposeB } = t.attributes;
  const [m, n] = t.shape.slice(-2) as [number, number];
  const matrices = sizeOf(t.shape.slice(0, -2));
  const k = t.inputs[0].shape.at(transposeA ? -2 : -1) ?? 1;
  const rows = new Uint8Array(matrices * m);
  const columns = new Uint8Array(matrices * n);
  mask.forEach((marked, i) => {
    if (!marked) return;
    rows[Math.floor(i / n)] = 1;
    columns[Math.floor(i / (m * n)) * n + (i % n)] = 1;
  });
  // A row of k numbers for each row of the result, or a column of a transposed matrix.
  const spread = (any: Mask, length: number, together: boolean): Mask =>
    Uint8Array.from({ length: any.length * k }, (_, i) =>
      together ? any[Math.floor(i / k)]! : any[Math.floor(i / (k * length)) * length + (i % length)]!,
    );
  return which === 0 ? spread(rows, m, !transposeA) : spread(columns, n, transposeB);
}

function readByResize(t: Recorded<"resize">, mask: Mask): Mask {
  const { height, width, ...method } = t.attributes;
  const [, h, w, c] = t.inputs[0].shape as [number, number, number, number];
  const seen = new Uint8Array(t.inputs[0].size);
  const sourcesAlong = (from: number, to: number): number[][] =>
    resampling({ from, to, ...method }).map((sources) =>
      sources.flatMap(({ place, weight }) => (weight === 0 ? [] : [place])),
    );
  const [rows, columns] = [sourcesAlong(h, height), sourcesAlong(w, width)];
  for (const i of markedIn(mask)) {
    const [image, row, column, channel] = placeOf(i, t.shape) as [number, number, number, number];
    for (const y of rows[row]!) for (const x of columns[column]!) seen[((image * h + y) * w + x) * c + channel] = 1;
  }
  return seen;
}
