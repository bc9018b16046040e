import { load, load4, type Local } from "../assembler/expression.ts";
import type { FunctionWriter } from "../assembler/function.ts";

/** Rows of numbers in two places. Steps are in bytes. */
export interface RowsShape {
  readonly rows: number;
  /** Numbers in a row. */
  readonly length: number;
  readonly fromStep: number;
  readonly toStep: number;
}

/** Copies rows, as into the middle of a padded image and back; moves both addresses on. */
export function writeCopyRows(
  f: FunctionWriter,
  { rows, length, fromStep, toStep }: RowsShape,
  from: Local<"i32">,
  to: Local<"i32">,
): void {
  f.times(rows, () => {
    const vectors = Math.floor(length / 4);
    f.times(vectors, () => {
      f.store4(to, load4(from));
      f.advance(from, 16);
      f.advance(to, 16);
    });
    for (let i = 0; i < length % 4; i++) f.store(to, load(from, 4 * i), 4 * i);
    f.advance(from, fromStep - 16 * vectors);
    f.advance(to, toStep - 16 * vectors);
  });
}
