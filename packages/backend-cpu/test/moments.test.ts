import { Random, sizeOf, stepsOf, type Program, type Shape } from "@convlens/backend";
import { cpu } from "@convlens/backend-cpu";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";

const backend = await cpu({ threads: 1 });
afterAll(() => backend.dispose());

async function momentsOf(x: Float32Array, shape: Shape, axes: readonly number[]): Promise<Float32Array> {
  const kept = shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const program: Program = {
    feeds: [shape],
    variables: [],
    constants: [],
    instructions: [{ operation: "moments", inputs: [0], attributes: { axes }, shape: [2, ...kept] }],
    outputs: [1],
    updates: [],
  };
  const executable = backend.compile(program);
  const [result] = await executable.run([x], []);
  executable.dispose();
  return result as Float32Array;
}

/** Means and then variances in float64, for each output. */
function expected(x: Float32Array, shape: Shape, axes: readonly number[]): [mean: number, variance: number][] {
  const kept = shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const [steps, keptSteps] = [stepsOf(shape), stepsOf(kept)];
  const groups = Array.from({ length: sizeOf(kept) }, (): number[] => []);
  x.forEach((value, i) => {
    const place = shape.reduce((sum, size, axis) => {
      const at = Math.floor(i / steps[axis]!) % size;
      return sum + (kept[axis] === 1 ? 0 : at * keptSteps[axis]!);
    }, 0);
    groups[place]!.push(value);
  });
  const meanOf = (list: readonly number[]): number => list.reduce((sum, v) => sum + v, 0) / list.length;
  return groups.map((group) => {
    const mean = meanOf(group);
    return [mean, meanOf(group.map((v) => (v - mean) ** 2))];
  });
}

/** Up to four axes, one of them longer than a block. */
const cases = fc
  .record({
    sizes: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 0, maxLength: 3 }),
    long: fc.oneof(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 4090, max: 8200 })),
    place: fc.nat(),
    isFolded: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
    seed: fc.nat(),
  })
  .map(({ sizes, long, place, isFolded, seed }) => {
    const shape = sizes.toSpliced(place % (sizes.length + 1), 0, long);
    return { shape, axes: shape.flatMap((_, axis) => (isFolded[axis] ? [axis] : [])), seed };
  })
  .filter(({ shape }) => sizeOf(shape) < 40_000);

describe("mean and variance", () => {
  it.each([
    [0, 1],
    [1e4, 1],
    [-3e5, 2],
    [1, 1e-3],
  ])("of numbers around %f with a deviation of %f are as accurate as float32 allows", async (center, deviation) => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ shape, axes, seed }) => {
        const x = new Random(seed).normal(sizeOf(shape), center, deviation);
        const got = await momentsOf(x, shape, axes);
        const want = expected(x, shape, axes);
        const largest = x.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
        const off = { mean: 0, variance: 0 };
        want.forEach(([mean, variance], i) => {
          off.mean = Math.max(off.mean, Math.abs(got[i]! - mean) / largest);
          const rest = Math.abs(got[want.length + i]! - variance);
          off.variance = Math.max(off.variance, rest === 0 ? 0 : rest / variance);
        });
        expect(off.mean).toBeLessThan(1.2e-7);
        expect(off.variance).toBeLessThan(1e-6);
      }),
      { numRuns: 60 },
    );
  });
});
