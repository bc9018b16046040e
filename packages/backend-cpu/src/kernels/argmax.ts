import { sizeOf, type Kernel, type OneAxis } from "@convlens/backend";
import { load4, loadOne, select4, zero4, type Local } from "../assembler/expression.ts";
import { f32x4, v128, type Expression } from "../assembler/instructions.ts";
import type { Block } from "../heap.ts";
import type { Runtime } from "../runtime.ts";

type Vector = Expression<"v128">;

/** The place of the first maximum; a NaN is one. */
export const argmax =
  (runtime: Runtime): Kernel<Block, OneAxis> =>
  ({ inputs: [shape], attributes: { axis } }) => {
    const [length, inner] = [shape![axis]!, sizeOf(shape!.slice(axis + 1))];
    const outer = sizeOf(shape!.slice(0, axis));
    const code = runtime.code(`argmax ${JSON.stringify([outer, length, inner])}`, ["x", "y"], (f, x, y) => {
      const [best, place, at, rival] = ["best", "place", "at", "rival"].map((name) => f.local("v128", name)) as [
        Local<"v128">,
        Local<"v128">,
        Local<"v128">,
        Local<"v128">,
      ];
      const one = f.constant4(1);
      const column = (load: (x: Local<"i32">) => Vector, store: (v: Vector) => void, numbers: number): void => {
        f.set(best, load(x));
        f.set(place, zero4);
        f.set(at, one);
        f.times(length - 1, () => {
          f.advance(x, 4 * inner);
          f.set(rival, load(x));
          // A NaN that comes after a NaN is not greater, and not the first.
          const isGreater = v128.or(f32x4.gt(rival, best), v128.andnot(f32x4.ne(rival, rival), f32x4.ne(best, best)));
          const wins = f.keep("wins", isGreater);
          f.set(best, select4(wins, rival, best));
          f.set(place, select4(wins, at, place));
          f.set(at, f32x4.add(at, one));
        });
        store(place);
        f.advance(x, 4 * numbers - 4 * inner * (length - 1));
        f.advance(y, 4 * numbers);
      };
      f.times(outer, () => {
        f.times(Math.floor(inner / 4), () => column(load4, (v) => f.store4(y, v), 4));
        f.times(inner % 4, () => column(loadOne, (v) => f.storeOne(y, v), 1));
        f.advance(x, 4 * inner * (length - 1));
      });
    });
    return ([x], y) => code.call(x!.start, y.start);
  };
