import { sizeOf, stepsOf, type Shape } from "@convlens/backend";
import type { StoredTensor } from "@convlens/layers";
import { eachOffset, isSame, upTo } from "../onnx/axes.ts";

/** A change of order between the weights of a library and those here. */
export interface Arrangement {
  /** Shape there. */
  readonly theirs: Shape;
  /** Shape there with the inputs of a dense layer as channels and places, if maps are flattened before it. */
  readonly wide: Shape;
  /** Axis of `wide` that is axis i here. */
  readonly order: readonly number[];
}

/**
 * Returns how weights here lie in a library that has outputs first.
 *
 * @param channels - Channels of the maps that are flattened before a dense layer: here channels are the last axis of maps, there
 *   the first.
 */
export function arrangementOf(
  field: string,
  ours: Shape,
  outputsFirst: boolean,
  channels: number | undefined,
): Arrangement {
  const rank = ours.length;
  if (!outputsFirst || (field !== "filters" && field !== "weights"))
    return { theirs: ours, wide: ours, order: upTo(rank) };
  if (field === "filters") {
    // [filters, channels, …taps]
    const order = [...upTo(rank - 2).map((axis) => axis + 2), 1, 0];
    const theirs = upTo(rank).map((axis) => ours[order.indexOf(axis)]!);
    return { theirs, wide: theirs, order };
  }
  const [inputs, units] = ours as readonly [number, number];
  if (channels === undefined) return { theirs: [units, inputs], wide: [units, inputs], order: [1, 0] };
  return { theirs: [units, inputs], wide: [units, channels, inputs / channels], order: [2, 1, 0] };
}

/** Numbers of a library in the order that they have here. */
export function toOurs({ wide, order }: Arrangement, values: StoredTensor["values"]): StoredTensor["values"] {
  if (isSame(order, upTo(order.length))) return values;
  const strides = stepsOf(wide);
  const moved = new (values.constructor as Float32ArrayConstructor)(sizeOf(wide));
  eachOffset(
    order.map((axis) => wide[axis]!),
    order.map((axis) => strides[axis]!),
    0,
    (offset, index) => (moved[index] = values[offset]!),
  );
  return moved;
}

/** Numbers that lie here, in the order of a library. */
export function toTheirs({ wide, order }: Arrangement, values: StoredTensor["values"]): StoredTensor["values"] {
  const strides = stepsOf(wide);
  const moved = new (values.constructor as Float32ArrayConstructor)(sizeOf(wide));
  eachOffset(
    order.map((axis) => wide[axis]!),
    order.map((axis) => strides[axis]!),
    0,
    (offset, index) => (moved[offset] = values[index]!),
  );
  return moved;
}
