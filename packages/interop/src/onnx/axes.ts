import { sizeOf } from "@convlens/backend";

/** Whole numbers from 0 to below `count`. */
export const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Whether two lists have the same numbers. */
export const isSame = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((x, i) => x === b[i]);

/** An order of axes with the channels last: batch, height, width, channels. */
export const channelsLast = (rank: number): number[] =>
  rank < 3 ? upTo(rank) : [0, ...upTo(rank - 2).map((i) => i + 2), 1];

/** An order of axes with the channels after the batch: that of the file, of axes as they are here. */
export const channelsFirst = (rank: number): number[] =>
  rank < 3 ? upTo(rank) : [0, rank - 1, ...upTo(rank - 1).slice(1)];

/** Visits all places of a shape in row-major order, with the offset that `stepSizes` gives them from `start`. */
export function eachOffset(
  shape: readonly number[],
  stepSizes: readonly number[],
  start: number,
  visit: (offset: number, index: number) => void,
): void {
  const count = sizeOf(shape);
  const place = shape.map(() => 0);
  let offset = start;
  for (let index = 0; index < count; index++) {
    visit(offset, index);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      place[axis]!++;
      offset += stepSizes[axis]!;
      if (place[axis]! < shape[axis]!) break;
      offset -= place[axis]! * stepSizes[axis]!;
      place[axis] = 0;
    }
  }
}
