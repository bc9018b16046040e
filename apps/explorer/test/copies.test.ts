import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { reference } from "@convlens/backend-reference";
import { build, Conv2d, LocallyConnected2d, parameters, sequential, type Layer } from "@convlens/layers";
import { useBackend } from "@convlens/tensor";
import { initialState } from "../src/fields.ts";
import {
  census,
  copiesFields,
  countsOf,
  edgesOf,
  levelsOf,
  lookedAt,
  parametersOf,
  reachOf,
  unitsOf,
  type CopiesState,
} from "../src/panels/copies/model.ts";

const { alexConv1, colah } = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../../tools/golden/seed.json"), "utf8"),
) as { readonly alexConv1: Record<string, number>; readonly colah: Record<string, number[]> };

const first = initialState(copiesFields);
const within = (field: { least: number; most: number }): fc.Arbitrary<number> =>
  fc.integer({ min: field.least, max: field.most });
const states: fc.Arbitrary<CopiesState> = fc.record({
  dimensions: fc.constantFrom("1", "2"),
  inputs: within(copiesFields.inputs),
  rows: within(copiesFields.rows),
  window: within(copiesFields.window),
  stride: within(copiesFields.stride),
  layers: fc.constantFrom(...copiesFields.layers.options),
  features: within(copiesFields.features),
  inner: within(copiesFields.inner),
  untied: fc.boolean(),
  copy: fc.integer({ min: 1, max: 99 }),
});

beforeAll(() => useBackend(reference()));

const widths = (state: CopiesState): number[] =>
  levelsOf(state)
    .slice(0, -1)
    .map(({ width }) => width);

describe("the published diagrams", () => {
  it("nine inputs under a window of three: 7 copies, 21 connections, 3 weights and a bias", () => {
    expect(census(first)).toBe("9 x, 7 A, 1 F");
    expect(edgesOf(first).filter(({ to }) => to.name === "A")).toHaveLength(21);
    expect(parametersOf(first, false)).toEqual({ copies: 7, weights: 3, biases: 1 });
    expect(parametersOf(first, true)).toEqual({ copies: 7, weights: 21, biases: 7 });
  });

  it("in one dimension", () => {
    expect(widths({ ...first, window: 2, layers: "A B" })).toEqual(colah["A2B2"]);
    expect(widths({ ...first, window: 2, layers: "A max B" })).toEqual(colah["A2max2B2"]);
  });

  it("in two", () => {
    const grid: CopiesState = { ...first, dimensions: "2", window: 2 };
    const sizes = (state: CopiesState): number[][] =>
      levelsOf(state)
        .slice(1, -1)
        .map(({ width, height }) => [width, height]);
    expect(sizes(grid)).toEqual([colah["d2_9x5_A2"]]);
    expect(sizes({ ...grid, layers: "A B" })).toEqual(colah["d2_9x5_A2B2"]);
    expect(sizes({ ...grid, layers: "A max B" })).toEqual(colah["d2_9x5_A2max2B2"]);
  });

  it("the first layer of AlexNet: parameters with and without sharing", () => {
    const tied = countsOf(55 * 55, 363, 96, false);
    const untied = countsOf(55 * 55, 363, 96, true);
    expect(tied.weights + tied.biases).toBe(alexConv1["shared"]);
    expect(untied.weights + untied.biases).toBe(alexConv1["unshared"]);
  });
});

describe("in every diagram", () => {
  it("A has as many parameters as the layer of the library, shared or not", () =>
    fc.assert(
      fc.property(states, (state) => {
        const [x, A] = levelsOf({ ...state, layers: "A" });
        if (A?.window === undefined) return;
        const { height, width, stride } = A.window;
        const options = { filters: state.features, kernelSize: [height, width], stride, geometry: "floor" } as const;
        const within = { filters: state.inner, kernelSize: 1 } as const;
        const sizeOf = (layer: Layer): number =>
          [...parameters(build(layer, [x!.height, x!.width, 1])).values()].reduce((sum, { size }) => sum + size, 0);
        for (const [untied, layer] of [
          [false, state.inner === 0 ? new Conv2d(options) : sequential([new Conv2d(options), new Conv2d(within)])],
          [
            true,
            state.inner === 0
              ? new LocallyConnected2d(options)
              : sequential([new LocallyConnected2d(options), new LocallyConnected2d(within)]),
          ],
        ] as const) {
          const { weights, biases } = parametersOf({ ...state, layers: "A" }, untied);
          expect(weights + biases).toBe(sizeOf(layer));
        }
      }),
      { numRuns: 60 },
    ));

  it("connections have as many different weights as the count says, and join existing nodes", () =>
    fc.assert(
      fc.property(states, (state) => {
        const levels = levelsOf(state);
        const edges = edgesOf(state);
        const perFeature = new Set(edges.flatMap(({ weight }) => weight ?? [])).size;
        if (state.features === 1 && state.inner === 0)
          expect(perFeature).toBe(parametersOf(state, state.untied).weights);
        for (const { from, to } of edges)
          for (const { level, row, column } of [from, to]) {
            expect(row).toBeLessThan(levels[level]!.height);
            expect(column).toBeLessThan(levels[level]!.width);
          }
        const F = unitsOf(levels.at(-1)!, levels.length - 1)[0]!;
        expect(edges.filter(({ to }) => to.name === "F")).toHaveLength(levels.at(-2)!.width * levels.at(-2)!.height);
        expect(reachOf(state, F).length).toBeLessThanOrEqual(levels[0]!.width * levels[0]!.height);
        const looked = lookedAt(state);
        if (looked) expect(reachOf(state, looked)).toHaveLength(levels[1]!.window!.width * levels[1]!.window!.height);
      }),
      { numRuns: 60 },
    ));
});
