import { sizeOf, type Kernel, type Operations } from "@convlens/backend";
import { calculate4, int, or4, splat, xor4, type Expression } from "../assembler/expression.ts";
import { int4, shuffle4 } from "../assembler/lanes.ts";
import type { Block } from "../heap.ts";
import type { Runtime } from "../runtime.ts";

type Vector = Expression<"v128">;

const rotations = [13, 15, 26, 6, 17, 29, 16, 24];

/** Uniform numbers by Threefry-2×32, four counters side by side; bit for bit those of `threefry` in @convlens/backend. */
export const randomUniform =
  (runtime: Runtime): Kernel<Block, Operations["randomUniform"]> =>
  ({ output, attributes: { stream } }) => {
    const count = sizeOf(output);
    const code = runtime.code(`randomUniform ${count} ${stream}`, ["seed", "y"], (f, seed, y) => {
      const each = (n: number): Vector => f.constant(int4.each(int(n)));
      const key0 = f.keep("key", int4.fromFloat(splat(seed!)));
      const key1 = f.keep("key", int4.fromFloat(splat(seed!, 4)));
      const key = [key0, key1, f.keep("key", xor4(each(0x1bd11bda), xor4(key0, key1)))];
      const counter = f.local("v128", "counter");
      const [a, b] = [f.local("v128", "a"), f.local("v128", "b")];
      f.set(counter, int4.of(0, 1, 2, 3));
      const eight = (store: (first: Vector, second: Vector) => void): void => {
        f.set(a, int4.add(counter, key[0]!));
        f.set(b, int4.add(each(stream), key[1]!));
        for (let round = 0; round < 20; round++) {
          f.set(a, int4.add(a, b));
          const turn = rotations[round % 8]!;
          f.set(b, xor4(or4(int4.shiftLeft(b, int(turn)), int4.shiftRight(b, int(32 - turn))), a));
          if (round % 4 === 3) {
            const injection = (round + 1) / 4;
            f.set(a, int4.add(a, key[injection % 3]!));
            f.set(b, int4.add(b, int4.add(key[(injection + 1) % 3]!, each(injection))));
          }
        }
        // The upper 24 bits fill a float32 exactly.
        for (const word of [a, b])
          f.set(word, calculate4("mul", int4.toFloat(int4.shiftRight(word, int(8))), f.constant4(2 ** -24)));
        store(shuffle4(a, b, 0, 4, 1, 5), shuffle4(a, b, 2, 6, 3, 7));
        f.set(counter, int4.add(counter, each(4)));
      };
      f.times(Math.floor(count / 8), () => {
        eight((first, second) => {
          f.store4(y!, first);
          f.store4(y!, second, 16);
        });
        f.advance(y!, 32);
      });
      const rest = count % 8;
      if (rest > 0)
        eight((...halves) => {
          for (let i = 0; i < rest; i++) f.storeOne(y!, halves[i >> 2]!, 4 * i, i % 4);
        });
    });
    return ([seed], y) => code.call(seed!.start, y.start);
  };
