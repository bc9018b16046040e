import { reference } from "@convlens/backend-reference";
import fc from "fast-check";
import { beforeAll, expect, it } from "vitest";
import * as t from "../src/index.ts";

beforeAll(() => t.useBackend(reference({ precision: "float64" })));

it("the last cumulative sum is the sum, and differences give the elements back", async () => {
  const whole = fc.array(fc.integer({ min: -99, max: 99 }), { minLength: 1, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(whole, async (list) => {
      const sums = [...(await t.cumsum(t.tensor(list)).data())];
      expect(sums.at(-1)).toBe(list.reduce((a, b) => a + b));
      expect(sums.map((x, i) => x - (sums[i - 1] ?? 0))).toEqual(list);
    }),
  );
});

it("an infinity reaches only the sums that contain it", async () => {
  const sums = await t.cumsum(t.tensor([1, 2, Infinity, 3, -Infinity, 4])).data();
  expect([...sums]).toEqual([1, 3, Infinity, Infinity, NaN, NaN]);
});

it("there may be nothing to sum", async () => {
  expect(t.cumsum(t.zeros([0, 3])).shape).toEqual([0, 3]);
  expect([...(await t.cumsum(t.zeros([3, 0]), 0).data())]).toEqual([]);
});

it("a tile repeats the whole", async () => {
  expect([...(await t.tile(t.tensor([[1, 2]]), [2, 2]).data())]).toEqual([1, 2, 1, 2, 1, 2, 1, 2]);
  expect(t.tile(t.zeros([]), []).shape).toEqual([]);
});

it("a constant is padded, infinity too", async () => {
  const x = t.tensor([[1, 2]]);
  const y = await t
    .pad(
      x,
      [
        [1, 0],
        [0, 1],
      ],
      { value: -Infinity },
    )
    .data();
  expect([...y]).toEqual([-Infinity, -Infinity, -Infinity, 1, 2, -Infinity]);
});
