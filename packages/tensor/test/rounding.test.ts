import { cpu } from "@convlens/backend-cpu";
import { reference } from "@convlens/backend-reference";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import * as t from "../src/index.ts";

describe.each([
  ["the reference", reference],
  ["the cpu backend", cpu],
] as const)("rounding on %s", (_, make) => {
  beforeAll(async () => t.useBackend(await make()));
  const numbers = fc.array(fc.oneof(fc.float(), fc.float({ min: -99, max: 99 }), fc.integer({ min: -99, max: 99 })), {
    minLength: 1,
  });
  /** Equal, where 0 is equal to −0. */
  const expectEqual = (got: ArrayLike<number>, want: ArrayLike<number>): void =>
    expect(Array.from(got, (x) => x + 0)).toEqual(Array.from(want, (x) => x + 0));

  it("is that of Math, also at infinity and NaN", async () => {
    await fc.assert(
      fc.asyncProperty(numbers, async (list) => {
        const x = Float32Array.from([...list, NaN, Infinity, -Infinity]);
        const [low, high] = await t.evaluate(t.floor(t.tensor(x)), t.ceil(t.tensor(x)));
        expectEqual(low, x.map(Math.floor));
        expectEqual(high, x.map(Math.ceil));
      }),
    );
  });

  it("to the nearest is never more than a half away, and even at a half", async () => {
    await fc.assert(
      fc.asyncProperty(numbers, async (list) => {
        const x = Float32Array.from([...list, ...list.map((each) => Math.floor(each) + 0.5)]);
        const y = await t.round(t.tensor(x)).data();
        x.forEach((each, i) => {
          if (!Number.isFinite(each)) return expect(y[i]).toEqual(each);
          expect(Number.isInteger(y[i])).toBe(true);
          const distance = Math.abs(y[i]! - each);
          expect(distance).toBeLessThanOrEqual(0.5);
          if (distance === 0.5) expect(Math.abs(y[i]! % 2)).toBe(0);
        });
      }),
    );
  });

  // torch.round of PyTorch 1.13
  it("to the nearest is PyTorch's", async () => {
    const x = [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.49999997, -0.49999997, 8388609, Infinity, -Infinity, NaN];
    expectEqual(await t.round(t.tensor(x)).data(), [-2, -2, 0, 0, 2, 2, 0, 0, 8388609, Infinity, -Infinity, NaN]);
  });

  // torch.remainder of PyTorch 1.13
  it("the remainder is PyTorch's", async () => {
    const [a, b] = [
      [5, -5, 5, -5, 6, 7.5, 1, 0],
      [3, 3, -3, -3, 3, -2, 0, 0],
    ];
    expectEqual(await t.mod(t.tensor(a), t.tensor(b)).data(), [2, 1, -1, -2, 0, -0.5, NaN, NaN]);
  });
});
