import {
  conv2dGeometry,
  pool2dGeometry,
  sameShape,
  showShape,
  sizeOf,
  traitsOf,
  ValueError,
  type Shape,
  type Sliding,
  type WindowOptions,
} from "@convlens/backend";
import {
  asRecorded,
  averagePool2d,
  conv2d,
  maxPool2d,
  multiply,
  recordAgain,
  reshape,
  transpose,
  type Recorded,
  type Tensor,
} from "@convlens/tensor";
import { regrouped } from "../geometry/field.ts";
import { planesOf } from "../planes.ts";
import type { RecordedModel } from "../recordModel.ts";

// Records a model, recorded for one input size, again for a larger one: convolutions and pooling continue, and fully connected
// layers become convolutions over the windows that they saw.

/** A factor of an axis, in the small recording and in the large one. */
interface Part {
  readonly small: number;
  readonly large: number;
}

/** The counterpart of a tensor of the small recording. */
type Slid =
  /** Larger maps. */
  | { readonly kind: "maps"; readonly tensor: Tensor; readonly axes: readonly (readonly Part[])[] }
  /** Maps `[n, H, W, c]` for flattened maps `[n, height · width · c]`. */
  | { readonly kind: "flat"; readonly tensor: Tensor; readonly window: Window }
  /** An output for each position: `[n, H, W, units]` for `[n, units]`. */
  | { readonly kind: "answers"; readonly tensor: Tensor };

type Window = readonly [height: number, width: number];

/** A factor of the same size in both. */
const single = (size: number): Part => ({ small: size, large: size });
const sizeIn = (recording: keyof Part, parts: readonly Part[]): number =>
  parts.reduce((size, part) => size * part[recording], 1);

/** Makes maps the counterpart of `t`; an axis that is unchanged from one of `from` keeps its factors. */
function maps(t: Tensor, tensor: Tensor, from: readonly (Slid | undefined)[] = []): Slid {
  const known = from.flatMap((x) => (x?.kind === "maps" && x.axes.length === t.rank ? [x.axes] : []));
  const axes = tensor.shape.map((large, axis) => {
    const small = t.shape[axis] ?? 1;
    const same = known
      .flatMap((own) => own.slice(axis, axis + 1))
      .find((parts) => sizeIn("small", parts) === small && sizeIn("large", parts) === large);
    return same ?? (small === 1 && large === 1 ? [] : [{ small, large }]);
  });
  return { kind: "maps", tensor, axes };
}

const windowOf = (h: Sliding, w: Sliding): WindowOptions => ({
  stride: [h.stride, w.stride],
  dilation: [h.dilation, w.dilation],
  padding: [
    [h.before, h.after],
    [w.before, w.after],
  ],
  geometry: "floor",
});

/** Returns the factors of each axis after a reshape; `undefined` if it would split a factor that has grown. */
function reshapedAxes(axes: readonly (readonly Part[])[], shape: Shape): Part[][] | undefined {
  const found = regrouped(
    axes.flat(),
    shape,
    ({ small }) => small,
    ({ small, large }, outer) => (small === large ? [single(outer), single(small / outer)] : undefined),
  );
  const isWhole = found !== undefined && sizeIn("large", found.flat()) === sizeIn("large", axes.flat());
  return isWhole ? found : undefined;
}

/** Larger maps as images, with the size of the small ones; those of a signal have one row. */
function imagesOf({ tensor }: Slid, small: Shape): { readonly tensor: Tensor; readonly window: Window } {
  const { height, width } = planesOf(small, "toConvolutional");
  return {
    tensor: small.length === 3 ? reshape(tensor, tensor.shape.toSpliced(1, 0, 1)) : tensor,
    window: [height, width],
  };
}

function slidReshape({ shape, inputs: [from] }: Recorded<"reshape">, x: Slid): Slid | undefined {
  // The mean of whole maps has no positions left.
  if (x.kind === "flat" && from.size === sizeOf([shape[0] ?? 1, shape.at(-1) ?? 1]))
    return { kind: "answers", tensor: x.tensor };
  if (x.kind !== "maps") return undefined;
  if (shape.length === 2 && shape[0] === from.shape[0] && (from.rank === 3 || from.rank === 4))
    return { kind: "flat", ...imagesOf(x, from.shape) };
  const axes = reshapedAxes(x.axes, shape);
  if (axes === undefined) return undefined;
  const large = axes.map((parts) => sizeIn("large", parts));
  return { kind: "maps", tensor: reshape(x.tensor, large), axes };
}

function slidMatmul(t: Recorded<"matmul">, x: Slid): Slid | undefined {
  const { transposeA, transposeB } = t.attributes;
  const [, b] = t.inputs;
  if (b.rank !== 2 || transposeA) return undefined;
  if (x.kind === "maps") return maps(t, recordAgain(t, [x.tensor, b]), [x]);
  const weights = transposeB ? transpose(b) : b;
  const window = x.kind === "flat" ? x.window : ([1, 1] as const);
  const [, , , channels] = x.tensor.shape as readonly [number, number, number, number];
  return { kind: "answers", tensor: conv2d(x.tensor, reshape(weights, [...window, channels, -1])) };
}

/** Converts a reduction over all positions to one over windows of their number. */
function slidFold(t: Recorded<"sum" | "max">, x: Slid): Slid | undefined {
  const { axes } = t.attributes;
  if (x.kind === "flat") return undefined;
  if (x.kind === "answers")
    return sameShape(axes, [1]) ? { kind: "answers", tensor: recordAgain(t, [x.tensor], { axes: [3] }) } : undefined;
  const { shape: from, rank } = t.inputs[0];
  if (axes.every((axis) => x.tensor.shape[axis] === from[axis])) return maps(t, recordAgain(t, [x.tensor]), [x]);
  if (!sameShape(axes, rank === 3 ? [1] : rank === 4 ? [1, 2] : [])) return undefined;
  const { tensor, window } = imagesOf(x, from);
  const options = { kernelSize: window, stride: 1 };
  const made =
    t.operation === "max" ? maxPool2d(tensor, options) : multiply(averagePool2d(tensor, options), sizeOf(window));
  return { kind: "flat", tensor: made, window: [1, 1] };
}

/** Records one tensor of the small recording for the large input; `undefined` if that is impossible. */
function slidOperation(t: Recorded, all: readonly (Slid | undefined)[]): Slid | undefined {
  const inputs: readonly Tensor[] = t.inputs;
  const known = all.filter((each) => each !== undefined);
  const others = inputs.filter((_, i) => all[i] === undefined);
  const isUniform = known.every(({ kind }) => kind === known[0]?.kind);
  const tensors = inputs.map((input, i) => all[i]?.tensor ?? input);
  if (traitsOf(t.operation).elementwise) {
    const [x] = known;
    const fits = ({ size, shape }: Tensor): boolean =>
      size === 1 || x?.kind === "maps" || (x?.kind === "answers" && size === shape.at(-1));
    if (x === undefined || !isUniform || !others.every(fits)) return undefined;
    const tensor = recordAgain(t, tensors);
    return x.kind === "maps" ? maps(t, tensor, all) : { ...x, tensor };
  }
  const [x] = all;
  if (x === undefined || (others.length < inputs.length - 1 && t.operation !== "concat")) return undefined;
  switch (t.operation) {
    case "conv2d":
    case "maxPool2d":
    case "sumPool2d":
    case "lpPool2d": {
      if (x.kind !== "maps") return undefined;
      const { height, width } = t.attributes.geometry;
      const options = windowOf(height, width);
      const geometry =
        t.operation === "conv2d"
          ? conv2dGeometry(x.tensor.shape, t.inputs[1].shape, { ...options, groups: t.attributes.geometry.groups })
          : pool2dGeometry(x.tensor.shape, { ...options, kernelSize: [height.window, width.window] });
      return maps(t, recordAgain(t, tensors, { ...t.attributes, geometry }), all);
    }
    case "matmul":
      return slidMatmul(t, x);
    case "sum":
    case "max":
      return slidFold(t, x);
    case "reshape":
      return slidReshape(t, x);
    case "softmax":
    case "logSoftmax":
      if (x.kind === "flat") return undefined;
      return x.kind === "maps"
        ? maps(t, recordAgain(t, tensors))
        : { kind: "answers", tensor: recordAgain(t, tensors) };
    case "transpose":
      if (x.kind !== "maps") return undefined;
      return {
        kind: "maps",
        tensor: recordAgain(t, tensors),
        axes: t.attributes.order.flatMap((axis) => x.axes.slice(axis, axis + 1)),
      };
    case "concat": {
      const { axis } = t.attributes;
      if (!isUniform || x.kind === "flat" || others.length > 0) return undefined;
      if (x.kind === "answers")
        return { kind: "answers", tensor: recordAgain(t, tensors, { axis: axis === 1 ? 3 : axis }) };
      return maps(t, recordAgain(t, tensors), all);
    }
    case "place": {
      const { begin, step, shape } = t.attributes;
      if (x.kind !== "maps" || step.some((each) => each !== 1)) return undefined;
      const { shape: small } = t.inputs[0];
      const grown = x.tensor.shape.map((size, axis) => size + (shape[axis]! - small[axis]!));
      return maps(t, recordAgain(t, tensors, { begin, step, shape: grown }), all);
    }
    default:
      return undefined;
  }
}

/**
 * Records a model again for a larger input `[n, H, W, c]`, with fully connected layers as convolutions.
 *
 * @returns `[n, rows, columns, units]`, or `[n, positions, units]` for a signal.
 */
export function slide({ input, output, tensors, layers }: RecordedModel, large: Tensor): Tensor {
  const slid = new Map<Tensor, Slid>([[input, maps(input, large)]]);
  for (const t of tensors) {
    const made = asRecorded(t);
    const inputs = t.inputs.map((x) => slid.get(x));
    if (made === undefined || slid.has(t) || inputs.every((x) => x === undefined)) continue;
    const next = slidOperation(made, inputs);
    if (next === undefined) {
      const layer = layers.find(({ operations }) => operations.includes(t));
      throw new ValueError({
        operation: "toConvolutional",
        path: layer?.name,
        problem: `${t.operation} of ${showShape(made.inputs[0].shape)} in ${layer?.name || "the model"} (${layer?.type}) depends on the size of the whole input, and cannot slide over a larger one`,
      });
    }
    slid.set(t, next);
  }
  const top = slid.get(output);
  const tensor = top?.tensor ?? output;
  return top?.kind !== "maps" && input.rank === 3 ? reshape(tensor, tensor.shape.toSpliced(1, 1)) : tensor;
}
