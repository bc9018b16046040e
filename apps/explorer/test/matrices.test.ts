import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { reference } from "@convlens/backend-reference";
import { useBackend } from "@convlens/tensor";
import { matrices } from "../src/compute/matrices.ts";
import { initialState } from "../src/fields.ts";
import {
  biasAt,
  conv2dFields,
  inputsOf,
  outputsOf,
  requestOf,
  selected,
  stepOf,
  stepsOf,
  tapsOf,
  termAt,
  termsOf,
  type Conv2dState,
} from "../src/panels/conv2d/model.ts";
import { kernelNames, mapAt, requestOf as stackRequest, stackFields, volumesOf } from "../src/panels/stack/model.ts";
import { convolution } from "../src/compute/convolution.ts";
import { sample, SIDE } from "../src/draw/samples.ts";
import { appliedKernel, kernelOf, kernelsFields, requestOf as kernelRequest } from "../src/panels/kernels/model.ts";

const { convDemo } = JSON.parse(readFileSync(join(import.meta.dirname, "../../../tools/golden/seed.json"), "utf8")) as {
  readonly convDemo: { im2colShape: number[]; O: number[][][] };
};
const first = initialState(conv2dFields);
const states: fc.Arbitrary<Conv2dState> = fc
  .record({
    size: fc.integer({ min: 3, max: 6 }),
    channels: fc.integer({ min: 1, max: 4 }),
    filters: fc.integer({ min: 1, max: 4 }),
    window: fc.integer({ min: 1, max: 3 }),
    stride: fc.integer({ min: 1, max: 3 }),
    padding: fc.integer({ min: 0, max: 2 }),
    dilation: fc.integer({ min: 1, max: 2 }),
    groups: fc.integer({ min: 1, max: 4 }),
    step: fc.nat(100),
  })
  .map((change) => ({ ...first, ...change }));

beforeAll(() => useBackend(reference({ precision: "float64" })));

describe("a layer as matrices", () => {
  it("the demo: 27 × 9 columns, and the published outputs", async () => {
    const answer = await matrices(requestOf(first)!);
    expect([answer.taps, answer.places]).toEqual(convDemo.im2colShape);
    expect(answer.columns).toHaveLength(27 * 9);
    expect([...answer.product]).toEqual(
      convDemo.O.flatMap((map, k) => map.flat().map((value) => value - biasAt(first, k))),
    );
    expect(answer.difference).toBe(0);
    expect([answer.distinct, answer.inputs]).toEqual([54, 75]);
  });

  it("in every geometry, each entry has the place of the figure", () =>
    fc.assert(
      fc.asyncProperty(states, async (state) => {
        const request = requestOf(state);
        if (request === undefined) return;
        const answer = await matrices(request);
        expect(answer.difference).toBeLessThan(1e-6);
        const at = selected(state)!;
        const terms = termsOf(state, at);
        const [inputs, taps, outputs] = [inputsOf(state), tapsOf(state), outputsOf(state)];
        const row = outputs.indexOf(at);
        expect(stepOf(state, at)).toBe(Math.min(state.step, stepsOf(state) - 1));
        expect(outputs.cellAt(row)).toEqual(at);
        let inRow = 0;
        for (const term of terms) {
          if (!term.isPadding) {
            const column = inputs.indexOf(term.at);
            expect(answer.matrix[row * answer.inputs + column]).toBe(term.weight);
            expect(inputs.cellAt(column)).toEqual(term.at);
            const index = answer.weightAt[row * answer.inputs + column]!;
            expect(index % state.filters).toBe(at.channel);
            expect(taps.cellAt(Math.floor(index / state.filters))).toEqual(term.tap);
            inRow++;
          }
          const tap = taps.indexOf(term.tap);
          expect(termAt(state, at, taps.cellAt(tap))).toEqual(term);
          const place = Math.floor(row / state.filters);
          if (answer.columns) expect(answer.columns[tap * answer.places + place]).toBe(term.value);
          if (answer.rows) expect(answer.rows[at.channel * answer.taps + tap]).toBe(term.weight);
        }
        const own = answer.weightAt.subarray(row * answer.inputs, (row + 1) * answer.inputs);
        expect(own.filter((weight) => weight >= 0)).toHaveLength(inRow);
      }),
      { numRuns: 40 },
    ));
});

describe("a stack of maps", () => {
  it("has the map of each kernel", async () => {
    const filters = stackFields.filters.most;
    const image = sample("house");
    const { output } = await convolution(stackRequest({ filters }, image));
    for (const [i, name] of kernelNames({ filters }).entries()) {
      const alone = { ...initialState(kernelsFields), cells: kernelOf(name), divisor: 1 };
      expect([...appliedKernel(alone)]).toEqual(kernelOf(name).map(Math.fround));
      const { output: expected } = await convolution(kernelRequest(alone, image));
      const map = mapAt(output, filters, i, false);
      for (const at of [0, 100, 2000, SIDE * SIDE - 1]) expect(map[at]).toBeCloseTo(expected[at]!, 6);
      expect(Math.min(...mapAt(output, filters, i, true))).toBeGreaterThanOrEqual(0);
    }
    expect(volumesOf({ ...initialState(stackFields), filters }).rows[1]?.shape).toEqual([SIDE, SIDE, filters]);
  });
});
