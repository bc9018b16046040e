import type { OperationName } from "@convlens/backend";
import * as math from "@convlens/backend/math";
import { describe, expect, it } from "vitest";
import { gpuBackend } from "../src/gpuBackend.ts";
import { functions } from "../src/kernels/functions.ts";
import { hostDevice } from "./devices.ts";

const device = await hostDevice("webasm");

/** Computes an elementwise operation on numbers. */
async function computed(operation: OperationName, ...inputs: readonly Float32Array[]): Promise<Float32Array> {
  const backend = gpuBackend(device);
  const shape = [inputs[0]!.length];
  const program = {
    feeds: inputs.map(() => shape),
    variables: [],
    constants: [],
    instructions: [{ operation, inputs: inputs.map((_, i) => i), attributes: {}, shape }],
    outputs: [inputs.length],
    updates: [],
  };
  const [values] = await backend.compile(program).run(inputs, []);
  backend.dispose();
  return values as Float32Array;
}

/** `count` numbers between two bounds, with equal differences. */
const evenly = (from: number, to: number, count = 2000): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => from + ((to - from) * i) / (count - 1));
const byFactors = (from: number, to: number, count = 2000): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => from * (to / from) ** (i / (count - 1)));

describe("functions for kernels", () => {
  it("do not call each other, because gpu.js would write them in the wrong order", () => {
    const names = functions.map(({ source }) => /^function (\w+)/.exec(source)![1]!);
    const calls = new Map(
      functions.map(({ source }, i) => [
        names[i]!,
        names.filter((name) => new RegExp(`(?<!function )\\b${name}\\(`).test(source)),
      ]),
    );
    expect(calls.get("logistic")).toEqual(["exponential"]);
    for (const called of [...calls.values()].flat()) expect(calls.get(called), called).toEqual([]);
  });

  it.each([
    ["exp", [evenly(-80, 80)]],
    ["expm1", [evenly(-10, 10), byFactors(1e-30, 1), byFactors(-1e-30, -1)]],
    ["log", [byFactors(1e-30, 1e30), evenly(0.9, 1.1)]],
    ["log1p", [byFactors(1e-30, 1e30), evenly(-0.9, 1)]],
    ["sin", [evenly(-100, 100), evenly(-0.01, 0.01), byFactors(-1000, -3.4e38), byFactors(7000, 9000)]],
    ["cos", [evenly(-100, 100), evenly(-0.01, 0.01), byFactors(1000, 3.4e38), byFactors(7000, 9000)]],
    ["tanh", [evenly(-20, 20), evenly(-0.01, 0.01)]],
    ["sigmoid", [evenly(-80, 80)]],
    ["erf", [evenly(-5, 5), evenly(-0.01, 0.01)]],
  ] as const)("%s is accurate to a few units of float32", async (name, ranges) => {
    for (const x of ranges) {
      const got = await computed(name, x);
      // The error of sine and cosine is absolute, and so is that of erf away from 0.
      const isAbsolute = name === "sin" || name === "cos" || name === "erf";
      x.forEach((v, i) => {
        const want = math[name](v);
        const scale = isAbsolute && Math.abs(v) > 0.9 ? 1 : Math.abs(want);
        expect(Math.abs(got[i]! - want), `${name}(${v})`).toBeLessThanOrEqual(6e-7 * scale + 1e-37);
      });
    }
  });

  it("sine and cosine of an infinite angle are NaN", async () => {
    const x = Float32Array.of(Infinity, -Infinity, NaN);
    expect([...(await computed("sin", x)), ...(await computed("cos", x))]).toEqual(Array(6).fill(NaN));
  });

  it("integer powers are products, and other powers of negative numbers are NaN", async () => {
    const bases = evenly(-3, 3, 61);
    for (const exponent of [0, 1, 2, 3, -1, -2, 7, 0.5, 1.5, -0.5, 1001]) {
      const got = await computed("power", bases, new Float32Array(61).fill(exponent));
      bases.forEach((base, i) => {
        const want = Math.fround(math.power(base, exponent));
        if (Number.isFinite(want)) expect(Math.abs(got[i]! - want)).toBeLessThanOrEqual(4e-6 * Math.abs(want));
        else expect(got[i], `${base} to the power of ${exponent}`).toBe(want);
      });
    }
  });
});
