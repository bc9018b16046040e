import type { Frame, Place } from "../../place.ts";

/** Maps side by side in one picture, with a row or column between them. */
export interface Atlas {
  /** Row-major; NaN between maps. */
  readonly values: Float32Array;
  readonly height: number;
  readonly width: number;
}

const ACROSS = 8;
/** Columns of a picture of units without a place. */
const IN_A_ROW = 56;

/** Layout of the units of a layer in a picture: map by map, or in rows. */
export interface Layout {
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
  const units = shape.reduce((a, b) => a * b, 1);
  const columns = Math.min(units, IN_A_ROW);
  return { rows: Math.ceil(units / columns), columns, maps: 1, across: 1, gap: 1 };
}

/** The picture of a layer. */
export function atlasOf(shape: readonly number[], values: ArrayLike<number>): Atlas {
  const layout = layoutOf(shape);
  const { rows, columns, maps, across, gap } = layout;
  const height = Math.ceil(maps / across) * (rows + gap) - gap;
  const width = across * (columns + gap) - gap;
  const picture = new Float32Array(height * width).fill(NaN);
  for (let i = 0; i < values.length; i++) {
    const { row, column } = placeOf(shape, unitOfIndex(shape, i));
    picture[row * width + column] = values[i]!;
  }
  return { values: picture, height, width };
}

/** The unit at an index of a layer. */
function unitOfIndex(shape: readonly number[], i: number): number[] {
  const unit: number[] = [];
  let rest = i;
  for (const size of [...shape].reverse()) {
    unit.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return unit;
}

/** Index of a unit in its layer. */
export const indexOf = (shape: readonly number[], unit: readonly number[]): number =>
  unit.reduce((sum, at, axis) => sum * shape[axis]! + at, 0);

/** Place of a unit in the picture of its layer. */
export function placeOf(shape: readonly number[], unit: readonly number[]): Place {
  const { rows, columns, across, gap } = layoutOf(shape);
  if (shape.length === 3) {
    const [row, column, channel] = unit as [number, number, number];
    return {
      row: Math.floor(channel / across) * (rows + gap) + row,
      column: (channel % across) * (columns + gap) + column,
    };
  }
  const i = indexOf(shape, unit);
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
  return i < shape.reduce((a, b) => a * b, 1) ? unitOfIndex(shape, i) : undefined;
}

/** A frame around a unit and its neighbours. */
export function frameOf(shape: readonly number[], unit: readonly number[]): Frame {
  const { row, column } = placeOf(shape, unit);
  return { row: row - 1, column: column - 1, rows: 3, columns: 3 };
}
