import { sizeOf } from "@convlens/backend";
import {
  element,
  load4,
  loadOne,
  splat,
  zero4,
  type Local,
  type Pointer,
  type Pointers,
} from "../assembler/expression.ts";
import type { FunctionWriter } from "../assembler/function.ts";
import { f32x4, i32x4, v128, type Vector } from "../assembler/instructions.ts";
import { defineFunction } from "../defineFunction.ts";
import type { Runtime, CpuKernels } from "../runtime.ts";

/** Rows [count, length], each of which belongs to one of the rows [size, length] of a table. */
interface RowsShape {
  readonly count: number;
  readonly size: number;
  readonly length: number;
}

/** Four numbers, or one, of a row and of its row in the table. */
interface Place {
  readonly load: (at: Pointer) => Vector;
  readonly store: (at: Pointer, value: Vector) => void;
  readonly table: Pointer;
  readonly row: Pointer;
  /** All bits set if the index is not valid; then the table's row is row 0. */
  readonly isInvalid: Local<"v128">;
}

/** Writes: visits every number of all rows. */
function writeEachRow(
  f: FunctionWriter,
  { count, size, length }: RowsShape,
  { table, indices, rows }: Pointers<"table" | "indices" | "rows">,
  visit: (place: Place) => void,
): void {
  const at = f.local("i32");
  f.times(count, () => {
    const index = f.keep(splat(indices));
    const within = v128.and(f32x4.ge(index, f.constant(zero4)), f32x4.gt(f.constant4(size), index));
    const isIndex = f.keep(v128.and(within, f32x4.eq(index, f32x4.trunc(index))));
    const isInvalid = f.keep(v128.andnot(f.constant(f32x4.eq(zero4, zero4)), isIndex));
    const whole = i32x4.extract_lane(i32x4.trunc_sat_f32x4_s(v128.and(index, isIndex)), 0);
    f.set(at, element(table, whole, length));
    const place = { table: at, row: rows, isInvalid };
    const move = (numbers: number): void => {
      f.advance(at, numbers);
      f.advance(rows, numbers);
    };
    f.times(Math.floor(length / 4), () => {
      visit({ ...place, load: load4, store: (to, v) => f.store4(to, v) });
      move(4);
    });
    f.times(length % 4, () => {
      visit({ ...place, load: loadOne, store: (to, v) => f.storeOne(to, v) });
      move(1);
    });
    f.advance(indices, 1);
  });
}

const gatherFunction = defineFunction({
  name: "gather",
  write: (f, shape: RowsShape, table, indices, rows) =>
    // All bits set are a NaN.
    writeEachRow(f, shape, { table, indices, rows }, ({ load, store, table, row, isInvalid }) =>
      store(row, v128.or(load(table), isInvalid)),
    ),
});
const scatterFunction = defineFunction({
  name: "scatter",
  write: (f, shape: RowsShape, table, indices, rows) =>
    writeEachRow(f, shape, { table, indices, rows }, ({ load, store, table, row, isInvalid }) =>
      store(table, f32x4.add(load(table), v128.andnot(load(row), isInvalid))),
    ),
});

/** Rows of a table by their indices, and the adjoint. */
export const gatherKernels = (runtime: Runtime): CpuKernels<"gather" | "scatter"> => ({
  gather: ({ inputs: [table, indices] }) => {
    const shape = { count: sizeOf(indices), size: table[0]!, length: sizeOf(table.slice(1)) };
    const code = runtime.compile(gatherFunction, shape);
    return ([x, at], y) => code.call(x.start, at.start, y.start);
  },
  scatter: ({ inputs: [, indices], output, attributes: { size } }) => {
    const shape = { count: size === 0 ? 0 : sizeOf(indices), size, length: sizeOf(output.slice(1)) };
    const code = runtime.compile(scatterFunction, shape);
    return ([rows, at], y) => {
      runtime.clear(y.start, y.length);
      code.call(y.start, at.start, rows.start);
    };
  },
});
