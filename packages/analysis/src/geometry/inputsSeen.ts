import { offsetOf, ShapeError, showShape, sizeOf, stepsOf, type Shape } from "@convlens/backend";
import type { Layer } from "@convlens/layers";
import type { Tensor } from "@convlens/tensor";
import { dependentsOf, layerNamed, recordModel } from "../recordModel.ts";
import { markedIn, markInputs, maskOf } from "./sources.ts";

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

/** Whether these are whole numbers inside a shape; the last axes may be left out. */
export const isUnit = (shape: Shape, unit: readonly number[]): boolean =>
  unit.length <= shape.length && unit.every((at, axis) => Number.isInteger(at) && at >= 0 && at < shape[axis]!);

/**
 * Checks the position of a unit in one example.
 *
 * @param fewest - Number of axes that must be given. Default: all.
 */
export function checkUnit(layer: string, shape: Shape, unit: readonly number[], fewest: number = shape.length): void {
  if (unit.length >= fewest && isUnit(shape, unit)) return;
  throw new ShapeError({
    what: layer === "" ? "the unit" : `the unit of layer "${layer}"`,
    expected: `a position in ${showShape(shape)}`,
    got: unit,
  });
}

/** Returns the index of a unit in a tensor `[1, …]`. */
export function unitNumber(layer: string, output: Tensor, unit: readonly number[]): number {
  const shape = output.shape.slice(1);
  checkUnit(layer, shape, unit);
  return offsetOf(unit, stepsOf(shape));
}

function boxOf(marked: readonly number[], shape: Shape): InputsSeen["box"] {
  if (marked.length === 0) return undefined;
  return stepsOf(shape).map((step, axis) => {
    const places = marked.map((i) => Math.floor(i / step) % shape[axis]!);
    return [places.reduce((a, b) => Math.min(a, b)), places.reduce((a, b) => Math.max(a, b))];
  });
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
  const masks = new Map([[output, maskOf(output, unitNumber(name, output, unit))]]);
  for (const t of [...recorded.tensors].reverse()) {
    if (t === recorded.input) continue;
    markInputs(t, masks, (x) => depends.has(x));
    masks.delete(t);
  }
  const mask = masks.get(recorded.input) ?? new Uint8Array(sizeOf(inputShape));
  const marked = markedIn(mask);
  return { shape: inputShape, mask, count: marked.length, box: boxOf(marked, inputShape) };
}
