import { describe, expect, it } from "vitest";
import { Random, threefry, ValueError } from "../src/index.ts";

describe("Threefry-2×32", () => {
  it("gives the test vectors of its authors", () => {
    expect(threefry(0, 0, 0, 0)).toEqual([0x6b200159, 0x99ba4efe]);
    expect(threefry(0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff)).toEqual([0x1cb996fc, 0xbb002be7]);
    expect(threefry(0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3)).toEqual([0xc4923a9c, 0x483df7a0]);
  });
});

describe("Random", () => {
  it("refuses seeds that would be truncated", () => {
    for (const bad of [NaN, 0.5, -1, 2 ** 32, 2 ** 53, Infinity, "x", "1", null, undefined, 1n]) {
      expect(() => new Random(bad as number)).toThrow(ValueError);
      expect(() => new Random(bad as number)).toThrow("seed must be a whole number from 0 to 4294967295");
    }
    for (const bad of [NaN, 0.5, -1, 2 ** 32]) {
      expect(() => new Random(0).split(bad)).toThrow("label must be a whole number");
      expect(() => new Random(0, bad)).toThrow("stream must be a whole number");
    }
    for (const bad of [0, NaN, -1, 1.5, 2 ** 33])
      expect(() => new Random(0).integer(bad)).toThrow("below must be a whole number");
    expect(new Random(0).integer(2 ** 32)).toBeLessThan(2 ** 32);
  });

  it("depends on every bit of a seed", () => {
    const bits = Array.from({ length: 32 }, (_, bit) => 2 ** bit);
    const firsts = [0, ...bits].map((seed) => new Random(seed).word());
    expect(new Set(firsts).size).toBe(33);
  });

  it("repeats with a seed, differs with another, continues from a state", () => {
    const draw = (random: Random): number[] => Array.from({ length: 5 }, () => random.next());
    expect(draw(new Random(1))).toEqual(draw(new Random(1)));
    expect(draw(new Random(1))).not.toEqual(draw(new Random(2)));
    const random = new Random(3);
    draw(random);
    const again = Random.from(random.state);
    expect(draw(again)).toEqual(draw(random));
  });

  it("splits into streams that depend only on the label", () => {
    const random = new Random(5);
    const before = random.split("a").next();
    random.next();
    expect(random.split("a").next()).toBe(before);
    expect(random.split("b").next()).not.toBe(before);
    expect(random.split(1).split(2).next()).not.toBe(random.split(2).split(1).next());
  });

  it("is uniform and normal", () => {
    const mean = (x: Float32Array): number => x.reduce((a, b) => a + b, 0) / x.length;
    const n = 100_000;
    const uniform = new Random(1).uniform(n, -1, 3);
    expect(mean(uniform)).toBeCloseTo(1, 1);
    expect(Math.min(...uniform.subarray(0, 1000))).toBeGreaterThanOrEqual(-1);
    const normal = new Random(1).normal(n, 2, 3);
    expect(mean(normal)).toBeCloseTo(2, 1);
    expect(Math.sqrt(mean(normal.map((x) => (x - 2) ** 2)))).toBeCloseTo(3, 1);
    // Half of a normal distribution lies within 0.6745 standard deviations.
    expect(normal.filter((x) => Math.abs(x - 2) < 3 * 0.6745).length / n).toBeCloseTo(0.5, 2);
  });

  it("permutes with equal probabilities", () => {
    const random = new Random(9);
    const counts = Array.from({ length: 4 }, () => [0, 0, 0, 0]);
    for (let i = 0; i < 8000; i++) random.permutation(4).forEach((value, place) => counts[place]![value]!++);
    for (const count of counts.flat()) expect(Math.abs(count - 2000)).toBeLessThan(200);
    expect([...random.permutation(100)].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });
});
