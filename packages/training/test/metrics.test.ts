import { describe, expect, it } from "vitest";
import {
  accuracy,
  classScores,
  confusionMatrix,
  cosineDecay,
  exponentialDecay,
  macro,
  onPlateau,
  oneCycle,
  stepDecay,
  topK,
  warmUp,
  type EpochRecord,
} from "../src/index.ts";

describe("metrics", () => {
  const labels = [0, 0, 1, 1, 2, 2];
  const predicted = [0, 1, 1, 1, 2, 0];

  it("accuracy, confusion, precision, recall, F1", () => {
    expect(accuracy(predicted, labels)).toBeCloseTo(4 / 6);
    const matrix = confusionMatrix(predicted, labels, 3);
    expect(matrix).toEqual([
      [1, 1, 0],
      [0, 2, 0],
      [1, 0, 1],
    ]);
    const scores = classScores(matrix);
    expect(scores[1]!.precision).toBeCloseTo(2 / 3);
    expect(scores[1]!.recall).toBe(1);
    expect(scores[1]!.f1).toBeCloseTo(0.8);
    expect(macro(scores, "f1")).toBeCloseTo((0.5 + 0.8 + 2 / 3) / 3);
    // A class that nobody is, and that nothing is taken for.
    expect(
      classScores([
        [1, 0],
        [0, 0],
      ])[1],
    ).toEqual({ precision: NaN, recall: NaN, f1: 0 });
  });

  it("the label among the k best", () => {
    const scores = [0.1, 0.7, 0.2, 0.5, 0.3, 0.2];
    expect([topK(scores, [2, 2], 1), topK(scores, [2, 2], 2), topK(scores, [2, 2], 3)]).toEqual([0, 0.5, 1]);
  });

  it("refuse what does not fit", () => {
    expect(() => accuracy([1], [1, 2])).toThrow("as many predictions as labels");
    expect(() => accuracy([], [])).toThrow("at least one");
    expect(() => confusionMatrix([3], [0], 3)).toThrow("must be below the 3 classes");
    expect(() => topK([1, 2, 3], [0, 1], 1)).toThrow("do not make rows");
  });
});

describe("schedules", () => {
  const at = (step: number, epoch = 0, history: EpochRecord[] = []) => ({ step, steps: 100, epoch, history });
  const epoch = (testLoss: number): EpochRecord => ({
    kind: "epoch",
    epoch: 0,
    step: 0,
    loss: 9,
    accuracy: 0,
    testLoss,
    imagesPerSecond: 1,
    stopped: false,
  });

  it("go as their names say", () => {
    expect([0, 2, 3, 6].map((e) => stepDecay(1, { epochs: 3 })(at(0, e)))).toEqual([
      1,
      1,
      0.1,
      expect.closeTo(0.01, 12),
    ]);
    expect(exponentialDecay(1, { factor: 0.5 })(at(0, 3))).toBe(0.125);
    const cosine = cosineDecay(1, { end: 0.2 });
    expect([cosine(at(0)), cosine(at(50)), cosine(at(100))]).toEqual([
      1,
      expect.closeTo(0.6, 12),
      expect.closeTo(0.2, 12),
    ]);
    const warm = warmUp(10, 2);
    expect([warm(at(0)), warm(at(4)), warm(at(9)), warm(at(50))]).toEqual([0.2, 1, 2, 2]);
    const cycle = oneCycle(1);
    const rates = Array.from({ length: 100 }, (_, step) => cycle(at(step)));
    expect(rates[0]).toBeCloseTo(1 / 25, 12);
    expect(Math.max(...rates)).toBeGreaterThan(0.999);
    expect(rates.indexOf(Math.max(...rates))).toBe(30);
    expect(rates[99]).toBeCloseTo(1e-4, 12);
  });

  it("a plateau is waited out, then the rate falls", () => {
    const schedule = onPlateau(1, { patience: 1, factor: 0.5 });
    const rates = [[], [3], [3, 2], [3, 2, 2], [3, 2, 2, 2], [3, 2, 2, 2, 2], [3, 2, 2, 2, 2, 2], [3, 2, 2, 2, 1]].map(
      (losses) => schedule(at(0, 0, losses.map(epoch))),
    );
    expect(rates).toEqual([1, 1, 1, 1, 0.5, 0.5, 0.25, 0.5]);
  });
});
