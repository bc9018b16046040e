import { ShapeError, showShape, type Shape } from "@convlens/backend";
import type { Layer } from "@convlens/layers";
import type { Tensor } from "@convlens/tensor";
import type { Field, Interval } from "./field.ts";
import { fieldsOf } from "./fieldsOf.ts";
import { recordModel } from "../recordModel.ts";

/** What the units of a layer see along one axis of the input. */
export interface AxisField {
  /** `"height"`, `"width"`, or `"length"` of a signal. */
  readonly axis: string;
  /** How many pixels each unit sees, those in the padding included. */
  readonly size: number;
  /** From what one unit sees to what its neighbour sees, in pixels. 0 where all see the same. */
  readonly jump: number;
  /** The first pixel that the first unit sees; it is negative where that lies in the padding. */
  readonly start: number;
  /** The middle of what the first unit sees. */
  readonly center: number;
}

/** What the units of a layer see of the input. */
export interface ReceptiveField {
  /** The call of the layer: its path, `layers.3`, or `path#2` for the second call. */
  readonly name: string;
  /** The layer's class. */
  readonly type: string;
  /** Of one example. */
  readonly outputShape: Shape;
  /** Along each axis of place of the input. */
  readonly axes: readonly AxisField[];
  /**
   * The box of input pixels that one unit sees, padding cut off: for each axis of place the first and the last.
   *
   * @param unit - The unit's place in `outputShape`: `[row, column, channel]`; the channel may be left out.
   */
  box(unit: readonly number[]): readonly (readonly [first: number, last: number])[];
}

const namesOf = (rank: number): readonly string[] =>
  rank === 1 ? ["length"] : rank === 2 ? ["height", "width"] : Array.from({ length: rank }, (_, i) => `axis ${i}`);

/** The interval that a unit sees, the place of each axis of one example given. */
function sightOf(field: Field, along: number, unit: readonly number[]): Interval | undefined {
  const { moving, fixed } = field.sights.get(along)!;
  if (moving === undefined) return fixed;
  let offset = 0;
  for (const [axis, factors] of field.axes.entries()) {
    let rest = axis === 0 ? 0 : (unit[axis - 1] ?? 0);
    for (let i = factors.length - 1; i >= 0; i--) {
      const factor = factors[i]!;
      if (factor.along === along) offset += factor.step * (rest % factor.size);
      rest = Math.floor(rest / factor.size);
    }
  }
  const { low, high } = moving;
  return {
    low: Math.min(low + offset, fixed?.low ?? Infinity),
    high: Math.max(high + offset, fixed?.high ?? -Infinity),
  };
}

/** What a field is along one axis of the input. */
export function axisField(field: Field, along: number, name: string): AxisField {
  const { moving, fixed } = field.sights.get(along)!;
  const factor = field.axes.flat().find((each) => each.along === along);
  const first = sightOf(field, along, [])!;
  const size = Math.max(first.high - first.low, (fixed?.high ?? 0) - (fixed?.low ?? 0)) + 1;
  return {
    axis: name,
    size,
    jump: moving === undefined ? 0 : Math.abs(factor?.step ?? 0),
    start: first.low,
    center: (first.low + first.high) / 2,
  };
}

// Jumps that are fractions of a pixel are rounded on their way here.
const SLACK = 1e-6;

function receptiveField(name: string, type: string, output: Tensor, field: Field, input: Tensor): ReceptiveField {
  const places = [...field.sights.keys()];
  const names = namesOf(places.length);
  const outputShape = output.shape.slice(1);
  return {
    name,
    type,
    outputShape,
    axes: places.map((along, i) => axisField(field, along, names[i]!)),
    box: (unit) => {
      if (unit.length > outputShape.length || unit.some((at, axis) => !(at >= 0 && at < outputShape[axis]!)))
        throw new ShapeError(
          `there is no unit [${unit.join(", ")}] in ${name} (${type}), which makes ${showShape(outputShape)}`,
          {
            path: name,
            expected: outputShape,
            got: unit,
          },
        );
      return places.map((along) => {
        const { low, high } = sightOf(field, along, unit)!;
        const last = input.shape[along]! - 1;
        return [Math.max(0, Math.ceil(low - SLACK)), Math.min(last, Math.floor(high + SLACK))];
      });
    },
  };
}

/**
 * What the units of every layer see of the input, in closed form: unit i of a map sees the pixels from start + jump · i on, size
 * of them. It is followed through what the model records, so that it holds for branches and for layers of any making; where
 * branches see different things, the field is the smallest box around all of them, for every channel. (Where maps are enlarged the jump is a
 * fraction, and a unit's box may be too large by one pixel of the smaller map; `inputsSeen` is exact.)
 *
 * @param inputShape - Of one example.
 *
 * @example
 * ```ts
 * for (const { name, type, axes } of receptiveFields(vgg16(), [224, 224, 3]))
 *   console.log(name, type, axes[0]!.size, axes[0]!.jump); // 3 1, … 212 32
 * ```
 */
export function receptiveFields(model: Layer, inputShape: Shape): ReceptiveField[] {
  const recorded = recordModel(model, inputShape);
  const fields = fieldsOf(recorded);
  return recorded.layers.flatMap(({ name, type, output }) => {
    const field = fields.get(output);
    return field === undefined ? [] : [receptiveField(name, type, output, field, recorded.input)];
  });
}
