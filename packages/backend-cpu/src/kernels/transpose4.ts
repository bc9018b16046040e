import { shuffle4, type Local } from "../assembler/expression.ts";
import type { FunctionWriter } from "../assembler/function.ts";
import type { Vector } from "../assembler/instructions.ts";

/** Four of a kind, such as the rows of a block of 4 × 4 numbers. */
export type Four<T> = readonly [T, T, T, T];

/** Makes four of a kind. */
export const four = <T>(make: (i: 0 | 1 | 2 | 3) => T): Four<T> => [make(0), make(1), make(2), make(3)];

/** Writes: transposes four vectors of four numbers. */
export function transpose4(f: FunctionWriter, lines: Four<Vector>): Local<"v128">[] {
  const [a, b, c, d] = four((i) => f.keep(lines[i]));
  const halves: readonly Four<number>[] = [
    [0, 4, 1, 5],
    [2, 6, 3, 7],
  ];
  return halves.flatMap((lanes) => {
    const [ab, cd] = [f.keep(shuffle4(a, b, ...lanes)), f.keep(shuffle4(c, d, ...lanes))];
    return [f.keep(shuffle4(ab, cd, 0, 1, 4, 5)), f.keep(shuffle4(ab, cd, 2, 3, 6, 7))];
  });
}
