import {
  pixelPositions,
  spanOf,
  traitsOf,
  type Resampling,
  type Section,
  type Shape,
  type Sliding,
} from "@convlens/backend";
import { asRecorded, type Recorded, type Tensor } from "@convlens/tensor";
import {
  everything,
  fold,
  follows,
  merge,
  plainAxis,
  reshape,
  sizeOfAxis,
  walk,
  type Field,
  type Walk,
} from "./field.ts";
import type { RecordedModel } from "../recordModel.ts";

/** A sliding window: its first tap is at stride · i − before. */
const sliding = (s: Sliding): Walk => ({
  size: s.output,
  pace: s.stride,
  low: -s.before,
  high: spanOf(s) - 1 - s.before,
});

/** A transposed window: position i is under the windows o with stride · o − before + dilation · tap = i. */
const slidingBack = (s: Sliding): Walk => ({
  size: s.input,
  pace: 1 / s.stride,
  low: (s.before - spanOf(s) + 1) / s.stride,
  high: s.before / s.stride,
});

const slide = (field: Field, g: { readonly height: Sliding; readonly width: Sliding }, kind = sliding): Field =>
  walk(walk(field, 1, kind(g.height)), 2, kind(g.width));

/** A slice: every `step`-th position of each axis, from `begin`; with `back`, positions placed among zeros. */
const section = (field: Field, { begin, step, shape }: Section, back = false): Field =>
  shape.reduce((y, size, axis) => {
    const [first, distance] = [begin[axis]!, step[axis]!];
    const at = back ? -first / distance : first;
    return walk(y, axis, { size, pace: back ? 1 / distance : distance, low: at, high: at });
  }, field);

/** Resamples an axis to another size. */
function resampled(field: Field, axis: number, to: number, method: Pick<Resampling, "mode" | "alignCorners">): Field {
  const from = sizeOfAxis(field.axes[axis]!);
  if (from === to) return field;
  // Nearest: the pixel ⌊i · pace⌋. Else the pixels less than 1 or 2 away from i · pace + at; positions are multiples of 1 / parts.
  if (method.mode === "nearest") return walk(field, axis, { size: to, pace: from / to, low: 1 / to - 1, high: 0 });
  const { shift, span, steps } = pixelPositions({ from, to, ...method });
  const [pace, parts] = [span / steps, method.alignCorners ? steps : 2 * steps];
  const at = shift * pace - shift;
  const reach = (method.mode === "bicubic" ? 2 : 1) - 1 / parts;
  return walk(field, axis, { size: to, pace, low: at - reach, high: at + reach });
}

/** Returns the field of `t` from those of its inputs; `undefined` if it does not depend on the model's input. */
function after(t: Recorded, fields: ReadonlyMap<Tensor, Field>): Field | undefined {
  const all = t.inputs.map((input) => fields.get(input));
  const seeing = all.filter((field) => field !== undefined);
  if (seeing.length === 0) return undefined;
  if (traitsOf(t.operation).elementwise) return merge(seeing, t.shape);
  if (t.operation === "concat") return joined(seeing, t.shape, t.attributes.axis);
  const [x] = all;
  return (x && ofFirst(t, x, seeing.length === 1)) ?? everything(seeing, t.shape);
}

/** Concatenates tensors along an axis. If one of them moves along that axis, every unit sees everything. */
function joined(parts: readonly Field[], shape: Shape, axis: number): Field {
  if (parts.some((field) => follows(field.axes.slice(axis, axis + 1).flat()))) return everything(parts, shape);
  const plain = plainAxis(shape[axis] ?? 1);
  const whole = parts.map((field) => ({ ...field, axes: field.axes.with(axis, plain) }));
  return merge(whole, shape);
}

/** Returns the field of `t` from its first input; `isOnly` if the others do not depend on the model's input. */
function ofFirst(t: Recorded, x: Field, isOnly: boolean): Field | undefined {
  const last = t.rank - 1;
  const channels = t.shape.at(-1) ?? 1;
  switch (t.operation) {
    case "conv2d":
      return isOnly ? fold(slide(x, t.attributes.geometry), [3], channels) : undefined;
    case "conv2dInputGradient":
      return isOnly ? fold(slide(x, t.attributes.geometry, slidingBack), [3], channels) : undefined;
    case "maxPool2d":
    case "sumPool2d":
    case "lpPool2d":
      return slide(x, t.attributes.geometry);
    case "sumPool2dGradient":
      return slide(x, t.attributes.geometry, slidingBack);
    case "matmul": {
      if (!isOnly) return undefined;
      const [rows = [], columns = []] = x.axes.slice(-2);
      const turned = t.attributes.transposeA ? { ...x, axes: [...x.axes.slice(0, -2), columns, rows] } : x;
      return fold(turned, [last], channels);
    }
    case "sum":
    case "max":
      return fold(x, t.attributes.axes);
    case "argmax":
      return fold(x, [t.attributes.axis]);
    case "softmax":
    case "logSoftmax":
      return fold(x, [last], channels);
    case "normalize":
      return merge([x, fold(x, t.attributes.axes)], t.shape);
    case "reshape":
      return reshape(x, t.shape);
    case "broadcast":
      return merge([x], t.shape);
    case "transpose":
      return { ...x, axes: t.attributes.order.flatMap((axis) => x.axes.slice(axis, axis + 1)) };
    case "slice":
      return section(x, t.attributes);
    case "place":
      return section(x, t.attributes, true);
    case "resize": {
      const { height, width, ...method } = t.attributes;
      return resampled(resampled(x, 1, height, method), 2, width, method);
    }
    default:
      return undefined;
  }
}

/** Returns what the units of each recorded tensor see of the model's input `[n, …positions, channels]`. */
export function fieldsOf({ input, tensors }: RecordedModel): ReadonlyMap<Tensor, Field> {
  const places = input.shape.map((_, axis) => axis).slice(1, -1);
  const fields = new Map<Tensor, Field>([
    [
      input,
      {
        axes: input.shape.map((size, axis) =>
          places.includes(axis) ? [{ size, along: axis, step: 1 }] : plainAxis(size),
        ),
        sights: new Map(places.map((axis) => [axis, { moving: { low: 0, high: 0 } }])),
      },
    ],
  ]);
  for (const t of tensors) {
    const made = asRecorded(t);
    const field = fields.has(t) || made === undefined ? undefined : after(made, fields);
    if (field !== undefined) fields.set(t, field);
  }
  return fields;
}
