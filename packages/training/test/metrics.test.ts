import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  accuracy,
  classScores,
  confusionMatrix,
  cosineDecay,
  exponentialDecay,
  macro,
  oneCycle,
  stepDecay,
  topK,
  warmUp,
  type EpochRecord,
} from "../src/index.ts";

describe("metrics", () => {
  const labels = [0, 0, 1, 1, 2, 2];
  const predicted = [0, 1, 1, 1, 2, 0];

  it("include accuracy, confusion, precision, recall and F1", () => {
    expect(accuracy(predicted, labels)).toBeCloseTo(4 / 6);
    const matrix = confusionMatrix(predicted, labels, 3);
    expect(matrix).toEqual([
      [1, 1, 0],
      [0, 2, 0],
      [1, 0, 1],
    ]);
    const scores = classScores(matrix);
    expect(scores[1]?.precision).toBeCloseTo(2 / 3);
    expect(scores[1]?.recall).toBe(1);
    expect(scores[1]?.f1).toBeCloseTo(0.8);
    expect(macro(scores, "f1")).toBeCloseTo((0.5 + 0.8 + 2 / 3) / 3);
    // A class that never occurs and is never predicted.
    expect(
      classScores([
        [1, 0],
        [0, 0],
      ])[1],
    ).toEqual({ precision: NaN, recall: NaN, f1: NaN });
  });

  it("include macro scores as in scikit-learn 1.9.1, with zero_division at its default", () => {
    // precision_recall_fscore_support(labels, predicted, average="macro")
    const golden = [
      { labels: [0, 0, 1, 1], predicted: [0, 0, 1, 1], classes: 5, is: [1, 1, 1] },
      { labels: [0, 1, 1, 3], predicted: [0, 0, 1, 1], classes: 4, is: [1 / 3, 0.5, 7 / 18] },
      { labels: [0, 0], predicted: [1, 1], classes: 3, is: [0, 0, 0] },
      { labels: [2, 2, 0], predicted: [2, 2, 2], classes: 4, is: [1 / 3, 0.5, 0.4] },
    ];
    for (const { labels: are, predicted: taken, classes, is } of golden) {
      const found = classScores(confusionMatrix(taken, are, classes));
      expect((["precision", "recall", "f1"] as const).map((score) => macro(found, score))).toEqual(
        is.map((x) => expect.closeTo(x, 12)),
      );
    }
    expect(macro([], "f1")).toBeNaN();
  });

  it("include macro scores that do not depend on classes that never occur", () => {
    const pairs = fc.array(fc.tuple(fc.nat(4), fc.nat(4)), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(pairs, fc.integer({ min: 5, max: 9 }), (both, classes) => {
        const scoresOf = (count: number): readonly number[] => {
          const found = classScores(
            confusionMatrix(
              both.map(([a]) => a),
              both.map(([, b]) => b),
              count,
            ),
          );
          return [macro(found, "precision"), macro(found, "recall"), macro(found, "f1")];
        };
        expect(scoresOf(classes)).toEqual(scoresOf(5));
        if (both.every(([a, b]) => a === b)) expect(scoresOf(5)).toEqual([1, 1, 1]);
      }),
    );
  });

  it("include top-k accuracy", () => {
    const scores = [0.1, 0.7, 0.2, 0.5, 0.3, 0.2];
    expect([topK(scores, [2, 2], 1), topK(scores, [2, 2], 2), topK(scores, [2, 2], 3)]).toEqual([0, 0.5, 1]);
  });

  it("rank NaN first and the first of equal logits first in top-k accuracy", () => {
    const score = fc.constantFrom(NaN, -Infinity, -1, 0, 0, 1, Infinity);
    const rows = fc.array(fc.tuple(score, score, score), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 4 }), fc.nat(2), (all, k, label) => {
        const place = (row: readonly number[]): number => {
          const rank = (c: number): number =>
            Number.isNaN(row[c]) ? 2 : row[c] === -Infinity ? -2 : Math.atan(row[c]!);
          return [0, 1, 2].sort((a, b) => rank(b) - rank(a) || a - b).indexOf(label);
        };
        const right = all.filter((row) => !Number.isNaN(row[label]) && place(row) < k);
        const labels = all.map(() => label);
        expect(topK(all.flat(), labels, k)).toBe(right.length / all.length);
      }),
    );
  });

  it("give a top-1 accuracy that equals the accuracy, also for ties; a net that returns NaN is never right", () => {
    expect(topK([0, 0, 0, 0], [0, 1], 1)).toBe(0.5);
    expect(topK([NaN, NaN, NaN, NaN], [0, 1], 2)).toBe(0);
  });

  it("refuse arguments that do not fit together", () => {
    expect(() => accuracy([1], [1, 2])).toThrow("as many predictions as labels");
    expect(() => accuracy([], [])).toThrow("at least one");
    expect(() => confusionMatrix([3], [0], 3)).toThrow(
      "confusionMatrix: predicted[0] must be a whole number below 3, the number of classes, got 3",
    );
    expect(() => confusionMatrix([0], [0.5], 3)).toThrow(
      "confusionMatrix: labels[0] must be a whole number below 3, the number of classes, got 0.5",
    );
    expect(() => confusionMatrix([0], [0], 0)).toThrow("classes must be a whole number of at least 1, got 0");
    expect(() => classScores([[1, 0]])).toThrow("classScores: the confusion matrix must be square, got 1 rows of 2");
    expect(() => topK([1, 2, 3], [0, 1], 1)).toThrow("topK: expected a row of scores for each of");
    expect(() => topK([], [0], 1)).toThrow("topK: expected a row of scores for each of");
    for (const label of [2, 5, -1, 0.5, NaN])
      expect(() => topK([1, 2], [label], 1)).toThrow(
        `labels[0] must be a whole number below 2, the number of classes, got ${label}`,
      );
    for (const k of [0, -1, NaN, 1.5]) expect(() => topK([1, 2], [0], k)).toThrow("k must be a whole number");
  });
});

describe("schedules", () => {
  const at = (step: number, epoch = 0, history: EpochRecord[] = []) => ({ step, steps: 100, epoch, history });
  it("follow the formulas of their names", () => {
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
});
