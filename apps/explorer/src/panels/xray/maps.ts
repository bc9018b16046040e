import { offsetOf, placeOf, sizeOf, stepsOf } from "@convlens/backend";
import type { Frame, Place } from "../../place.ts";

const ACROSS = 8;
/** Columns of a picture of units without a place. */
const IN_A_ROW = 56;

/** Layout of the units of a layer in a picture: map by map, or in rows. */
interface Layout {
  /** Height and width of a map. */
  readonly rows: number;
  readonly columns: number;
  readonly maps: number;
  /** Maps side by side. */
  readonly across: number;
  readonly gap: number;
}

/** Layout of a layer of shape `[height, width, channels]` or `[units]`. */
export function layoutOf(shape: readonly number[]): Layout {
  if (shape.length === 3) {
    const [rows, columns, maps] = shape as [number, number, number];
    return { rows, columns, maps, across: Math.min(ACROSS, maps), gap: 1 };
  }
  const units = sizeOf(shape);
  const columns = Math.min(units, IN_A_ROW);
  return { rows: Math.ceil(units / columns), columns, maps: 1, across: 1, gap: 1 };
}

/** The picture of a layer: its maps with a row or column between them, which is NaN. */
export function atlasOf(shape: readonly number[], values: ArrayLike<number>) {
  const layout = layoutOf(shape);
  const { rows, columns, maps, across, gap } = layout;
  const height = Math.ceil(maps / across) * (rows + gap) - gap;
  const width = across * (columns + gap) - gap;
  const picture = new Float32Array(height * width).fill(NaN);
  for (let i = 0; i < values.length; i++) {
    const { row, column } = placeIn(shape, placeOf(i, shape));
    picture[row * width + column] = values[i]!;
  }
  return { values: picture, height, width };
}

/** Place of a unit in the picture of its layer. */
export function placeIn(shape: readonly number[], unit: readonly number[]): Place {
  const { rows, columns, across, gap } = layoutOf(shape);
  if (shape.length === 3) {
    const [row, column, channel] = unit as [number, number, number];
    return {
      row: Math.floor(channel / across) * (rows + gap) + row,
      column: (channel % across) * (columns + gap) + column,
    };
  }
  const i = offsetOf(unit, stepsOf(shape));
  return { row: Math.floor(i / columns), column: i % columns };
}

/** The unit at a place of the picture; `undefined` between maps. */
export function unitAt(shape: readonly number[], { row, column }: Place): number[] | undefined {
  const { rows, columns, maps, across, gap } = layoutOf(shape);
  const [down, right] = [Math.floor(row / (rows + gap)), Math.floor(column / (columns + gap))];
  const [y, x] = [row - down * (rows + gap), column - right * (columns + gap)];
  if (y >= rows || x >= columns) return undefined;
  if (shape.length === 3) {
    const channel = down * across + right;
    return channel < maps ? [y, x, channel] : undefined;
  }
  const i = y * columns + x;
  return i < sizeOf(shape) ? placeOf(i, shape) : undefined;
}

/** A frame around a unit and its neighbours. */
export function frameOf(shape: readonly number[], unit: readonly number[]): Frame {
  const { row, column } = placeIn(shape, unit);
  return { row: row - 1, column: column - 1, rows: 3, columns: 3 };
}
