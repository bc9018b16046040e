import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as math from "@convlens/backend/math";
import { cpu } from "@convlens/backend-cpu";
import { sizeOf, type OperationName, type Program } from "@convlens/backend";

const backend = await cpu();

async function compute(operation: OperationName, ...inputs: Float32Array[]): Promise<Float32Array> {
  const shape = [inputs[0]!.length];
  const program: Program = {
    feeds: inputs.map(() => shape),
    variables: [],
    constants: [],
    instructions: [{ operation, inputs: inputs.map((_, i) => i), attributes: {}, shape }],
    outputs: [inputs.length],
    updates: [],
  };
  const executable = backend.compile(program);
  const [result] = await executable.run(inputs, []);
  executable.dispose();
  expect(result).toHaveLength(sizeOf(shape));
  return result as Float32Array;
}

/** Number of float32 values between two numbers. */
function distance(a: number, b: number): number {
  const order = (x: number): number => {
    const bits = new Int32Array(Float32Array.of(x).buffer)[0]!;
    return bits < 0 ? -(bits & 0x7fffffff) : bits;
  };
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b) ? 0 : Infinity;
  return Math.abs(order(a) - order(b));
}

const extremes = [
  0,
  -0,
  1,
  -1,
  0.5,
  2,
  -2,
  Infinity,
  -Infinity,
  NaN,
  1e-45,
  -1e-45,
  1.17e-38,
  3.4e38,
  -3.4e38,
  88.7,
  88.8,
  -87.4,
  -103.9,
  -104,
].concat([
  Math.PI,
  Math.PI / 2,
  1e-20,
  -1e-20,
  1e5,
  -1e5,
  9,
  -9,
  3.9,
  4.1,
  16777217,
  0.70710677,
  0.70710683,
  0.9999999,
  1.0000001,
  0.25,
  -0.25,
  -0.9999999,
]);
/** Numbers of all magnitudes: random bits, and numbers of the size that nets have. */
const numbers = fc.oneof(fc.float(), fc.float({ min: -20, max: 20 }), fc.constantFrom(...extremes));

const functions = {
  exp: math.exp,
  expm1: math.expm1,
  log: math.log,
  log1p: math.log1p,
  tanh: math.tanh,
  sigmoid: math.sigmoid,
  erf: math.erf,
  sin: math.sin,
  cos: math.cos,
} as const;

describe("elementary functions", () => {
  it.for(Object.entries(functions) as [keyof typeof functions, (x: number) => number][])(
    "%s is within one unit in the last place, at extremes, too",
    async ([name, f]) => {
      await fc.assert(
        fc.asyncProperty(fc.array(numbers, { minLength: 1, maxLength: 300 }), async (list) => {
          const x = Float32Array.from([...list, ...extremes]);
          const y = await compute(name, x);
          x.forEach((each, i) => {
            const want = Math.fround(f(each));
            if (distance(y[i]!, want) > 1) throw new Error(`${name}(${each}) is ${want}, not ${y[i]}`);
            if (want === 0) expect(Object.is(y[i], want), `the sign of ${name}(${each})`).toBe(true);
          });
        }),
      );
    },
  );

  it("powers are within two units in the last place, and integer powers of negative numbers have the right sign", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(numbers, fc.oneof(numbers, fc.integer({ min: -6, max: 6 }), fc.constantFrom(0.5, 1 / 3))), {
          minLength: 1,
          maxLength: 200,
        }),
        async (pairs) => {
          const [x, y] = [Float32Array.from(pairs, ([a]) => a), Float32Array.from(pairs, ([, b]) => b)];
          const z = await compute("power", x, y);
          z.forEach((got, i) => {
            const want = Math.fround(math.power(x[i]!, y[i]!));
            if (distance(got, want) > 2) throw new Error(`${x[i]} to the power of ${y[i]} is ${want}, not ${got}`);
          });
        },
      ),
    );
  });
});
