import type { Shape } from "@convlens/backend";
import type { Layer } from "@convlens/layers";
import type { Tensor } from "@convlens/tensor";
import type { Field, Interval } from "./field.ts";
import { fieldsOf } from "./fieldsOf.ts";
import { noUnit } from "./inputsSeen.ts";
import { recordModel } from "../recordModel.ts";

/** The receptive field of a layer along one axis of the input. */
export interface AxisField {
  /** `"height"`, `"width"`, or `"length"` of a signal. */
  readonly axis: string;
  /** Number of pixels that each unit sees, including padding. */
  readonly size: number;
  /** Distance between the fields of neighbouring units, in pixels; 0 if all units see the same. */
  readonly jump: number;
  /** First pixel that the first unit sees; negative in the padding. */
  readonly start: number;
  /** Center of the field of the first unit. */
  readonly center: number;
}

/** The receptive field of a layer. */
export interface ReceptiveField {
  /** Name of the call: the path of the layer, `layers.3`, or `path#2` for its second call. */
  readonly name: string;
  /** Class of the layer. */
  readonly type: string;
  /** Shape of one example. */
  readonly outputShape: Shape;
  /** The field along each spatial axis of the input. */
  readonly axes: readonly AxisField[];
  /**
   * Returns the box of input pixels that one unit sees, without padding: the first and the last along each spatial axis.
   *
   * @param unit - Position in `outputShape`: `[row, column, channel]`; the channel is optional.
   */
  box(unit: readonly number[]): readonly (readonly [first: number, last: number])[];
}

const namesOf = (rank: number): readonly string[] =>
  rank === 1 ? ["length"] : rank === 2 ? ["height", "width"] : Array.from({ length: rank }, (_, i) => `axis ${i}`);

/** Returns the interval that a unit sees, given its position in one example. */
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

/** Returns a field along one axis of the input. */
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

// Jumps that are fractions of a pixel carry rounding errors.
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
        throw noUnit(name, outputShape, unit);
      return places.map((along) => {
        const { low, high } = sightOf(field, along, unit)!;
        const last = input.shape[along]! - 1;
        return [Math.max(0, Math.ceil(low - SLACK)), Math.min(last, Math.floor(high + SLACK))];
      });
    },
  };
}

/**
 * Returns the receptive fields of all layers in closed form: unit i of a map sees `size` pixels from start + jump · i on. They are
 * computed from what the model records, so they hold for branches and custom layers. If branches see different pixels, the
 * field is the smallest box around all of them, for every channel. (After upsampling the jump is a fraction, and the box of a
 * unit may be too large by one pixel of the smaller map; `inputsSeen` is exact.)
 *
 * @param inputShape - Shape of one example.
 *
 * @example
 * ```ts
 * for (const { name, type, axes } of receptiveFields(vgg16(), [224, 224, 3]))
 *   console.log(name, type, axes[0]!.size, axes[0]!.jump); // 3 1, … 212 32
 * ```
 */
export function receptiveFields(model: Layer<Tensor, unknown>, inputShape: Shape): ReceptiveField[] {
  const recorded = recordModel(model, inputShape);
  const fields = fieldsOf(recorded);
  return recorded.layers.flatMap(({ name, type, output }) => {
    const field = fields.get(output);
    return field === undefined ? [] : [receptiveField(name, type, output, field, recorded.input)];
  });
}
