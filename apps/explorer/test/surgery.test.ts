import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { reference } from "@convlens/backend-reference";
import { useBackend } from "@convlens/tensor";
import { surgery } from "../src/compute/surgery.ts";
import { shapeNames } from "../src/draw/shapes.ts";
import { initialState } from "../src/fields.ts";
import {
  CROP,
  differences,
  LARGE,
  mapOf,
  POSITIONS,
  requestOf,
  scoresAt,
  small,
  surgeryFields,
  vgg,
} from "../src/panels/surgery/model.ts";

const { fc2conv } = JSON.parse(readFileSync(join(import.meta.dirname, "../../../tools/golden/seed.json"), "utf8")) as {
  readonly fc2conv: { sizes: number[]; crops: number };
};
const first = initialState(surgeryFields);

beforeAll(() => useBackend(reference({ precision: "float64" })));

describe("a fully connected layer as a convolution", () => {
  it("gives the same logits for each crop, without padding", async () => {
    const answer = await surgery(requestOf({ padding: "0" }));
    expect(answer.positions).toBe(POSITIONS);
    expect(answer.crops).toHaveLength(POSITIONS ** 2 * shapeNames.length);
    expect(Math.max(...answer.crops)).toBeGreaterThan(8);
    expect(Math.max(...differences(answer))).toBeLessThan(1e-5);
    expect(answer.maps).toEqual([4, 4]);
    expect(answer.roundTrip).toBe(0);
    expect(answer.products.crops).toBeGreaterThan(3 * answer.products.sliding);
  });

  it("gives others with padding, where lines cross the border of a crop", async () => {
    const answer = await surgery(requestOf({ padding: "1" }));
    const found = differences(answer);
    expect(Math.max(...found)).toBeGreaterThan(0.1);
    // The cross is in the middle of its crop, so no lines are cut off.
    expect(found[POSITIONS + 1]).toBe(0);
  });

  it("finds each shape at its place", async () => {
    const answer = await surgery(requestOf({ padding: "0" }));
    const places = { cross: [2, 2], square: [2, 11], seven: [12, 3], hook: [11, 12] } as const;
    for (const name of shapeNames) {
      const [row, column] = places[name];
      const rows = scoresAt(answer, { row, column });
      expect(rows.reduce((a, b) => (b.crop > a.crop ? b : a)).name).toBe(name);
      const scores = mapOf(answer.sliding, name);
      expect(scores.indexOf(Math.max(...scores))).toBe((row - 1) * POSITIONS + column - 1);
      expect(CROP + (row - 1) * answer.stride).toBeLessThanOrEqual(LARGE);
    }
  });

  it("converts the layer of VGG", () => {
    expect([7, 384 / 32, vgg.positions]).toEqual(fc2conv.sizes);
    expect(vgg.positions ** 2).toBe(fc2conv.crops);
    expect(vgg.weights).toBe(102_760_448);
    expect(first.padding).toBe("0");
  });

  it("writes small numbers readably", () => {
    expect([0, 0.123, 3.14e-7].map(small)).toEqual(["0", "0.12", "3.1 · 10⁻⁷"]);
  });
});
