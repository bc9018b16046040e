import {
  conv2dGeometry,
  pool2dGeometry,
  sameShape,
  showShape,
  traitsOf,
  ValueError,
  type Attributes,
  type Conv2dGeometry,
  type Shape,
  type Sliding,
  type WindowOptions,
} from "@convlens/backend";
import {
  averagePool2d,
  conv2d,
  maxPool2d,
  multiply,
  recordAgain,
  reshape,
  transpose,
  type Tensor,
} from "@convlens/tensor";
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
  | { readonly kind: "flat"; readonly tensor: Tensor; readonly window: readonly [height: number, width: number] }
  /** An output for each position: `[n, H, W, units]` for `[n, units]`. */
  | { readonly kind: "answers"; readonly tensor: Tensor };

const single = (small: number, large: number): readonly Part[] =>
  small === 1 && large === 1 ? [] : [{ small, large }];
const sizeIn = (recording: keyof Part, parts: readonly Part[]): number =>
  parts.reduce((size, part) => size * part[recording], 1);

/** Makes maps the counterpart of `t`; an axis that is unchanged from one of `from` keeps its factors. */
function maps(t: Tensor, tensor: Tensor, from: readonly (Slid | undefined)[] = []): Slid {
  const axes = t.shape.map((small, axis) => {
    const large = tensor.shape[axis]!;
    const known = from.flatMap((x) => (x?.kind === "maps" && x.axes.length === t.rank ? [x.axes[axis]!] : []));
    const same = known.find((parts) => sizeIn("small", parts) === small && sizeIn("large", parts) === large);
    return same ?? single(small, large);
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
function regrouped(axes: readonly (readonly Part[])[], shape: Shape): readonly (readonly Part[])[] | undefined {
  const pool = axes.flat();
  const found = shape.map((size) => {
    const own: Part[] = [];
    let rest = size;
    while (rest > 1) {
      const next = pool.shift();
      if (next === undefined) return undefined;
      if (rest % next.small === 0) {
        own.push(next);
        rest /= next.small;
      } else if (next.small === next.large && next.small % rest === 0) {
        own.push({ small: rest, large: rest });
        pool.unshift({ small: next.small / rest, large: next.small / rest });
        rest = 1;
      } else return undefined;
    }
    return own;
  });
  return pool.length > 0 || found.includes(undefined) ? undefined : (found as Part[][]);
}

function slidReshape(t: Tensor, x: Slid): Slid | undefined {
  if (x.kind !== "maps") return undefined;
  const from = t.inputs[0]!.shape;
  const isFlat = t.rank === 2 && from.length > 2 && t.shape[0] === from[0];
  if (isFlat && (from.length === 3 || from.length === 4)) {
    const [n, ...rest] = x.tensor.shape;
    const image = from.length === 3 ? reshape(x.tensor, [n!, 1, ...rest]) : x.tensor;
    return { kind: "flat", tensor: image, window: from.length === 3 ? [1, from[1]!] : [from[1]!, from[2]!] };
  }
  const axes = regrouped(x.axes, t.shape);
  return (
    axes && {
      kind: "maps",
      tensor: reshape(
        x.tensor,
        axes.map((parts) => sizeIn("large", parts)),
      ),
      axes,
    }
  );
}

function slidMatmul(t: Tensor, x: Slid, b: Tensor): Slid | undefined {
  const { transposeA, transposeB } = t.attributes as Attributes<"matmul">;
  if (b.rank !== 2 || transposeA) return undefined;
  if (x.kind === "maps") return maps(t, recordAgain(t, [x.tensor, b]), [x]);
  const weights = transposeB ? transpose(b) : b;
  const [h, w] = x.kind === "flat" ? x.window : [1, 1];
  return { kind: "answers", tensor: conv2d(x.tensor, reshape(weights, [h, w, x.tensor.shape[3]!, weights.shape[1]!])) };
}

/** Converts a reduction over all positions to one over windows of their number. */
function slidFold(t: Tensor, x: Slid): Slid | undefined {
  const { axes } = t.attributes as Attributes<"sum">;
  if (x.kind === "flat") return undefined;
  if (x.kind === "answers")
    return sameShape(axes, [1]) ? { kind: "answers", tensor: recordAgain(t, [x.tensor], { axes: [3] }) } : undefined;
  const from = t.inputs[0]!.shape;
  if (axes.every((axis) => x.tensor.shape[axis] === from[axis])) return maps(t, recordAgain(t, [x.tensor]), [x]);
  const isSignal = from.length === 3 && sameShape(axes, [1]);
  if (!isSignal && !(from.length === 4 && sameShape(axes, [1, 2]))) return undefined;
  const size: readonly [number, number] = isSignal ? [1, from[1]!] : [from[1]!, from[2]!];
  const [n, ...rest] = x.tensor.shape;
  const image = isSignal ? reshape(x.tensor, [n!, 1, ...rest]) : x.tensor;
  const window = { kernelSize: size, stride: 1 };
  const tensor =
    t.operation === "max" ? maxPool2d(image, window) : multiply(averagePool2d(image, window), size[0] * size[1]);
  return { kind: "flat", tensor, window: [1, 1] };
}

/** Records one tensor of the small recording for the large input; `undefined` if that is impossible. */
function slidOperation(t: Tensor, all: readonly (Slid | undefined)[]): Slid | undefined {
  const [x] = all;
  const others = t.inputs.filter((_, i) => all[i] === undefined);
  const kinds = new Set(all.flatMap((each) => each?.kind ?? []));
  const tensors = t.inputs.map((input, i) => all[i]?.tensor ?? input);
  if (traitsOf(t.operation).elementwise) {
    const [kind] = kinds;
    const fits =
      kind === "maps" ||
      others.every((other) => other.size === 1 || (kind === "answers" && other.size === other.shape.at(-1)));
    if (kinds.size !== 1 || !fits) return undefined;
    const tensor = recordAgain(t, tensors);
    if (kind === "maps") return maps(t, tensor, all);
    return { ...all.find((each) => each !== undefined)!, tensor };
  }
  if (x === undefined || (others.length < t.inputs.length - 1 && t.operation !== "concat")) return undefined;
  switch (t.operation) {
    case "conv2d":
    case "maxPool2d":
    case "sumPool2d":
    case "lpPool2d": {
      if (x.kind !== "maps") return undefined;
      const { geometry: g } = t.attributes as { readonly geometry: Conv2dGeometry };
      const options = windowOf(g.height, g.width);
      const geometry =
        t.operation === "conv2d"
          ? conv2dGeometry(x.tensor.shape, t.inputs[1]!.shape, { ...options, groups: g.groups })
          : pool2dGeometry(x.tensor.shape, { ...options, kernelSize: [g.height.window, g.width.window] });
      return maps(t, recordAgain(t, tensors, { ...t.attributes, geometry }), all);
    }
    case "matmul":
      return slidMatmul(t, x, t.inputs[1]!);
    case "sum":
    case "max":
      return slidFold(t, x);
    case "reshape":
      // The mean of whole maps has no positions left.
      if (x.kind === "flat" && t.inputs[0]!.size === t.shape[0]! * t.shape.at(-1)!)
        return { kind: "answers", tensor: x.tensor };
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
        axes: (t.attributes as Attributes<"transpose">).order.map((axis) => x.axes[axis]!),
      };
    case "concat": {
      const { axis } = t.attributes as Attributes<"concat">;
      if (kinds.size !== 1 || x.kind === "flat" || others.length > 0) return undefined;
      if (x.kind === "answers")
        return { kind: "answers", tensor: recordAgain(t, tensors, { axis: axis === 1 ? 3 : axis }) };
      return maps(t, recordAgain(t, tensors), all);
    }
    case "place": {
      const { begin, step, shape } = t.attributes as Attributes<"place">;
      if (x.kind !== "maps" || step.some((each) => each !== 1)) return undefined;
      const grown = shape.map((size, axis) => size + x.tensor.shape[axis]! - t.inputs[0]!.shape[axis]!);
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
    if (slid.has(t) || !t.inputs.some((x) => slid.has(x))) continue;
    const next = slidOperation(
      t,
      t.inputs.map((x) => slid.get(x)),
    );
    if (next === undefined) {
      const layer = layers.find(({ operations }) => operations.includes(t));
      throw new ValueError({
        operation: "toConvolutional",
        path: layer?.name,
        problem: `${t.operation} of ${showShape(t.inputs[0]!.shape)} in ${layer?.name || "the model"} (${layer?.type}) depends on the size of the whole input, and cannot slide over a larger one`,
      });
    }
    slid.set(t, next);
  }
  const top = slid.get(output);
  const tensor = top?.tensor ?? output;
  return top?.kind !== "maps" && input.rank === 3 ? reshape(tensor, tensor.shape.toSpliced(1, 1)) : tensor;
}
