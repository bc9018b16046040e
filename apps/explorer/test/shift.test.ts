import { beforeAll, describe, expect, it } from "vitest";
import { reference } from "@convlens/backend-reference";
import { useBackend } from "@convlens/tensor";
import { shapes } from "../src/compute/shapes.ts";
import {
  changedBy,
  mapAt,
  MIDDLE,
  ownScores,
  PLACES,
  placeOf,
  requestOf,
  rightAt,
  scoresAt,
} from "../src/panels/shift/model.ts";
import { drawShape, FAR, shapeNames, SIDE } from "../src/draw/shapes.ts";

beforeAll(() => useBackend(reference()));

describe("a shape that is moved", () => {
  it("keeps all of its pixels at every place", () => {
    for (const name of shapeNames) {
      const ink = drawShape(name, 0, 0).reduce((sum, pixel) => sum + pixel);
      for (const [down, right] of [
        [-FAR, -FAR],
        [FAR, -FAR],
        [0, FAR],
        [FAR, FAR],
      ] as const)
        expect(drawShape(name, down, right).reduce((sum, pixel) => sum + pixel)).toBe(ink);
    }
  });

  it.each(shapeNames)(
    "%s is known in the middle, whatever is pooled, and moves its maps along with it",
    async (shape) => {
      for (const kind of ["max", "average", "L2"] as const)
        for (const block of [1, 2, 4, 8]) {
          const answer = await shapes(requestOf({ shape, kind }, block));
          const shares = scoresAt(answer, MIDDLE);
          expect(shares.indexOf(Math.max(...shares))).toBe(shapeNames.indexOf(shape));
          expect(shares.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
          expect(changedBy(answer.before, SIDE, MIDDLE).changed).toBe(0);
          expect(ownScores(answer, shape)[MIDDLE]).toBe(shares[shapeNames.indexOf(shape)]);
          expect(answer.pooled).toBe(SIDE / block);
          const moved = mapAt(answer.before, SIDE, placeOf({ down: 1, right: 2 }), 0);
          const still = mapAt(answer.before, SIDE, MIDDLE, 0);
          expect(moved[(8 + 1) * SIDE + 7 + 2]).toBe(still[8 * SIDE + 7]);
        }
    },
  );

  it("by one pixel is misclassified without pooling, and recognized with it", async () => {
    const place = placeOf({ down: 0, right: 1 });
    const best = async (block: number): Promise<string | undefined> => {
      const shares = scoresAt(await shapes(requestOf({ shape: "cross", kind: "max" }, block)), place);
      return shapeNames[shares.indexOf(Math.max(...shares))];
    };
    expect(await best(1)).toBe("square");
    for (const block of [2, 4, 8]) expect(await best(block)).toBe("cross");
  });

  it("within a block does not change the pooled map", async () => {
    const answer = await shapes(requestOf({ shape: "square", kind: "max" }, 8));
    const place = placeOf({ down: 0, right: 1 });
    expect(changedBy(answer.before, SIDE, place).changed).toBeGreaterThan(50);
    expect(changedBy(answer.after, answer.pooled, place).changed).toBe(0);
    expect(rightAt(answer, "square")).toBeLessThan(PLACES * PLACES);
  });
});
