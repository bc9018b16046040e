import { load, load4, type Pointer } from "../assembler/expression.ts";
import type { FunctionWriter } from "../assembler/function.ts";

/** Rows of numbers in two places. */
export interface RowsShape {
  readonly rows: number;
  /** Numbers in a row. */
  readonly length: number;
  readonly fromStep: number;
  readonly toStep: number;
}

/** Writes: copies rows, as into the middle of a padded image and back; moves both addresses on. */
export function writeCopyRows(
  f: FunctionWriter,
  { rows, length, fromStep, toStep }: RowsShape,
  from: Pointer,
  to: Pointer,
): void {
  f.times(rows, () => {
    const vectors = Math.floor(length / 4);
    f.times(vectors, () => {
      f.store4(to, load4(from));
      f.advance(from, 4);
      f.advance(to, 4);
    });
    for (let i = 0; i < length % 4; i++) f.store(to, load(from, i), i);
    f.advance(from, fromStep - 4 * vectors);
    f.advance(to, toStep - 4 * vectors);
  });
}
