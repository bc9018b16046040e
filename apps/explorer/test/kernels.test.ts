import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { reference } from "@convlens/backend-reference";
import { useBackend } from "@convlens/tensor";
import { convolution } from "../src/compute/convolution.ts";
import { initialState } from "../src/fields.ts";
import {
  appliedKernel,
  composed,
  imageOf,
  kernelsFields,
  lookedAt,
  lostBy,
  nameOf,
  presetNames,
  presets,
  productsOf,
  requestOf,
  resultSide,
  sumSentence,
  thenRequestOf,
  type KernelsState,
} from "../src/panels/kernels/model.ts";
import { inkText, NO_INK, stroked } from "../src/draw/ink.ts";
import { sample, SIDE } from "../src/draw/samples.ts";

const first = initialState(kernelsFields);
const borders = fc.constantFrom(...kernelsFields.border.options);
const states: fc.Arbitrary<KernelsState> = fc.record({
  image: fc.constantFrom(...kernelsFields.image.options),
  sheet: fc.constant(NO_INK),
  cells: fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 9, maxLength: 9 }),
  divisor: fc.integer({ min: 1, max: 16 }),
  border: borders,
  flip: fc.boolean(),
  next: fc.constant("nothing" as const),
  row: fc.integer({ min: 1, max: SIDE }),
  column: fc.integer({ min: 1, max: SIDE }),
});

beforeAll(() => useBackend(reference()));

const result = async (state: KernelsState, image = sample(state.image)): Promise<Float32Array> =>
  (await convolution(requestOf(state, image))).output;

describe("an image", () => {
  it("is the sample of the address, or the drawing: dark ink on light paper, or empty paper", () => {
    expect(imageOf(first)).toEqual(sample(first.image));
    const [from, to] = [
      { x: 10, y: 32 },
      { x: 50, y: 32 },
    ];
    const image = imageOf({ ...first, sheet: inkText(stroked(new Float32Array(SIDE * SIDE), from, to)) });
    expect(image[32 * SIDE + 30]).toBeCloseTo(0.09);
    expect(image[40 * SIDE + 30]).toBeCloseTo(0.91);
    expect(new Set(imageOf({ ...first, sheet: "" }))).toEqual(new Set([Math.fround(0.91)]));
  });
});

describe("a kernel on an image", () => {
  it("gives the sum of the products, at the border, too", () =>
    fc.assert(
      fc.asyncProperty(states, fc.constantFrom(0, 1, 30, SIDE - 2, SIDE - 1), async (state, column) => {
        const image = sample(state.image);
        const output = await result(state);
        const at = lookedAt(state, { row: state.row - 1, column });
        const lost = lostBy(state);
        const sum = productsOf(state, image, at).reduce((total, { pixel, weight }) => total + pixel * weight, 0);
        expect(output[(at.row - lost) * resultSide(state) + at.column - lost]).toBeCloseTo(sum, 4);
      }),
      { numRuns: 30 },
    ));

  it.each(presetNames)("%s multiplies a flat image by its sum", async (name) => {
    const sum = presets[name].cells.reduce((a: number, b) => a + b, 0) / presets[name].divisor;
    const output = await result({ ...first, ...presets[name] }, new Float32Array(SIDE * SIDE).fill(0.5));
    for (const value of output) expect(value).toBeCloseTo(0.5 * sum, 5);
    expect(sumSentence({ ...first, ...presets[name] })).toContain(`add up to ${Math.round(sum)}`);
    expect(nameOf({ ...first, ...presets[name] })).toBe(name);
  });

  it("rotated by 180° is another kernel, and rotated twice the same", () => {
    const { cells } = presets["left edges"];
    expect([...appliedKernel({ ...first, cells, flip: true })]).toEqual([...cells].reverse());
    expect([...appliedKernel({ ...first, cells: [...cells].reverse(), flip: true })]).toEqual([...cells]);
  });

  it("followed by another one equals their composition, away from the border", async () => {
    const then = "sharpen";
    const state: KernelsState = { ...first, ...presets.blur, border: "none", next: then };
    const image = sample("house");
    const twice = await convolution(thenRequestOf(state, await result(state, image))!);
    const both = composed(appliedKernel(state), presets[then].cells);
    const once = await convolution({
      ...requestOf(state, image),
      filters: Float32Array.from(both),
      filterShape: [5, 5, 1, 1],
    });
    expect(once.outputShape).toEqual(twice.outputShape);
    once.output.forEach((value, i) => expect(value).toBeCloseTo(twice.output[i]!, 5));
  });
});

it("the samples are images from 0 to 1, and none is flat", () => {
  for (const name of kernelsFields.image.options) {
    const pixels = sample(name);
    expect(Math.min(...pixels)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...pixels)).toBeLessThanOrEqual(1);
    expect(Math.max(...pixels) - Math.min(...pixels)).toBeGreaterThan(0.3);
  }
});
