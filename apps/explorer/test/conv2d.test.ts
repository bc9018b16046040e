import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { reference } from "@convlens/backend-reference";
import { useBackend } from "@convlens/tensor";
import { convolution } from "../src/compute/convolution.ts";
import { initialState } from "../src/fields.ts";
import {
  biasAt,
  conv2dFields,
  countsOf,
  editedInput,
  fitOf,
  groupsOf,
  requestOf,
  selected,
  stepOf,
  stepsOf,
  termsOf,
  usersOf,
  type Cell,
  type Conv2dState,
} from "../src/panels/conv2d/model.ts";

const { convDemo, outputSize } = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../../tools/golden/seed.json"), "utf8"),
) as {
  readonly convDemo: {
    O: number[][][];
    steps: number;
    params: number;
    macsPerStep: number;
    grad_ones: Record<string, unknown>;
  };
  readonly outputSize: { W: number; F: number; S: number; P: number; out: number; valid: boolean }[];
};
const first = initialState(conv2dFields);
const within = (field: { least: number; most: number }): fc.Arbitrary<number> =>
  fc.integer({ min: field.least, max: field.most });
const states: fc.Arbitrary<Conv2dState> = fc.record({
  size: within(conv2dFields.size),
  channels: within(conv2dFields.channels),
  filters: within(conv2dFields.filters),
  window: within(conv2dFields.window),
  stride: within(conv2dFields.stride),
  padding: within(conv2dFields.padding),
  dilation: within(conv2dFields.dilation),
  groups: within(conv2dFields.groups),
  step: fc.nat(200),
  direction: fc.constantFrom("forward", "backward"),
  one: fc.boolean(),
  matrix: fc.constant("none"),
  edits: fc.constant({}),
});

beforeAll(() => useBackend(reference()));

/** Row-major numbers `[…, c]` as nested `[c][…]`, as the golden values have them. */
const map = (values: ArrayLike<number>, [h, w, c]: readonly number[], channel: number): number[][] =>
  Array.from({ length: h! }, (_, y) => Array.from({ length: w! }, (_, x) => values[(y * w! + x) * c! + channel]!));

describe("the demo", () => {
  it("gives the published outputs, gradients and counts", async () => {
    const request = requestOf({ ...first, direction: "backward" })!;
    const { output, outputShape, gradients } = await convolution(request);
    expect([0, 1].map((filter) => map(output, outputShape, filter))).toEqual(convDemo.O);
    expect([0, 1, 2].map((channel) => map(gradients!.input, [5, 5, 3], channel))).toEqual(convDemo.grad_ones["dX"]);
    const dW = [0, 1].map((f) =>
      [0, 1, 2].map((c) =>
        map(
          gradients!.filters.filter((_, i) => i % 2 === f),
          [3, 3, 3],
          c,
        ),
      ),
    );
    expect(dW).toEqual(convDemo.grad_ones["dW"]);
    expect([...gradients!.bias]).toEqual(convDemo.grad_ones["db"]);
    expect(stepsOf(first)).toBe(convDemo.steps);
    expect(termsOf(first, selected(first)!)).toHaveLength(convDemo.macsPerStep);
    expect(countsOf(first)).toEqual({ parameters: convDemo.params, products: convDemo.steps * convDemo.macsPerStep });
  });

  it("computes with an edited number", async () => {
    const state = { ...first, ...editedInput(first, { channel: 0, row: 0, column: 0 }, 5) };
    const { output } = await convolution(requestOf(state)!);
    expect(output[0]).toBe(convDemo.O[0]![0]![0]! - 5);
  });
});

describe("in every geometry", () => {
  it("the terms add up to the computed output", () =>
    fc.assert(
      fc.asyncProperty(states, async (state) => {
        const request = requestOf(state);
        const at = selected(state);
        expect(at === undefined).toBe(request === undefined);
        if (request === undefined || at === undefined) return;
        const { output, outputShape } = await convolution(request);
        const sum = termsOf(state, at).reduce((total, { value, weight }) => total + value * weight, 0);
        expect(sum + biasAt(state, at.channel)).toBe(map(output, outputShape, at.channel)[at.row]![at.column]);
        expect(stepOf(state, at)).toBe(Math.min(state.step, stepsOf(state) - 1));
      }),
      { numRuns: 60 },
    ));

  it("an output reads an input exactly if the input is among its products", () =>
    fc.assert(
      fc.property(states, fc.nat(3), fc.nat(8), fc.nat(8), (state, channel, row, column) => {
        const at = { channel: channel % state.channels, row: row % state.size, column: column % state.size };
        const name = (cell: Cell): string => JSON.stringify(cell);
        const found = usersOf(state, at)
          .map((user) => stepOf(state, user))
          .sort((a, b) => a - b);
        const looked = Array.from({ length: stepsOf(state) }, (_, step) => step).filter((step) =>
          termsOf(state, selected({ ...state, step })!).some((term) => name(term.at) === name(at)),
        );
        expect(found).toEqual(looked);
      }),
      { numRuns: 40 },
    ));

  it("each offered fix makes the windows fit", () =>
    fc.assert(
      fc.property(states, (state) => {
        const { problem, fixes, exact, positions } = fitOf(state);
        expect(problem === undefined).toBe(Number.isInteger(exact) && exact > 0);
        if (problem === undefined) expect(positions).toBe(exact);
        for (const { change } of fixes) expect(fitOf({ ...state, ...change }).problem).toBeUndefined();
      }),
    ));

  it("groups divide channels and filters", () =>
    fc.assert(
      fc.property(states, (state) => {
        for (const groups of groupsOf(state)) expect((state.channels % groups) + (state.filters % groups)).toBe(0);
      }),
    ));
});

it.each(outputSize)("W = $W, F = $F, S = $S, P = $P: $out positions", ({ W, F, S, P, out, valid }) => {
  const { exact, problem } = fitOf({ ...first, size: W, window: F, stride: S, padding: P });
  expect(exact).toBeCloseTo(out, 12);
  expect(problem === undefined).toBe(valid);
});
