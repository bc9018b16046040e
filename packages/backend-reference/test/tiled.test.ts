import {
  conv2dGeometry,
  convFilterShape,
  convInputShape,
  convOutputShape,
  Random,
  sizeOf,
  type HostKernels,
  type Shape,
  type Values,
} from "@convlens/backend";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { referenceKernels } from "../src/index.ts";
import { tiledConv2dKernels } from "../src/tiled/conv2d.ts";
import { tiledMatmul } from "../src/tiled/matmul.ts";

// Compares the tiled kernels with those that specify the operations.

type Numbers = new (length: number) => Values;

/** Normal numbers; every ninth is 0, NaN or infinite in half of the cases. */
function draw(shape: Shape, Kind: Numbers, random: Random, isSpecial: boolean): Values {
  const special = [0, NaN, Infinity, -Infinity];
  const values = random.normal(sizeOf(shape));
  return new Kind(values.length).map((_, i) =>
    isSpecial && random.integer(9) === 0 ? special[random.integer(4)]! : values[i]!,
  );
}

function compare(got: Values, want: Values): void {
  expect(got.length).toBe(want.length);
  want.forEach((x, i) => {
    if (Number.isFinite(x)) expect(Math.abs(got[i]! - x)).toBeLessThanOrEqual(1e-6 * (1 + Math.abs(x)));
    else expect(got[i]).toBe(x);
  });
}

describe.each([Float32Array, Float64Array] as readonly Numbers[])("tiles in a %o", (Kind) => {
  const seeds = { seed: fc.nat(), isSpecial: fc.boolean() };
  const side = fc.record({
    input: fc.integer({ min: 1, max: 7 }),
    window: fc.integer({ min: 1, max: 4 }),
    stride: fc.integer({ min: 1, max: 3 }),
    dilation: fc.integer({ min: 1, max: 2 }),
    padding: fc.tuple(fc.nat(3), fc.nat(3)),
  });

  it("convolve like the plain loops", () => {
    fc.assert(
      fc.property(
        side,
        side,
        fc.record({
          batch: fc.integer({ min: 1, max: 2 }),
          groups: fc.integer({ min: 1, max: 3 }),
          channels: fc.integer({ min: 1, max: 5 }),
          filters: fc.integer({ min: 1, max: 5 }),
          ...seeds,
        }),
        (h, w, { batch, groups, channels, filters, seed, isSpecial }) => {
          fc.pre([h, w].every((s) => s.input + s.padding[0] + s.padding[1] > (s.window - 1) * s.dilation));
          const geometry = conv2dGeometry(
            [batch, h.input, w.input, channels * groups],
            [h.window, w.window, channels, filters * groups],
            {
              stride: [h.stride, w.stride],
              dilation: [h.dilation, w.dilation],
              padding: [h.padding, w.padding],
              groups,
              geometry: "floor",
            },
          );
          const random = new Random(seed % 2 ** 32);
          const [x, f, dy] = [convInputShape(geometry), convFilterShape(geometry), convOutputShape(geometry)].map(
            (shape) => draw(shape, Kind, random, isSpecial),
          ) as [Values, Values, Values];
          const run = (kernels: HostKernels, name: keyof typeof tiledConv2dKernels, inputs: Values[], like: Values) => {
            const result = new Kind(like.length).fill(7);
            const kernel = kernels[name] as unknown as (
              call: never,
            ) => (inputs: Values[], output: Values, others: []) => void;
            kernel({ attributes: { geometry }, inputs: [], output: [] } as never)(inputs, result, []);
            return result;
          };
          for (const [name, inputs, like] of [
            ["conv2d", [x, f], dy],
            ["conv2dInputGradient", [dy, f], x],
            ["conv2dFilterGradient", [dy, x], f],
          ] as const)
            compare(run(tiledConv2dKernels, name, [...inputs], like), run(referenceKernels, name, [...inputs], like));
        },
      ),
      { numRuns: 200 },
    );
  });

  it("multiply matrices like the plain loops, to the bit", () => {
    const size = fc.integer({ min: 0, max: 9 });
    fc.assert(
      fc.property(
        fc.record({
          batch: fc.integer({ min: 1, max: 2 }),
          m: size,
          n: size,
          k: size,
          transposeA: fc.boolean(),
          transposeB: fc.boolean(),
          ...seeds,
        }),
        ({ batch, m, n, k, transposeA, transposeB, seed, isSpecial }) => {
          const random = new Random(seed % 2 ** 32);
          const a: Shape = transposeA ? [batch, k, m] : [batch, m, k];
          const b: Shape = transposeB ? [batch, n, k] : [batch, k, n];
          const inputs = [draw(a, Kind, random, isSpecial), draw(b, Kind, random, isSpecial)] as const;
          const [got, want] = [tiledMatmul, referenceKernels.matmul].map((kernel) => {
            const result = new Kind(batch * m * n).fill(7);
            void kernel({ inputs: [a, b], output: [batch, m, n], attributes: { transposeA, transposeB } })(
              inputs,
              result,
              [],
            );
            return result;
          });
          expect(got).toEqual(want);
        },
      ),
      { numRuns: 200 },
    );
  });
});
