import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { reference } from "@convlens/backend-reference";
import { useBackend } from "@convlens/tensor";
import { pooling } from "../src/compute/pooling.ts";
import { initialState } from "../src/fields.ts";
import {
  edited,
  formulaOf,
  inputAt,
  positionsOf,
  poolingFields,
  requestOf,
  seenBy,
  selected,
  stepOf,
  summaryOf,
  usersOf,
  type PoolingState,
} from "../src/panels/pooling/model.ts";

const { maxpoolFig } = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../../tools/golden/seed.json"), "utf8"),
) as { readonly maxpoolFig: { x: number[][]; max: number[][]; avg: number[][]; l2: number[][]; argFlat: number[] } };

const first = initialState(poolingFields);
const within = (field: { least: number; most: number }): fc.Arbitrary<number> =>
  fc.integer({ min: field.least, max: field.most });
const states: fc.Arbitrary<PoolingState> = fc.record({
  size: within(poolingFields.size),
  kind: fc.constantFrom("max", "average", "L2"),
  window: within(poolingFields.window),
  stride: within(poolingFields.stride),
  step: fc.nat(63),
  direction: fc.constantFrom("forward", "backward"),
  one: fc.boolean(),
  edits: fc.dictionary(
    fc.tuple(fc.nat(7), fc.nat(7)).map(([row, column]) => `x${row}.${column}`),
    fc.integer({ min: -9, max: 9 }),
    { maxKeys: 5 },
  ),
});

beforeAll(() => useBackend(reference({ precision: "float64" })));

const lastNumber = (formula: string): number => Number(formula.split(" = ")[1]!.replace("−", "-"));

describe("the published map", () => {
  it("has the published numbers and results", async () => {
    expect(maxpoolFig.x).toEqual(
      [0, 1, 2, 3].map((row) => [0, 1, 2, 3].map((column) => inputAt(first, { row, column }))),
    );
    const pooled = async (kind: PoolingState["kind"]): Promise<number[]> => [
      ...(await pooling(requestOf({ ...first, kind })!)).output,
    ];
    expect(await pooled("max")).toEqual(maxpoolFig.max.flat());
    expect(await pooled("average")).toEqual(maxpoolFig.avg.flat());
    for (const [i, value] of (await pooled("L2")).entries()) expect(value).toBeCloseTo(maxpoolFig.l2.flat()[i]!, 5);
  });

  it("has the published largest inputs, and only they get a gradient", async () => {
    const { winners, gradient } = await pooling(requestOf({ ...first, direction: "backward" })!);
    expect([...winners!]).toEqual(maxpoolFig.argFlat);
    expect([...gradient!]).toEqual(Array.from({ length: 16 }, (_, i) => (maxpoolFig.argFlat.includes(i) ? 1 : 0)));
    expect(summaryOf(first)).toContain("4 of 16 numbers are left: 75 % are removed");
  });
});

describe("in every geometry", () => {
  it("the formula of each output gives the computed number", () =>
    fc.assert(
      fc.asyncProperty(states, async (state) => {
        const request = requestOf(state);
        const at = selected(state);
        expect(at === undefined).toBe(request === undefined);
        if (request === undefined || at === undefined) return;
        const { output, outputShape, winners } = await pooling(request);
        expect(outputShape).toEqual([positionsOf(state).positions, positionsOf(state).positions]);
        const values = seenBy(state, at).map((place) => inputAt(state, place));
        const expected = {
          max: Math.max(...values),
          average: values.reduce((a, b) => a + b) / values.length,
          L2: Math.hypot(...values),
        }[state.kind];
        const computed = output[stepOf(state, at)]!;
        expect(computed).toBeCloseTo(expected, 5);
        expect(lastNumber(formulaOf(state, at, computed))).toBeCloseTo(expected, 1);
        if (winners !== undefined) {
          const winner = winners[stepOf(state, at)]!;
          expect(inputAt(state, { row: Math.floor(winner / state.size), column: winner % state.size })).toBe(expected);
        }
      }),
      { numRuns: 80 },
    ));

  it("the gradients of max and average pooling add up to those of the outputs", () =>
    fc.assert(
      fc.asyncProperty(states, async (state) => {
        const request = requestOf({ ...state, direction: "backward", kind: state.kind === "L2" ? "max" : state.kind });
        if (request === undefined) return;
        const { gradient } = await pooling(request);
        const sum = (values: Float32Array): number => values.reduce((a, b) => a + b, 0);
        expect(sum(gradient!)).toBeCloseTo(sum(request.outputGradient!), 4);
      }),
      { numRuns: 60 },
    ));

  it("a place is read by exactly the outputs whose windows contain it", () =>
    fc.assert(
      fc.property(states, fc.nat(7), fc.nat(7), (state, row, column) => {
        const at = { row: row % state.size, column: column % state.size };
        const { positions } = positionsOf(state);
        const all = Array.from({ length: positions * positions }, (_, step) => selected({ ...state, step })!);
        const over = all.filter((output) =>
          seenBy(state, output).some((seen) => seen.row === at.row && seen.column === at.column),
        );
        expect(usersOf(state, at)).toEqual(over);
      }),
    ));

  it("an edited number is pooled", async () => {
    const state = { ...first, ...edited(first, { row: 0, column: 0 }, 9) };
    expect((await pooling(requestOf(state)!)).output[0]).toBe(9);
  });
});
