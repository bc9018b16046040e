import { offsetOf, placeOf, type Shape } from "@convlens/backend";
import type { Layer } from "@convlens/layers";
import type { Tensor } from "@convlens/tensor";
import { hull, type Field, type Interval } from "./field.ts";
import { fieldsOf } from "./fieldsOf.ts";
import { checkUnit } from "./inputsSeen.ts";
import { headOf, recordModel, type LayerOutput } from "../recordModel.ts";

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
export interface ReceptiveField extends LayerOutput {
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

/** Returns the interval that a unit sees along each spatial axis of the input, given its position in one example. */
const intervalsOf = ({ axes, sights }: Field, unit: readonly number[]): (Interval & { readonly along: number })[] =>
  [...sights].flatMap(([along, { moving, fixed }]) => {
    const offset = axes.reduce((sum, factors, axis) => {
      const sizes = factors.map(({ size }) => size);
      const at = placeOf(axis === 0 ? 0 : (unit[axis - 1] ?? 0), sizes);
      const steps = factors.map((factor) => (factor.along === along ? factor.step : 0));
      return sum + offsetOf(at, steps);
    }, 0);
    const seen = hull(moving && { low: moving.low + offset, high: moving.high + offset }, fixed);
    return seen === undefined ? [] : [{ along, ...seen }];
  });

/** Returns a field along each spatial axis of the input. */
export function axisFieldsOf(field: Field): AxisField[] {
  const names = namesOf(field.sights.size);
  return intervalsOf(field, []).map(({ along, low, high }, i) => {
    const isMoving = field.sights.get(along)?.moving !== undefined;
    const factor = isMoving ? field.axes.flat().find((each) => each.along === along) : undefined;
    return {
      axis: names[i] ?? "",
      size: high - low + 1,
      jump: Math.abs(factor?.step ?? 0),
      start: low,
      center: (low + high) / 2,
    };
  });
}

// Jumps that are fractions of a pixel carry rounding errors.
const SLACK = 1e-6;

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
  return recorded.layers.flatMap((layer) => {
    const field = fields.get(layer.output);
    if (field === undefined) return [];
    const head = headOf(layer);
    return {
      ...head,
      axes: axisFieldsOf(field),
      box: (unit) => {
        checkUnit(head.name, head.outputShape, unit, 0);
        return intervalsOf(field, unit).map(({ along, low, high }) => {
          const last = recorded.input.shape[along]! - 1;
          return [Math.max(0, Math.ceil(low - SLACK)), Math.min(last, Math.floor(high + SLACK))] as const;
        });
      },
    };
  });
}
