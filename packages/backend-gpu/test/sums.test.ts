import {
  conv2dGeometry,
  convFilterShape,
  convInputShape,
  convOutputShape,
  sizeOf,
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

/** Runs an instruction over made-up inputs, and compares it with what it should be: what the reference says, or this. */
async function agrees(
  instruction: Omit<Instruction, "inputs">,
  inputs: readonly Shape[],
  {
    of = (i: number) => Math.sin(i),
    meaning,
  }: { of?: (i: number) => number; meaning?: (...inputs: Float32Array[]) => ArrayLike<number> } = {},
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
  const scale = Math.max(1, ...Array.from(want, Math.abs));
  got!.forEach((value, i) => expect(Math.abs(value - want[i]!) / scale, `element ${i}`).toBeLessThan(1e-5));
}

const settings = { numRuns: 12 };
const size = (max: number): fc.Arbitrary<number> => fc.integer({ min: 1, max });

describe("long sums", () => {
  it("over any axes, and their maxima", async () => {
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

  it("in products of matrices", async () => {
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

  it("in gradients of filters, over many images", async () => {
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

  it("in what is scattered", async () => {
    await agrees({ operation: "scatter", attributes: { size: 7 }, shape: [7, 3] }, [[500, 3], [500]], {
      of: (i) => i % 8,
    });
  });
});
