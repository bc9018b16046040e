import { load, load4 } from "../assembler/expression.ts";
import { ModuleWriter, type WasmFunction } from "../assembler/module.ts";
import type { Heap } from "../heap.ts";

/** Rows of numbers in two places. Steps are in bytes. */
export interface RowsShape {
  readonly rows: number;
  /** Numbers in a row. */
  readonly length: number;
  readonly fromStep: number;
  readonly toStep: number;
}

/** `(from, to)`: copies rows, as into the middle of a padded image and back. */
export function copyRows(heap: Heap, shape: RowsShape): WasmFunction {
  const { rows, length, fromStep, toStep } = shape;
  const functions = heap.functions(`rows ${JSON.stringify(shape)}`, () => {
    const module = new ModuleWriter();
    module.function("copy", ["from", "to"], (f, from, to) =>
      f.times(rows, () => {
        const vectors = Math.floor(length / 4);
        f.times(vectors, () => {
          f.store4(to!, load4(from!));
          f.advance(from!, 16);
          f.advance(to!, 16);
        });
        for (let i = 0; i < length % 4; i++) f.store(to!, load(from!, 4 * i), 4 * i);
        f.advance(from!, fromStep - 16 * vectors);
        f.advance(to!, toStep - 16 * vectors);
      }),
    );
    return module;
  });
  return functions["copy"]!;
}
