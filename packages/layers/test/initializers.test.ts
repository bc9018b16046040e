import { Random } from "@convlens/backend";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import * as initializers from "../src/initializers.ts";
import {
  Conv1d,
  Conv2d,
  ConvTranspose2d,
  Dense,
  DepthwiseConv2d,
  LocallyConnected2d,
  type Fans,
  type Initializer,
} from "../src/index.ts";
import { some, useFloat64 } from "./helpers.ts";

beforeAll(useFloat64);

const fans = { in: 40, out: 10 };
const shape = [5, 8, 25, 20];

function moments(initializer: Initializer): { mean: number; variance: number; largest: number } {
  const values = Array.from(initializer(shape, fans, new Random(5)));
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length;
  return { mean, variance, largest: Math.max(...values.map(Math.abs)) };
}

describe("initialisers", () => {
  it.each([
    ["heNormal", initializers.heNormal, 2 / 40],
    ["glorotNormal", initializers.glorotNormal, 2 / 50],
    ["lecunNormal", initializers.lecunNormal, 1 / 40],
  ])("%s has mean 0 and the variance of its definition", (_, initializer, expected) => {
    const { mean, variance, largest } = moments(initializer);
    expect(Math.abs(mean)).toBeLessThan(0.01);
    expect(variance / expected).toBeGreaterThan(0.97);
    expect(variance / expected).toBeLessThan(1.03);
    expect(largest).toBeGreaterThan(3 * Math.sqrt(expected));
  });

  it.each([
    ["heUniform", initializers.heUniform, 2 / 40],
    ["glorotUniform", initializers.glorotUniform, 2 / 50],
    ["lecunUniform", initializers.lecunUniform, 1 / 40],
  ])("%s has mean 0 and the variance of its definition, within its bounds", (_, initializer, expected) => {
    const { mean, variance, largest } = moments(initializer);
    expect(Math.abs(mean)).toBeLessThan(0.01);
    expect(variance / expected).toBeGreaterThan(0.97);
    expect(variance / expected).toBeLessThan(1.03);
    expect(largest).toBeLessThanOrEqual(Math.fround(Math.sqrt(3 * expected)));
    expect(largest).toBeGreaterThan(0.99 * Math.sqrt(3 * expected));
  });

  it("constants fill the shape", () => {
    expect(initializers.constant(3)([2, 2], fans, new Random(1))).toEqual(new Float32Array([3, 3, 3, 3]));
    expect(initializers.zerosInitializer([2], fans, new Random(1))).toEqual(new Float32Array(2));
    expect(initializers.onesInitializer([2], fans, new Random(1))).toEqual(new Float32Array([1, 1]));
  });

  it("orthogonal makes columns, or rows if there are fewer, of length 1 and at right angles", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }), fc.nat(), (rows, columns, seed) => {
        const m = initializers.orthogonal([1, rows, columns], fans, new Random(seed));
        const [count, length] = [Math.min(rows, columns), Math.max(rows, columns)];
        const at = (vector: number, i: number): number =>
          rows < columns ? m[vector * columns + i]! : m[i * columns + vector]!;
        for (let a = 0; a < count; a++)
          for (let b = 0; b <= a; b++) {
            let dot = 0;
            for (let i = 0; i < length; i++) dot += at(a, i) * at(b, i);
            expect(dot).toBeCloseTo(a === b ? 1 : 0, 6);
          }
      }),
    );
  });

  it("use the fan-in and the fan-out of a shape", async () => {
    const seen: Fans[] = [];
    const initializer: Initializer = (of, given, random) => {
      seen.push(given);
      return initializers.heNormal(of, given, random);
    };
    const options = { kernelSize: 3, filters: 8, initializer, bias: false };
    const image = some([1, 5, 5, 4]);
    await new Conv2d({ ...options, groups: 2 }).call(image).data();
    await new DepthwiseConv2d({ kernelSize: 3, initializer, bias: false }).call(image).data();
    await new LocallyConnected2d(options).call(image).data();
    await new ConvTranspose2d(options).call(image).data();
    await new Conv1d(options).call(some([1, 5, 4])).data();
    await new Dense({ units: 7, initializer, bias: false }).call(some([1, 5])).data();
    expect(seen).toEqual([
      { in: 3 * 3 * 2, out: (3 * 3 * 8) / 2 },
      { in: 3 * 3, out: 3 * 3 },
      { in: 3 * 3 * 4, out: 3 * 3 * 8 },
      { in: 3 * 3 * 4, out: 3 * 3 * 8 },
      { in: 3 * 4, out: 3 * 8 },
      { in: 5, out: 7 },
    ]);
  });
});
