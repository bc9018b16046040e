import { load, loadOf, type Pointer } from "../assembler/expression.ts";
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
    const rest = length % 4;
    f.inLanes(length - rest, (lanes) => {
      f.store4(to, loadOf(lanes)(from));
      f.advance(from, lanes);
      f.advance(to, lanes);
    });
    for (let i = 0; i < rest; i++) f.store(to, load(from, i), i);
    f.advance(from, fromStep - (length - rest));
    f.advance(to, toStep - (length - rest));
  });
}
