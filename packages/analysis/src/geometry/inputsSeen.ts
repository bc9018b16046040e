import { offsetOf, placeOf, ShapeError, showShape, sizeOf, stepsOf, type Shape } from "@convlens/backend";
import type { Layer } from "@convlens/layers";
import type { Tensor } from "@convlens/tensor";
import { dependentsOf, layerNamed, recordModel } from "../recordModel.ts";
import { markInputs, type Mask } from "./sources.ts";

/** The numbers of an input that a unit depends on. */
export interface InputsSeen {
  /** Shape of one example. */
  readonly shape: Shape;
  /** 1 for each number of the input that the unit sees, row-major. */
  readonly mask: Uint8Array;
  /** Number of numbers that it sees. */
  readonly count: number;
  /** Smallest box around them: the first and the last along each axis; `undefined` if it sees nothing. */
  readonly box: readonly (readonly [first: number, last: number])[] | undefined;
}

/** Makes the error for a unit that a layer does not have. */
export const noUnit = (layer: string, shape: Shape, unit: readonly number[]): ShapeError =>
  new ShapeError({
    what: layer === "" ? "the unit" : `the unit of layer "${layer}"`,
    expected: `a position in ${showShape(shape)}`,
    got: unit,
  });

/** Returns the index of a unit in a tensor `[1, …]`. */
export function unitNumber(name: string, output: Tensor, unit: readonly number[]): number {
  const shape = output.shape.slice(1);
  if (unit.length !== shape.length || unit.some((at, axis) => !(Number.isInteger(at) && at >= 0 && at < shape[axis]!)))
    throw noUnit(name, shape, unit);
  return offsetOf(unit, stepsOf(shape));
}

function boxOf(mask: Mask, shape: Shape): InputsSeen["box"] {
  const box = shape.map((): [number, number] => [Infinity, -Infinity]);
  for (let i = 0; i < mask.length; i++)
    if (mask[i])
      for (const [axis, at] of placeOf(i, shape).entries())
        box[axis] = [Math.min(box[axis]![0], at), Math.max(box[axis]![1], at)];
  return box.every(([first, last]) => first <= last) ? box : undefined;
}

/**
 * Returns the exact numbers of the input that a unit depends on, without the holes of dilated windows and the channels of other
 * groups. They are found by going back through the recorded operations and do not depend on the weights.
 *
 * @param inputShape - Shape of one example.
 * @param layer - Path of the layer.
 * @param unit - Position in the output for one example: `[row, column, channel]`.
 *
 * @example
 * ```ts
 * const net = sequential([new Conv2d({ filters: 1, kernelSize: 2, dilation: 3 })]);
 * inputsSeen(net, [8, 8, 1], "layers.0", [0, 0, 0]).count; // 4, in the corners of a box of 4 · 4
 * ```
 */
export function inputsSeen(
  model: Layer<Tensor, unknown>,
  inputShape: Shape,
  layer: string,
  unit: readonly number[],
): InputsSeen {
  const recorded = recordModel(model, inputShape);
  const { name, output } = layerNamed(recorded, layer);
  const depends = dependentsOf(recorded);
  const start = new Uint8Array(output.size);
  start[unitNumber(name, output, unit)] = 1;
  const masks = new Map<Tensor, Mask>([[output, start]]);
  for (const t of [...recorded.tensors].reverse()) {
    if (t === recorded.input) continue;
    markInputs(t, masks, (x) => depends.has(x));
    masks.delete(t);
  }
  const mask = masks.get(recorded.input) ?? new Uint8Array(sizeOf(inputShape));
  return { shape: inputShape, mask, count: mask.reduce((sum, x) => sum + x, 0), box: boxOf(mask, inputShape) };
}
