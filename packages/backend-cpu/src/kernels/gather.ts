import { sizeOf, type Kernel, type Operations } from "@convlens/backend";
import { int, load4, loadOne, splat, zero4, type Local } from "../assembler/expression.ts";
import { f32x4, i32, i32x4, v128, type Expression } from "../assembler/instructions.ts";
import type { FunctionWriter } from "../assembler/function.ts";
import type { Block } from "../heap.ts";
import type { CompiledFunction, Runtime } from "../runtime.ts";

type Vector = Expression<"v128">;

/**
 * `(chosen, indices, rows)`: visits every number of `rows` [count, length] together with its place in the row of `chosen`
 * [size, length] that the index names. What is no index names row 0, and comes with a mask of all bits.
 */
function eachRow(
  runtime: Runtime,
  name: string,
  { count, size, length }: { count: number; size: number; length: number },
  visit: (
    f: FunctionWriter,
    access: { load: (at: Local<"i32">) => Vector; store: (at: Local<"i32">, value: Vector) => void },
    chosen: Local<"i32">,
    row: Local<"i32">,
    isNone: Local<"v128">,
  ) => void,
): CompiledFunction {
  return runtime.code(
    `${name} ${JSON.stringify([count, size, length])}`,
    ["chosen", "indices", "rows"],
    (f, chosen, indices, rows) => {
      const at = f.local("i32", "at");
      f.times(count, () => {
        const index = f.keep("index", splat(indices));
        const within = v128.and(f32x4.ge(index, f.constant(zero4)), f32x4.gt(f.constant4(size), index));
        const isIndex = f.keep("isIndex", v128.and(within, f32x4.eq(index, f32x4.trunc(index))));
        const isNone = f.keep("isNone", v128.andnot(f.constant(f32x4.eq(zero4, zero4)), isIndex));
        const row = i32.mul(i32x4.extract_lane(i32x4.trunc_sat_f32x4_s(v128.and(index, isIndex)), 0), int(4 * length));
        f.set(at, i32.add(chosen, row));
        const move = (numbers: number): void => {
          f.advance(at, 4 * numbers);
          f.advance(rows, 4 * numbers);
        };
        f.times(Math.floor(length / 4), () => {
          visit(f, { load: load4, store: (to, v) => f.store4(to, v) }, at, rows, isNone);
          move(4);
        });
        f.times(length % 4, () => {
          visit(f, { load: loadOne, store: (to, v) => f.storeOne(to, v) }, at, rows, isNone);
          move(1);
        });
        f.advance(indices, 4);
      });
    },
  );
}

const gather =
  (runtime: Runtime): Kernel<Block, Operations["gather"]> =>
  ({ inputs: [table, indices] }) => {
    const shape = { count: sizeOf(indices), size: table[0]!, length: sizeOf(table.slice(1)) };
    // All bits together are a NaN.
    const run = eachRow(runtime, "gather", shape, (_, { load, store }, chosen, row, isNone) =>
      store(row, v128.or(load(chosen), isNone)),
    );
    return ([x, at], y) => run.call(x.start, at.start, y.start);
  };

const scatter =
  (runtime: Runtime): Kernel<Block, Operations["scatter"]> =>
  ({ inputs: [, indices], output, attributes: { size } }) => {
    const shape = { count: size === 0 ? 0 : sizeOf(indices), size, length: sizeOf(output.slice(1)) };
    const run = eachRow(runtime, "scatter", shape, (_, { load, store }, chosen, row, isNone) =>
      store(chosen, f32x4.add(load(chosen), v128.andnot(load(row), isNone))),
    );
    return ([rows, at], y) => {
      runtime.clear(y.start, y.length);
      run.call(y.start, at.start, rows.start);
    };
  };

/** Rows by their numbers. */
export const gatherKernels = (
  runtime: Runtime,
): {
  readonly gather: Kernel<Block, Operations["gather"]>;
  readonly scatter: Kernel<Block, Operations["scatter"]>;
} => ({
  gather: gather(runtime),
  scatter: scatter(runtime),
});
