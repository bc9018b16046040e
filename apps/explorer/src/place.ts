import { clamp } from "./numbers.ts";

/** A place in numbers in rows and columns. */
export interface Place {
  readonly row: number;
  readonly column: number;
}

/** "row 1, column 2" */
export const inWords = ({ row, column }: Place): string => `row ${row + 1}, column ${column + 1}`;

/** A part of the numbers with a frame around it. */
export interface Frame extends Place {
  readonly rows: number;
  readonly columns: number;
}

/** Keys that move a place, and by how much. */
const moves: Readonly<Record<string, readonly [rows: number, columns: number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  Home: [0, -Infinity],
  End: [0, Infinity],
  PageUp: [-Infinity, 0],
  PageDown: [Infinity, 0],
};

/** The place that a key leads to in a grid of `rows` and `columns`; `undefined` for other keys. */
export function moved({ row, column }: Place, key: string, rows: number, columns: number): Place | undefined {
  const move = moves[key];
  return move && { row: clamp(row + move[0], 0, rows - 1), column: clamp(column + move[1], 0, columns - 1) };
}
