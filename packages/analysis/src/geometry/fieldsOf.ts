import { elementwise, spanOf, type Operations, type Sliding } from "@convlens/backend";
import type { Tensor } from "@convlens/tensor";
import { everything, fold, merge, plainAxis, reshape, sizeOfAxis, walk, type Field, type Walk } from "./field.ts";
import type { RecordedModel } from "../recordModel.ts";

/** A window slides: its first tap lies at stride · i − before. */
const sliding = (s: Sliding): Walk => ({
  size: s.output,
  pace: s.stride,
  low: -s.before,
  high: spanOf(s) - 1 - s.before,
});

/** A window run backwards: place i lies under the windows at o with stride · o − before + dilation · tap = i. */
const slidingBack = (s: Sliding): Walk => ({
  size: s.input,
  pace: 1 / s.stride,
  low: (s.before - spanOf(s) + 1) / s.stride,
  high: s.before / s.stride,
});

const slide = (field: Field, g: { readonly height: Sliding; readonly width: Sliding }, kind = sliding): Field =>
  walk(walk(field, 1, kind(g.height)), 2, kind(g.width));

/** Every `step`-th place from `begin` of each axis. */
const section = (field: Field, { begin, step, shape }: Operations["slice"]): Field =>
  shape.reduce(
    (y, size, axis) => walk(y, axis, { size, pace: step[axis]!, low: begin[axis]!, high: begin[axis]! }),
    field,
  );

/** The adjoint of a section: places laid among zeros. */
const placed = (field: Field, { begin, step, shape }: Operations["place"]): Field =>
  shape.reduce((y, size, axis) => {
    const at = -begin[axis]! / step[axis]!;
    return walk(y, axis, { size, pace: 1 / step[axis]!, low: at, high: at });
  }, field);

/** An axis resampled to another size. */
function resampled(field: Field, axis: number, size: number, mode: "nearest" | "bilinear"): Field {
  const pace = sizeOfAxis(field.axes[axis]!) / size;
  if (pace === 1) return field;
  // Bilinear: the whole pixels less than one away from (i + ½) · pace − ½; nearest: the last whole one up to i · pace.
  const at = mode === "bilinear" ? pace / 2 - 0.5 : 0;
  const below = mode === "bilinear" ? 1 - 1 / (2 * size) : 1 - 1 / size;
  return walk(field, axis, { size, pace, low: at - below, high: mode === "bilinear" ? at + below : 0 });
}

/** What the units of `t` see, from what those of its inputs see; `undefined` where they see nothing of the model's input. */
function after(t: Tensor, fields: ReadonlyMap<Tensor, Field>): Field | undefined {
  const all = t.inputs.map((x) => fields.get(x));
  const seeing = all.filter((field) => field !== undefined);
  if (seeing.length === 0) return undefined;
  const [x] = all;
  // Filters or matrices that themselves depend on the input.
  const onlyFirst = x !== undefined && seeing.length === 1;
  const attributes = t.attributes as never;
  const last = t.rank - 1;
  switch (t.operation) {
    case "conv2d": {
      if (!onlyFirst) break;
      const { geometry: g } = attributes as Operations["conv2d"];
      return fold(slide(x, g), [3], g.outChannels);
    }
    case "conv2dInputGradient": {
      if (!onlyFirst) break;
      const { geometry: g } = attributes as Operations["conv2dInputGradient"];
      return fold(slide(x, g, slidingBack), [3], g.inChannels);
    }
    case "maxPool2d":
    case "sumPool2d":
    case "lpPool2d": {
      const { geometry: g } = attributes as Operations["sumPool2d"];
      return slide(x!, g);
    }
    case "sumPool2dGradient": {
      const { geometry: g } = attributes as Operations["sumPool2dGradient"];
      return slide(x!, g, slidingBack);
    }
    case "matmul": {
      if (!onlyFirst) break;
      const { transposeA } = attributes as Operations["matmul"];
      const rows = transposeA ? { ...x, axes: [...x.axes.slice(0, -2), x.axes[last]!, x.axes[last - 1]!] } : x;
      return fold(rows, [last], t.shape[last]!);
    }
    case "sum":
    case "max":
      return fold(x!, (attributes as Operations["sum"]).axes);
    case "argmax":
      return fold(x!, [(attributes as Operations["argmax"]).axis]);
    case "softmax":
    case "logSoftmax":
      return fold(x!, [last], t.shape[last]!);
    case "normalize": {
      const { axes } = attributes as Operations["normalize"];
      return merge([x!, fold(x!, axes)], t.shape);
    }
    case "reshape":
      return reshape(x!, t.shape);
    case "broadcast":
      return merge([x!], t.shape);
    case "transpose": {
      const { order } = attributes as Operations["transpose"];
      return { ...x!, axes: order.map((axis) => x!.axes[axis]!) };
    }
    case "slice":
      return section(x!, attributes as Operations["slice"]);
    case "place":
      return placed(x!, attributes as Operations["place"]);
    case "concat": {
      const { axis } = attributes as Operations["concat"];
      const walks = seeing.some((field) => field.axes[axis]!.some(({ along }) => along !== undefined));
      const parts = seeing.map((field) => ({ ...field, axes: field.axes.with(axis, plainAxis(t.shape[axis]!)) }));
      return walks ? everything(seeing, t.shape) : merge(parts, t.shape);
    }
    case "resize": {
      const { height, width, mode } = attributes as Operations["resize"];
      return resampled(resampled(x!, 1, height, mode), 2, width, mode);
    }
    default:
      if (t.operation !== undefined && elementwise.has(t.operation)) return merge(seeing, t.shape);
  }
  return everything(seeing, t.shape);
}

/** What the units of each recorded tensor see of the model's input `[n, …places, channels]`. */
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
    if (fields.has(t) || t.operation === undefined) continue;
    const field = after(t, fields);
    if (field !== undefined) fields.set(t, field);
  }
  return fields;
}
