import { beforeAll, describe, expect, it } from "vitest";
import { cpu } from "@convlens/backend-cpu";
import { classification, type Classification } from "@convlens/datasets";
import { build, weightsOf } from "@convlens/layers";
import { useBackend } from "@convlens/tensor";
import { floor, race } from "../src/compute/floor.ts";
import { CurrentNet, type Net } from "../src/compute/net.ts";
import { modelOf, openingRecipe } from "../src/compute/recipe.ts";
import { difference } from "../src/draw/shown.ts";
import { boxesOf, bytes, duration, floorFields, roleOf, slowest } from "../src/panels/floor/model.ts";

const { inputShape, classes } = openingRecipe;
let net: Net;
let digits: Classification;

beforeAll(async () => {
  useBackend(await cpu({ threads: 2 }));
  const weights = await weightsOf(build(modelOf(openingRecipe), inputShape, { seed: 3 }));
  const parts = { origin: "a test", make: () => modelOf(openingRecipe), inputShape, classes, weights };
  net = await new CurrentNet(
    async () => parts,
    () => {},
  ).get();
  const inputs = Uint8Array.from({ length: 8 * 784 }, (_, i) => (i * 7919) % 256);
  digits = classification({
    inputs: { values: inputs, shape: [8, ...inputShape] },
    labels: [0, 1, 2, 3, 4, 5, 6, 7],
    classes,
  });
});

describe.each(floorFields.work.options)("a program to %s", (work) => {
  it("shares memory only between values that are not alive at the same time", async () => {
    const answer = await floor(net, digits, { net: undefined, work, batch: 8 });
    const { blocks, peak, sum, instructions } = answer;
    expect(peak).toBeLessThan(sum);
    for (const [i, a] of blocks.entries()) {
      expect(a.offset + a.size).toBeLessThanOrEqual(peak);
      for (const b of blocks.slice(0, i)) {
        // A result that replaces its input begins where the input ends.
        const apart =
          a.from >= b.to || b.from >= a.to || a.offset >= b.offset + b.size || b.offset >= a.offset + a.size;
        expect(apart).toBe(true);
      }
    }
    for (const { milliseconds, operation } of instructions)
      if (operation === "reshape") expect(milliseconds).toBeUndefined();
      else expect(milliseconds).toBeGreaterThanOrEqual(0);
    for (const { x, y, width, height } of boxesOf(answer)) {
      expect(Math.min(x, y, width, height)).toBeGreaterThanOrEqual(0);
      expect(Math.max(x + width, y + height)).toBeLessThanOrEqual(1 + 1e-9);
    }
    expect(slowest(answer)).toMatch(/^Most of the time, \d+ %, goes to \w+ of/);
  });

  it("gives nearly the same results on all backends, and the same bits on any number of threads", async () => {
    const { racers, compared } = await race(net, digits, { net: undefined, work, batch: 8, graphics: false });
    expect(racers.map(({ name }) => name.split(",")[1]!.trim())).toEqual(["one thread", "one thread", "2 threads"]);
    const [plain, single, many] = racers;
    expect(plain?.difference).toBe(0);
    expect(single?.difference).toBeGreaterThan(0);
    expect(single?.difference).toBeLessThan(1e-4);
    expect(many?.difference).toBe(single!.difference);
    // Eight rows of ten logits, or a loss and all parameters.
    const learned = [...net.weights.values()].reduce((total, { values }) => total + values.length, 0);
    expect(compared).toBe((work === "read digits" ? 80 : 1) + learned);
  }, 60_000);
});

it("a block is written by one instruction and alive until its last reader", () => {
  const block = { from: 2, to: 5, offset: 0, size: 1 };
  expect([1, 2, 3, 5, 6].map((step) => roleOf(block, step))).toEqual(["other", "made", "alive", "alive", "other"]);
});

it("numbers are written with units", () => {
  expect([bytes(999), bytes(45_800), bytes(3.2e6)]).toEqual(["999 B", "45.8 kB", "3.20 MB"]);
  expect([duration(0.0123), duration(12.345)]).toEqual(["12 µs", "12.3 ms"]);
  expect([difference(0), difference(1.5e-7)]).toEqual(["none, to the last bit", "1.5 · 10^−7"]);
});
