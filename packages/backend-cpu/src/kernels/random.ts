import { sizeOf } from "@convlens/backend";
import { int, int4, shuffle4, splat } from "../assembler/expression.ts";
import { f32x4, i32x4, v128, type Vector } from "../assembler/instructions.ts";
import { defineFunction } from "../defineFunction.ts";
import type { Runtime, CpuKernel } from "../runtime.ts";

/** Rotations of four rounds, and of the next four. */
const rotations = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
] as const;

/** Threefry-2×32, with four counters side by side. It gives the same bits as `threefry` in @convlens/backend. */
const uniformFunction = defineFunction({
  name: "randomUniform",
  write: (f, { count, stream }: { readonly count: number; readonly stream: number }, seed, y) => {
    const each = (n: number): Vector => f.constant(i32x4.splat(int(n)));
    const key0 = f.keep(i32x4.trunc_sat_f32x4_s(splat(seed)));
    const key1 = f.keep(i32x4.trunc_sat_f32x4_s(splat(seed, 1)));
    const key2 = f.keep(v128.xor(each(0x1bd11bda), v128.xor(key0, key1)));
    const counter = f.local("v128");
    const [a, b] = [f.local("v128"), f.local("v128")];
    f.set(counter, int4(0, 1, 2, 3));
    const eight = (store: (first: Vector, second: Vector) => void): void => {
      let [now, next, later] = [key0, key1, key2];
      f.set(a, i32x4.add(counter, now));
      f.set(b, i32x4.add(each(stream), next));
      for (let injection = 1; injection <= 5; injection++) {
        for (const turn of rotations[injection % 2 === 1 ? 0 : 1]) {
          f.set(a, i32x4.add(a, b));
          f.set(b, v128.xor(v128.or(i32x4.shl(b, int(turn)), i32x4.shr_u(b, int(32 - turn))), a));
        }
        [now, next, later] = [next, later, now];
        f.set(a, i32x4.add(a, now));
        f.set(b, i32x4.add(b, i32x4.add(next, each(injection))));
      }
      // The upper 24 bits are exact in float32.
      for (const word of [a, b])
        f.set(word, f32x4.mul(f32x4.convert_i32x4_s(i32x4.shr_u(word, int(8))), f.constant4(2 ** -24)));
      store(shuffle4(a, b, 0, 4, 1, 5), shuffle4(a, b, 2, 6, 3, 7));
      f.set(counter, i32x4.add(counter, each(4)));
    };
    f.times(Math.floor(count / 8), () => {
      eight((first, second) => {
        f.store4(y, first);
        f.store4(y, second, 4);
      });
      f.advance(y, 8);
    });
    const rest = count % 8;
    if (rest > 0)
      eight((...halves) => {
        for (let i = 0; i < rest; i++) f.storeOne(y, halves[i >> 2]!, i, i % 4);
      });
  },
});

/** Uniform random numbers from 0 to 1. */
export const randomUniform =
  (runtime: Runtime): CpuKernel<"randomUniform"> =>
  ({ output, attributes: { stream } }) => {
    const code = runtime.compile(uniformFunction, { count: sizeOf(output), stream });
    return ([seed], y) => code.call(seed.start, y.start);
  };
