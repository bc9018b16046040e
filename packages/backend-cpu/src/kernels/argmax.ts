import { sizeOf } from "@convlens/backend";
import { load4, loadOne, select4, zero4, type Pointer } from "../assembler/expression.ts";
import { f32x4, v128, type Vector } from "../assembler/instructions.ts";
import { defineFunction } from "../defineFunction.ts";
import type { Runtime, CpuKernel } from "../runtime.ts";

/** A tensor [outer, length, inner]. */
type Sizes = Readonly<Record<"outer" | "length" | "inner", number>>;

const argmaxFunction = defineFunction({
  name: "argmax",
  write: (f, { outer, length, inner }: Sizes, x, y) => {
    const [best, place, at, rival] = [f.local("v128"), f.local("v128"), f.local("v128"), f.local("v128")];
    const one = f.constant4(1);
    const column = (load: (x: Pointer) => Vector, store: (v: Vector) => void, numbers: number): void => {
      f.set(best, load(x));
      f.set(place, zero4);
      f.set(at, one);
      f.times(length - 1, () => {
        f.advance(x, inner);
        f.set(rival, load(x));
        // NaN counts as the maximum, but a NaN after another one is not the first.
        const isNewNaN = v128.andnot(f32x4.ne(rival, rival), f32x4.ne(best, best));
        const wins = f.keep(v128.or(f32x4.gt(rival, best), isNewNaN));
        f.set(best, select4(wins, rival, best));
        f.set(place, select4(wins, at, place));
        f.set(at, f32x4.add(at, one));
      });
      store(place);
      f.advance(x, numbers - inner * (length - 1));
      f.advance(y, numbers);
    };
    f.times(outer, () => {
      f.times(Math.floor(inner / 4), () => column(load4, (v) => f.store4(y, v), 4));
      f.times(inner % 4, () => column(loadOne, (v) => f.storeOne(y, v), 1));
      f.advance(x, inner * (length - 1));
    });
  },
});

/** The index of the first maximum along an axis. NaN counts as the maximum. */
export const argmax =
  (runtime: Runtime): CpuKernel<"argmax"> =>
  ({ inputs: [shape], attributes: { axis } }) => {
    const code = runtime.compile(argmaxFunction, {
      outer: sizeOf(shape.slice(0, axis)),
      length: shape[axis]!,
      inner: sizeOf(shape.slice(axis + 1)),
    });
    return ([x], y) => code.call(x.start, y.start);
  };
