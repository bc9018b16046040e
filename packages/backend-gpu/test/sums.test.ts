import {
  broadcastSteps,
  conv2dGeometry,
  convFilterShape,
  convInputShape,
  convOutputShape,
  sizeOf,
  stepsOf,
  type Instruction,
  type Shape,
} from "@convlens/backend";
import { reference } from "@convlens/backend-reference";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gpuBackend } from "../src/gpuBackend.ts";
import { hostDevice } from "./devices.ts";

// Conformance has small shapes. These are long enough for sums in two stages.

const device = await hostDevice("webasm");

/**
 * Runs an instruction over synthetic inputs, and compares the result with that of the reference or with `meaning`.
 * Sums of products of small whole numbers are exact in float32, in whatever order they are added.
 */
async function agrees(
  instruction: Omit<Instruction, "inputs">,
  inputs: readonly Shape[],
  {
    of = (i: number) => Math.round(5 * Math.sin(i)),
    meaning,
    tolerance = () => 0,
  }: {
    of?: (i: number) => number;
    meaning?: (...inputs: Float32Array[]) => ArrayLike<number>;
    tolerance?: (want: number, at: number) => number;
  } = {},
): Promise<void> {
  const program = {
    feeds: inputs,
    variables: [],
    constants: [],
    instructions: [{ ...instruction, inputs: inputs.map((_, i) => i) }] as Instruction[],
    outputs: [inputs.length],
    updates: [],
  };
  const feeds = inputs.map((shape, k) => Float32Array.from({ length: sizeOf(shape) }, (_, i) => of(i + 1000 * k)));
  const mine = gpuBackend(device);
  const [got] = await mine.compile(program).run(feeds, []);
  mine.dispose();
  const want = meaning?.(...feeds) ?? (await reference({ precision: "float64" }).compile(program).run(feeds, []))[0]!;
  got!.forEach((value, i) =>
    expect(Math.abs(value - want[i]!), `element ${i}`).toBeLessThanOrEqual(tolerance(want[i]!, i)),
  );
}

/** Shape of a reduction over axes, and for each input the index of the output that it is added to. */
function folding(
  shape: Shape,
  axes: readonly number[],
): { readonly kept: Shape; readonly placeOf: (i: number) => number } {
  const kept = shape.map((n, axis) => (axes.includes(axis) ? 1 : n));
  const [own, steps] = [stepsOf(shape), broadcastSteps(kept, shape)];
  const placeOf = (i: number): number =>
    own.reduce((at, step, axis) => at + (Math.floor(i / step) % shape[axis]!) * steps[axis]!, 0);
  return { kept, placeOf };
}

const settings = { numRuns: 12 };
const size = (max: number): fc.Arbitrary<number> => fc.integer({ min: 1, max });

describe("long sums", () => {
  it("over any axes, and maxima, equal those of the reference", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(size(30), size(30), size(6), size(4)),
        fc.subarray([0, 1, 2, 3]),
        fc.constantFrom("sum" as const, "max" as const),
        async (shape, axes, operation) =>
          agrees({ operation, attributes: { axes }, shape: shape.map((n, axis) => (axes.includes(axis) ? 1 : n)) }, [
            shape,
          ]),
      ),
      settings,
    );
  });

  it("in matrix products are exact", async () => {
    await fc.assert(
      fc.asyncProperty(
        size(4),
        size(4),
        fc.integer({ min: 100, max: 700 }),
        fc.boolean(),
        fc.boolean(),
        async (m, n, k, a, b) =>
          agrees({ operation: "matmul", attributes: { transposeA: a, transposeB: b }, shape: [2, m, n] }, [
            [2, ...(a ? [k, m] : [m, k])],
            [2, ...(b ? [n, k] : [k, n])],
          ]),
      ),
      settings,
    );
  });

  it("in gradients of filters over many images are exact", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 20, max: 40 }),
        fc.tuple(size(3), size(3), size(2), size(2)),
        fc.tuple(fc.constantFrom(1, 2), fc.constantFrom(0, 1), fc.constantFrom(1, 2)),
        async (batch, [kh, kw, c, f], [stride, padding, groups]) => {
          const geometry = conv2dGeometry([batch, 9, 8, c * groups], [kh, kw, c, f * groups], {
            stride,
            padding,
            groups,
          });
          await agrees(
            { operation: "conv2dFilterGradient", attributes: { geometry }, shape: convFilterShape(geometry) },
            [convOutputShape(geometry), convInputShape(geometry)],
          );
        },
      ),
      settings,
    );
  });

  it("in moments of numbers far from 0 keep the digits of the variance", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(fc.integer({ min: 200, max: 600 }), size(5), size(5)),
        fc.constantFrom([0], [0, 1], [0, 2], [0, 1, 2]),
        fc.constantFrom(0, 100, -3000),
        async (shape, axes, center) => {
          const { kept, placeOf } = folding(shape, axes);
          const count = sizeOf(kept);
          await agrees({ operation: "moments", attributes: { axes }, shape: [2, ...kept] }, [shape], {
            of: (i) => center + 3 * Math.sin(i * i),
            meaning: (x) => {
              const groups = Array.from({ length: count }, (_, k) => [...x].filter((_v, i) => placeOf(i) === k));
              const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b) / values.length;
              const means = groups.map(mean);
              return [...means, ...groups.map((values, k) => mean(values.map((v) => (v - means[k]!) ** 2)))];
            },
            // The error of a mean is at most one unit of float32, that of a variance a few.
            tolerance: (want, k) => (k < count ? 1.2e-7 * Math.abs(want) + 1e-6 : 2e-6 * want),
          });
        },
      ),
      settings,
    );
  });

  it("in gradients of normalisations equal those of the reference", async () => {
    for (const axes of [[0], [0, 1], [2]]) {
      const shape = axes.includes(2) ? [9, 3, 400] : [90, 30, 7];
      const { kept, placeOf } = folding(shape, axes);
      const count = sizeOf(kept);
      const inputs = [shape, shape, [2, ...kept]];
      await agrees({ operation: "normalizeSums", attributes: { axes, epsilon: 2 }, shape: [2, ...kept] }, inputs, {
        of: Math.sin,
        // Each term is rounded a few times, to half a unit of float32.
        tolerance: () => 4 * 2 ** -24 * (sizeOf(shape) / count),
        meaning: (dy, x, moments) => {
          const want = new Float64Array(2 * count);
          dy.forEach((slope, i) => {
            const k = placeOf(i);
            want[k]! += slope;
            want[count + k]! += (slope * (x[i]! - moments[k]!)) / Math.sqrt(moments[count + k]! + 2);
          });
          return want;
        },
      });
    }
  });

  it("in scatter are exact", async () => {
    await agrees({ operation: "scatter", attributes: { size: 7 }, shape: [7, 3] }, [[500, 3], [500]], {
      of: (i) => i % 8,
    });
  });
});
