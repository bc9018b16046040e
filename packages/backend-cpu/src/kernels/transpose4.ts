import { shuffle4, type Local } from "../assembler/expression.ts";
import type { FunctionWriter } from "../assembler/function.ts";
import type { Vector } from "../assembler/instructions.ts";

/** Writes: transposes four vectors of four numbers. */
export function transpose4(f: FunctionWriter, lines: readonly Vector[]): Local<"v128">[] {
  const [a, b, c, d] = lines.map((line) => f.keep(line));
  const halves: readonly [number, number, number, number][] = [
    [0, 4, 1, 5],
    [2, 6, 3, 7],
  ];
  return halves.flatMap((lanes) => {
    const [ab, cd] = [f.keep(shuffle4(a!, b!, ...lanes)), f.keep(shuffle4(c!, d!, ...lanes))];
    return [f.keep(shuffle4(ab, cd, 0, 1, 4, 5)), f.keep(shuffle4(ab, cd, 2, 3, 6, 7))];
  });
}
