import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  begins,
  cellsOf,
  fitFields,
  fitOf,
  fixesOf,
  formulaOf,
  whyNot,
  type FitState,
} from "../src/panels/fit/model.ts";

const { outputSize } = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../../tools/golden/seed.json"), "utf8"),
) as { readonly outputSize: (FitState & { out: number; valid: boolean })[] };
const within = ({ least, most }: { least: number; most: number }): fc.Arbitrary<number> =>
  fc.integer({ min: least, max: Math.min(most, 40) });
const states: fc.Arbitrary<FitState> = fc.record({
  W: within(fitFields.W),
  F: within(fitFields.F),
  S: within(fitFields.S),
  P: within(fitFields.P),
});

describe("whether a window fits", () => {
  it.each(outputSize)("W = $W, F = $F, S = $S, P = $P: $out", ({ W, F, S, P, out, valid }) => {
    const state = { W, F, S, P };
    expect(fitOf(state).fits).toBe(valid);
    expect(fitOf(state).output).toBe(Math.floor(out));
    expect(formulaOf(state)).toContain(`= ${Math.round(out * 100) / 100}`);
    expect(whyNot(state) === undefined).toBe(valid);
  });

  it("each window lies on the line, and inputs that no window reads are reported", () =>
    fc.assert(
      fc.property(states, (state) => {
        const cells = cellsOf(state);
        const windows = begins(state);
        expect(cells.filter(({ isPadding }) => !isPadding)).toHaveLength(state.W);
        expect(cells.reduce((sum, { seen }) => sum + seen, 0)).toBe(windows.length * state.F);
        expect(cells.filter(({ isDropped }) => isDropped)).toHaveLength(windows.length > 0 ? fitOf(state).dropped : 0);
        for (const { isDropped, seen } of cells) if (isDropped) expect(seen).toBe(0);
      }),
    ));

  it("each offered fix makes the windows fit, and a sentence says when no padding does", () =>
    fc.assert(
      fc.property(states, (state) => {
        const fixes = fixesOf(state);
        expect(fixes.length > 0).toBe(!fitOf(state).fits);
        for (const { change } of fixes) expect(fitOf({ ...state, ...change }).fits).toBe(true);
        if (whyNot(state)?.includes("No padding")) expect(fixes.some(({ text }) => text.startsWith("P"))).toBe(false);
      }),
    ));

  it("no padding fits W = 10, F = 3, S = 2", () => {
    const state = { W: 10, F: 3, S: 2, P: 0 };
    expect(whyNot(state)).toContain("No padding fixes that");
    expect(fixesOf(state).map(({ text }) => text)).toEqual(["W = 9", "W = 11", "F = 2", "F = 4", "S = 1", "S = 7"]);
  });
});
