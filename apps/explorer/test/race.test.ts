import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  build,
  Conv2d,
  Dense,
  Flatten,
  LocallyConnected2d,
  parameters,
  sequential,
  type Layer,
} from "@convlens/layers";
import { initialState } from "../src/fields.ts";
import { inWords, outputsOf, parametersOf, raceFields, seenByOne, sides, stepOf } from "../src/panels/race/model.ts";

const { alexConv1 } = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../../tools/golden/seed.json"), "utf8"),
) as {
  readonly alexConv1: { neurons: number };
};
const first = initialState(raceFields);

describe("a race of parameters", () => {
  it("counts the parameters of the layers of the library", () =>
    fc.assert(
      fc.property(
        fc.record({
          side: fc.integer({ min: 4, max: 9 }),
          channels: fc.integer({ min: 1, max: 4 }),
          window: fc.integer({ min: 1, max: 5 }),
          filters: fc.integer({ min: 1, max: 4 }),
        }),
        (state) => {
          const { side, channels, window, filters } = state;
          const options = { filters, kernelSize: window, padding: "same" } as const;
          const sizeOf = (layer: Layer): number =>
            [...parameters(build(layer, [side, side, channels])).values()].reduce((sum, { size }) => sum + size, 0);
          expect(parametersOf(state, "convolution")).toBe(sizeOf(new Conv2d(options)));
          expect(parametersOf(state, "untied")).toBe(sizeOf(new LocallyConnected2d(options)));
          expect(parametersOf(state, "full")).toBe(
            sizeOf(sequential([new Flatten(), new Dense({ units: outputsOf(state) })])),
          );
        },
      ),
      { numRuns: 25 },
    ));

  it("counts the published neurons", () => {
    expect(seenByOne({ ...first, side: 32 })).toBe(3072);
    expect(seenByOne({ ...first, side: 200 })).toBe(120_000);
    expect(outputsOf({ ...first, side: 55, filters: 96 })).toBe(alexConv1.neurons);
    expect(inWords(parametersOf({ side: 4, channels: 1, window: 3, filters: 1 }, "convolution"))).toBe("10");
    expect(inWords(37_761_024)).toBe("37.8 million");
    expect(sides[stepOf({ ...first, side: 200 })]).toBe(200);
    expect(sides[stepOf({ ...first, side: 33 })]).toBe(64);
  });
});
