import { add, gather, multiply, resize, type Tensor } from "@convlens/tensor";
import { upTo } from "../axes.ts";
import { refuse, type NodeCall, type Operator } from "../node.ts";
import { batchOf, Constant, layoutOf, Live, onlyOn, tensorIn, type Layout, type Value } from "../value.ts";

/** How positions of the result are mapped to positions of the input. */
interface Mapping {
  readonly mode: string;
  readonly coordinates: string;
  readonly nearest: string;
  readonly cubic: number;
  readonly excludeOutside: boolean;
  readonly antialias: boolean;
  readonly extrapolation: number;
}

/** One axis that is resized. */
interface ResizedAxis {
  readonly axis: number;
  readonly input: number;
  readonly output: number;
  /** Output over input, which need not be the quotient of the sizes. */
  readonly scale: number;
  /** Part of the input as shares of it, for `tf_crop_and_resize`. */
  readonly part: readonly [start: number, end: number];
}

/** Numbers of the input that a number of the result is made of, and their weights. */
interface Taps {
  readonly from: readonly number[];
  readonly weights: readonly number[];
}

/** Position in the input of number `i` of the result. */
function positionOf({ coordinates }: Mapping, { input, output, scale, part }: ResizedAxis, i: number): number {
  switch (coordinates) {
    case "half_pixel":
      return (i + 0.5) / scale - 0.5;
    case "asymmetric":
      return i / scale;
    case "align_corners": {
      // The file's scale counts, and not the size that was rounded down.
      const last = input * scale - 1;
      return last === 0 ? 0 : (i * (input - 1)) / last;
    }
    case "pytorch_half_pixel":
      return output > 1 ? (i + 0.5) / scale - 0.5 : 0;
    case "tf_half_pixel_for_nn":
      return (i + 0.5) / scale;
    case "half_pixel_symmetric": {
      const adjustment = output / (scale * input);
      return (input / 2) * (1 - adjustment) + (i + 0.5) / scale - 0.5;
    }
    case "tf_crop_and_resize": {
      const [start, end] = part;
      return output > 1
        ? start * (input - 1) + (i * (end - start) * (input - 1)) / (output - 1)
        : 0.5 * (start + end) * (input - 1);
    }
    default:
      return refuse(`the coordinates "${coordinates}" are not supported`);
  }
}

function nearestTo(x: number, kind: string): number {
  const below = Math.floor(x);
  const rest = x - below;
  switch (kind) {
    case "floor":
      return below;
    case "ceil":
      return Math.ceil(x);
    case "round_prefer_floor":
      return rest <= 0.5 ? below : below + 1;
    case "round_prefer_ceil":
      return rest < 0.5 ? below : below + 1;
    default:
      return refuse(`the rounding "${kind}" is not supported`);
  }
}

/** Weight of a number at a distance: a triangle, or the cubic convolution of Keys. */
function kernelWeight({ mode, cubic }: Mapping, distance: number): number {
  const d = Math.abs(distance);
  if (mode === "linear") return Math.max(0, 1 - d);
  if (d <= 1) return ((cubic + 2) * d - (cubic + 3)) * d * d + 1;
  return d < 2 ? ((cubic * d - 5 * cubic) * d + 8 * cubic) * d - 4 * cubic : 0;
}

/** The numbers that number `i` of the result is made of. */
function tapsOf(mapping: Mapping, axis: ResizedAxis, i: number): Taps {
  const position = positionOf(mapping, axis, i);
  const clamp = (at: number): number => Math.min(axis.input - 1, Math.max(0, at));
  if (mapping.mode === "nearest") return { from: [clamp(nearestTo(position, mapping.nearest))], weights: [1] };
  // Made smaller, an image is smoothed by a kernel that is wider by the scale.
  const stretch = mapping.antialias ? Math.min(1, axis.scale) : 1;
  const reach = (mapping.mode === "linear" ? 1 : 2) / stretch;
  const first = Math.floor(position - reach) + 1;
  const places = upTo(Math.ceil(position + reach) - first).map((k) => first + k);
  const weights = places.map((at) => {
    const isOutside = at < 0 || at >= axis.input;
    return mapping.excludeOutside && isOutside ? 0 : kernelWeight(mapping, (position - at) * stretch);
  });
  const isNormalized = mapping.excludeOutside || mapping.antialias;
  const total = isNormalized ? weights.reduce((a, b) => a + b, 0) : 1;
  return { from: places.map(clamp), weights: weights.map((weight) => weight / total) };
}

/** Resizes one axis of a tensor: a weighted sum of numbers at places. */
function resizeAxis(x: Tensor, at: number, mapping: Mapping, axis: ResizedAxis): Tensor {
  const taps = upTo(axis.output).map((i) => tapsOf(mapping, axis, i));
  const isOutside = upTo(axis.output).map((i) => {
    const position = positionOf(mapping, axis, i);
    return mapping.coordinates === "tf_crop_and_resize" && (position < 0 || position > axis.input - 1);
  });
  const count = Math.max(...taps.map(({ from }) => from.length));
  const spread = (numbers: readonly number[]): Tensor => Constant.integers(numbers).tensor([0]);
  const alongAxis = (numbers: readonly number[]): Tensor =>
    Constant.integers(
      numbers,
      upTo(x.rank).map((i) => (i === at ? axis.output : 1)),
    ).tensor(upTo(x.rank));
  let sum: Tensor | undefined;
  for (let k = 0; k < count; k++) {
    const part = gather(x, spread(taps.map(({ from }) => from[k] ?? 0)), at);
    const weights = taps.map((tap, i) => (isOutside[i] ? 0 : (tap.weights[k] ?? 0)));
    const weighted = weights.every((weight) => weight === 1) ? part : multiply(part, alongAxis(weights));
    sum = sum === undefined ? weighted : add(sum, weighted);
  }
  const outside = isOutside.map((is) => (is ? mapping.extrapolation : 0));
  return outside.some((value) => value !== 0) ? add(sum!, alongAxis(outside)) : sum!;
}

/** Images that the library resizes by itself, with kernels of its own. */
function asImages(x: Value, mapping: Mapping, axes: readonly ResizedAxis[]): { y: Tensor; layout: Layout } | undefined {
  const isSpatial = x.rank === 4 && axes.every(({ axis }) => axis >= 2);
  const isExact = axes.every(({ scale, input, output }) => Math.abs(scale * input - output) < 1e-6);
  if (
    !isSpatial ||
    !isExact ||
    mapping.antialias ||
    mapping.excludeOutside ||
    mapping.coordinates === "tf_crop_and_resize"
  )
    return undefined;
  const size = (axis: number): number => axes.find((each) => each.axis === axis)?.output ?? x.shape[axis]!;
  const options = { height: size(2), width: size(3) };
  const layout = [0, 2, 3, 1];
  const { mode, coordinates, nearest, cubic } = mapping;
  // Above and to the left of position i / scale.
  if (mode === "nearest" && coordinates === "asymmetric" && nearest === "floor")
    return { y: resize(tensorIn(x, layout), { ...options, mode: "nearest" }), layout };
  const aligned = coordinates === "align_corners";
  const isHalf =
    coordinates === "half_pixel" || (coordinates === "pytorch_half_pixel" && options.height > 1 && options.width > 1);
  if (!aligned && !isHalf) return undefined;
  if (mode === "linear" || (mode === "cubic" && cubic === -0.75))
    return {
      y: resize(tensorIn(x, layout), {
        ...options,
        mode: mode === "linear" ? "bilinear" : "bicubic",
        alignCorners: aligned,
      }),
      layout,
    };
  return undefined;
}

function resized(x: Value, mapping: Mapping, axes: readonly ResizedAxis[]): Live {
  const changed = axes.filter(
    ({ scale, input, output, part }) => scale !== 1 || input !== output || part.join() !== "0,1",
  );
  const batch = onlyOn(batchOf(x), (own) => changed.every(({ axis }) => axis !== own));
  const images = changed.length === 0 ? undefined : asImages(x, mapping, changed);
  if (images !== undefined) return new Live(images.y, images.layout, x.type, batch);
  const layout = layoutOf(x);
  const y = changed.reduce((t, axis) => resizeAxis(t, layout.indexOf(axis.axis), mapping, axis), tensorIn(x, layout));
  return new Live(y, layout, x.type, batch);
}

const modeNames: Readonly<Record<string, string>> = {
  nearest: "nearest",
  linear: "linear",
  bilinear: "linear",
  cubic: "cubic",
};

const modeOf = (call: NodeCall): string => {
  const mode = call.text("mode", "nearest");
  return modeNames[mode] ?? refuse(`the mode "${mode}" is not supported`);
};

/** Sizes and scales by the file's scales. */
const byScales = (x: Value, axes: readonly number[], scales: readonly number[]): ResizedAxis[] =>
  axes.map((axis, i) => {
    const input = x.shape[axis]!;
    return { axis, input, output: Math.floor(input * scales[i]!), scale: scales[i]!, part: [0, 1] };
  });

/** Sizes that the file gives; the number of examples stays that of the batch. */
function bySizes(call: NodeCall, x: Value, axes: readonly number[], sizes: readonly number[]): ResizedAxis[] {
  const policy = call.text("keep_aspect_ratio_policy", "stretch");
  const wanted = axes.map((axis, i) => (batchOf(x) === axis ? x.shape[axis]! : sizes[i]!));
  const scales = axes.map((axis, i) => wanted[i]! / x.shape[axis]!);
  if (policy !== "stretch") {
    const scale = policy === "not_larger" ? Math.min(...scales) : Math.max(...scales);
    return axes.map((axis) => {
      const input = x.shape[axis]!;
      return { axis, input, output: Math.floor(scale * input + 0.5), scale, part: [0, 1] };
    });
  }
  return axes.map((axis, i) => ({ axis, input: x.shape[axis]!, output: wanted[i]!, scale: scales[i]!, part: [0, 1] }));
}

/** Input of a node that is there and not empty. */
const filled = (call: NodeCall, index: number, what: string): readonly number[] | undefined => {
  const numbers = call.known(index, what);
  return numbers === undefined || numbers.length === 0 ? undefined : numbers;
};

const resizeOperator: Operator = {
  since: [10, 11, 13, 18, 19],
  record(call) {
    const x = call.input(0);
    const isFirst = call.version < 11;
    const axes = call.numbers("axes")?.map((axis) => (axis < 0 ? axis + x.rank : axis)) ?? upTo(x.rank);
    const scales = filled(call, isFirst ? 1 : 2, "the scales");
    const sizes = isFirst ? undefined : filled(call, 3, "the sizes");
    const plain =
      sizes !== undefined
        ? bySizes(call, x, axes, sizes)
        : byScales(x, axes, scales ?? refuse("neither scales nor sizes are given"));
    const parts = isFirst ? undefined : filled(call, 1, "the region");
    const coordinates = call.text("coordinate_transformation_mode", isFirst ? "asymmetric" : "half_pixel");
    const withParts =
      parts === undefined || coordinates !== "tf_crop_and_resize"
        ? plain
        : plain.map((axis, i) => ({ ...axis, part: [parts[i]!, parts[i + axes.length]!] as const }));
    const mapping: Mapping = {
      mode: modeOf(call),
      coordinates,
      nearest: call.text("nearest_mode", isFirst ? "floor" : "round_prefer_floor"),
      cubic: call.float("cubic_coeff_a", -0.75),
      excludeOutside: call.flag("exclude_outside"),
      antialias: call.flag("antialias"),
      extrapolation: call.float("extrapolation_value", 0),
    };
    return resized(x, mapping, withParts);
  },
};

const upsample: Operator = {
  since: [7, 9],
  record(call) {
    const x = call.input(0);
    const scales = call.known(1, "the scales") ?? call.numbers("scales") ?? refuse("the scales are missing");
    const mapping: Mapping = {
      mode: modeOf(call),
      coordinates: "asymmetric",
      nearest: "floor",
      cubic: -0.75,
      excludeOutside: false,
      antialias: false,
      extrapolation: 0,
    };
    return resized(x, mapping, byScales(x, upTo(x.rank), scales));
  },
};

export const resizing: Readonly<Record<string, Operator>> = { Resize: resizeOperator, Upsample: upsample };
