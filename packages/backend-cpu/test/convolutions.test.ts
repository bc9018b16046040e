import {
  conv2dGeometry,
  convFilterShape,
  convInputShape,
  convOutputShape,
  Random,
  sizeOf,
  type Conv2dGeometry,
  type Program,
} from "@convlens/backend";
import { reference } from "@convlens/backend-reference";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cpu } from "../src/index.ts";
import { expectSameClass, specialNumbers, withSpecial } from "./notFinite.ts";

const axis = fc.record({
  size: fc.integer({ min: 5, max: 11 }),
  window: fc.integer({ min: 1, max: 3 }),
  stride: fc.constantFrom(1, 1, 1, 2, 3),
  dilation: fc.integer({ min: 1, max: 2 }),
  before: fc.nat(3),
  after: fc.nat(3),
});
/** Convolutions of all kinds: depthwise, with groups, of single pixels, and any other. */
const convolutions: fc.Arbitrary<Conv2dGeometry> = fc
  .record({
    height: axis,
    width: axis,
    groups: fc.integer({ min: 1, max: 7 }),
    channels: fc.integer({ min: 1, max: 3 }),
    filters: fc.integer({ min: 1, max: 3 }),
    isDepthwise: fc.boolean(),
  })
  .map(({ height: h, width: w, groups, channels, filters, isDepthwise }) =>
    conv2dGeometry(
      [2, h.size, w.size, groups * (isDepthwise ? 1 : channels)],
      [h.window, w.window, isDepthwise ? 1 : channels, groups * (isDepthwise ? 1 : filters)],
      {
        groups,
        stride: [h.stride, w.stride],
        dilation: [h.dilation, w.dilation],
        padding: [
          [h.before, h.after],
          [w.before, w.after],
        ],
      },
    ),
  );

describe("convolutions with non-finite numbers", () => {
  it.each(["conv2d", "conv2dInputGradient", "conv2dFilterGradient"] as const)(
    "equal those of the reference: %s",
    async (pass) => {
      const exact = reference({ precision: "float64" });
      const backend = await cpu({ threads: 1 });
      await fc.assert(
        fc.asyncProperty(convolutions, specialNumbers, specialNumbers, fc.nat(), async (g, first, second, seed) => {
          const [x, w, y] = [convInputShape(g), convFilterShape(g), convOutputShape(g)];
          const [feeds, shape] = {
            conv2d: [[x, w], y] as const,
            conv2dInputGradient: [[y, w], x] as const,
            conv2dFilterGradient: [[y, x], w] as const,
          }[pass];
          const program: Program = {
            feeds,
            variables: [],
            constants: [],
            instructions: [{ operation: pass, inputs: [0, 1], attributes: { geometry: g }, shape }],
            outputs: [2],
            updates: [],
          };
          const random = new Random(seed);
          const values = [withSpecial(random, sizeOf(feeds[0]), first), withSpecial(random, sizeOf(feeds[1]), second)];
          const [got] = await backend.compile(program).run(values, []);
          const [want] = await exact.compile(program).run(values, []);
          expectSameClass(got!, want!);
          expect(got?.length).toBe(want!.length);
        }),
        { numRuns: 300 },
      );
      backend.dispose();
    },
  );
});
