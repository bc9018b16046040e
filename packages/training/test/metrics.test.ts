import { reference } from "@convlens/backend-reference";
import { absolute, max, subtract, useBackend } from "@convlens/tensor";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import {
  accuracy,
  binaryAccuracy,
  boxIou,
  classScores,
  confusionMatrix,
  cosineDecay,
  dice,
  exactMatch,
  exponentialDecay,
  f1,
  iou,
  macro,
  mae,
  meanOf,
  metricOf,
  mse,
  oneCycle,
  precision,
  psnr,
  r2,
  recall,
  rmse,
  rocAuc,
  ssim,
  stepDecay,
  topK,
  warmUp,
  type EpochRecord,
  type Metric,
} from "../src/index.ts";
import { measured } from "./measured.ts";

beforeAll(() => useBackend(reference()));

/** Scores of three classes or more that predict these classes. */
const scoresFor = (predicted: readonly number[], classes: number): number[][] =>
  predicted.map((c) => Array.from({ length: classes }, (_, i) => (i === c ? 2 : i / 10)));

describe("metrics of classes", () => {
  const labels = [0, 0, 1, 1, 2, 2];
  const predicted = [0, 1, 1, 1, 2, 0];
  const scores = scoresFor(predicted, 3);

  it("include accuracy, confusion, precision, recall and F1", async () => {
    expect(await measured(accuracy, scores, labels)).toBeCloseTo(4 / 6);
    const matrix = await measured(confusionMatrix, scores, labels);
    expect(matrix).toEqual([
      [1, 1, 0],
      [0, 2, 0],
      [1, 0, 1],
    ]);
    const each = classScores(matrix);
    expect(each[1]?.precision).toBeCloseTo(2 / 3);
    expect(each[1]?.recall).toBe(1);
    expect(each[1]?.f1).toBeCloseTo(0.8);
    expect(macro(each, "f1")).toBeCloseTo((0.5 + 0.8 + 2 / 3) / 3);
    expect(await measured(precision({ label: 1 }), scores, labels)).toBeCloseTo(2 / 3);
    expect(await measured(recall({ average: "none" }), scores, labels)).toEqual([0.5, 1, 0.5]);
    expect(await measured(f1, scores, labels)).toBeCloseTo((0.5 + 0.8 + 2 / 3) / 3);
    // A class that occurs neither in labels nor in predictions.
    expect(
      classScores([
        [1, 0],
        [0, 0],
      ])[1],
    ).toEqual({ precision: NaN, recall: NaN, f1: NaN });
  });

  it("include macro scores as in scikit-learn 1.9.1, with zero_division at its default", async () => {
    // precision_recall_fscore_support(labels, predicted, average="macro")
    const golden = [
      { labels: [0, 0, 1, 1], predicted: [0, 0, 1, 1], classes: 5, is: [1, 1, 1] },
      { labels: [0, 1, 1, 3], predicted: [0, 0, 1, 1], classes: 4, is: [1 / 3, 0.5, 7 / 18] },
      { labels: [0, 0], predicted: [1, 1], classes: 3, is: [0, 0, 0] },
      { labels: [2, 2, 0], predicted: [2, 2, 2], classes: 4, is: [1 / 3, 0.5, 0.4] },
    ];
    for (const { labels: are, predicted: taken, classes, is } of golden) {
      const found = classScores(await measured(confusionMatrix, scoresFor(taken, classes), are));
      const expected = is.map((x) => expect.closeTo(x, 12));
      expect((["precision", "recall", "f1"] as const).map((score) => macro(found, score))).toEqual(expected);
      for (const [i, metric] of [precision, recall, f1].entries())
        expect(await measured(metric, scoresFor(taken, classes), are)).toBeCloseTo(is[i]!, 12);
    }
    expect(macro([], "f1")).toBeNaN();
  });

  it("the examples of scikit-learn's documentation", async () => {
    // f1_score
    const three = scoresFor([0, 2, 1, 0, 0, 1], 3);
    const are = [0, 1, 2, 0, 1, 2];
    expect(await measured(f1({ average: "none" }), three, are)).toEqual([0.8, 0, 0]);
    expect(await measured(f1({ average: "micro" }), three, are)).toBeCloseTo(1 / 3, 12);
    // jaccard_score: several labels at once, and classes
    const truth = [
      [0, 1, 1],
      [1, 1, 0],
    ];
    const logits = [
      [1, 1, 1],
      [1, -1, -1],
    ];
    expect(await measured(iou({ average: "none" }), logits, truth)).toEqual([0.5, 0.5, 1]);
    expect(await measured(iou, logits, truth)).toBeCloseTo(2 / 3, 12);
    expect(await measured(iou({ average: "micro" }), logits, truth)).toBeCloseTo(0.6, 12);
    expect(await measured(iou({ average: "none" }), scoresFor([0, 2, 1, 2], 3), [0, 1, 2, 2])).toEqual([1, 0, 1 / 3]);
    expect(await measured(exactMatch, logits, truth)).toBe(0);
    expect(await measured(binaryAccuracy, logits, truth)).toBeCloseTo(4 / 6, 12);
    // roc_auc_score
    expect(await measured(rocAuc, [0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])).toBe(0.75);
  });

  it("include macro scores that do not depend on classes that never occur", async () => {
    const pairs = fc.array(fc.tuple(fc.nat(4), fc.nat(4)), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(pairs, fc.integer({ min: 5, max: 9 }), async (both, classes) => {
        const scoresOf = async (count: number): Promise<readonly number[]> => {
          const guesses = scoresFor(
            both.map(([a]) => a),
            count,
          );
          const found = classScores(
            await measured(
              confusionMatrix,
              guesses,
              both.map(([, b]) => b),
            ),
          );
          return [macro(found, "precision"), macro(found, "recall"), macro(found, "f1")];
        };
        expect(await scoresOf(classes)).toEqual(await scoresOf(5));
        if (both.every(([a, b]) => a === b)) expect(await scoresOf(5)).toEqual([1, 1, 1]);
      }),
      { numRuns: 30 },
    );
  });

  it("include top-k accuracy", async () => {
    const rows = [
      [0.1, 0.7, 0.2],
      [0.5, 0.3, 0.2],
    ];
    const all = await Promise.all([1, 2, 3].map((k) => measured(topK(k), rows, [2, 2])));
    expect(all).toEqual([0, 0.5, 1]);
  });

  it("rank NaN first and the first of equal logits first in top-k accuracy", async () => {
    const score = fc.constantFrom(NaN, -Infinity, -1, 0, 0, 1, Infinity);
    const rows = fc.array(fc.tuple(score, score, score), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(rows, fc.integer({ min: 1, max: 4 }), fc.nat(2), async (all, k, label) => {
        const place = (row: readonly number[]): number => {
          const rank = (c: number): number =>
            Number.isNaN(row[c]) ? 2 : row[c] === -Infinity ? -2 : Math.atan(row[c]!);
          return [0, 1, 2].sort((a, b) => rank(b) - rank(a) || a - b).indexOf(label);
        };
        const right = all.filter((row) => !Number.isNaN(row[label]) && place(row) < k);
        const are = all.map(() => label);
        expect(await measured(topK(k), all, are)).toBe(right.length / all.length);
      }),
    );
  });

  it("give a top-1 accuracy that equals the accuracy, also for ties; a net that returns NaN is never right", async () => {
    const ties = [
      [0, 0],
      [0, 0],
    ];
    expect(await measured(topK(1), ties, [0, 1])).toBe(0.5);
    expect(await measured(accuracy, ties, [0, 1])).toBe(0.5);
    const dead = [
      [NaN, NaN],
      [NaN, NaN],
    ];
    for (const metric of [accuracy, topK(2), precision, recall, f1, iou, dice] as Metric[])
      expect(await measured(metric, dead, [0, 1])).toBe(0);
    expect(await measured(confusionMatrix, dead, [0, 1])).toEqual([
      [0, 0],
      [0, 0],
    ]);
    for (const metric of [binaryAccuracy, exactMatch, rocAuc, recall] as Metric[])
      expect(await measured(metric, [[NaN], [NaN]], [[0], [1]])).toBe(0);
  });

  it("a score of ∞ is a number, and −∞ excludes a class", async () => {
    const rows = [
      [Infinity, -Infinity, 0],
      [-Infinity, 3, -Infinity],
    ];
    for (const metric of [accuracy, topK(1), f1, iou] as Metric[]) expect(await measured(metric, rows, [0, 1])).toBe(1);
    expect(await measured(rocAuc, [Infinity, 2, -Infinity], [1, 0, 0])).toBe(1);
  });

  it("labels that are ignored do not count", async () => {
    const row = fc.tuple(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -3, max: 3 }));
    const label = fc.constantFrom(0, 1, 255);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(row, label), { minLength: 1, maxLength: 8 }), async (all) => {
        const kept = all.filter(([, own]) => own !== 255);
        fc.pre(kept.length > 0);
        const of = (pairs: typeof all): [number[][], number[]] => [
          pairs.map(([x]) => [...x]),
          pairs.map(([, own]) => own),
        ];
        const options = { ignoreLabel: 255 };
        for (const metric of [accuracy, f1, precision, recall, iou, dice])
          expect(await measured(metric(options), ...of(all))).toEqual(await measured(metric, ...of(kept)));
        expect(await measured(confusionMatrix(options), ...of(all))).toEqual(
          await measured(confusionMatrix, ...of(kept)),
        );
        const binary = (pairs: typeof all): [number[][], number[][]] => [
          pairs.map(([[x]]) => [x]),
          pairs.map(([, own]) => [own]),
        ];
        for (const metric of [binaryAccuracy, iou, dice, precision])
          expect(await measured(metric(options), ...binary(all))).toEqual(await measured(metric, ...binary(kept)));
      }),
      { numRuns: 20 },
    );
  });

  it("are those of pixels for maps of labels and for masks", async () => {
    // Two images of 1 × 2 pixels.
    const maps = [[scoresFor([0, 2], 3)], [scoresFor([1, 1], 3)]];
    const labelMaps = [[[0, 2]], [[1, 0]]];
    expect(await measured(accuracy, maps, labelMaps)).toBe(0.75);
    expect(await measured(iou({ average: "none" }), maps, labelMaps)).toEqual([0.5, 0.5, 1]);
    const masks = [[[[1], [-1]]], [[[2], [-3]]]];
    const maskTargets = [[[[1], [1]]], [[[0], [0]]]];
    expect(await measured(iou, masks, maskTargets)).toBeCloseTo(1 / 3, 12);
    expect(await measured(dice, masks, maskTargets)).toBe(0.5);
    expect(await measured(confusionMatrix, masks, maskTargets)).toEqual([
      [1, 1],
      [1, 1],
    ]);
  });

  it("the area under the ROC curve is the share of pairs in the right order, to the width of a threshold", async () => {
    const logit = fc.double({ min: -20, max: 20, noNaN: true });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(logit, fc.boolean()), { minLength: 2, maxLength: 40 }), async (all) => {
        const [positive, negative] = [true, false].map((is) => all.filter(([, own]) => own === is).map(([x]) => x));
        fc.pre(positive!.length > 0 && negative!.length > 0);
        let [pairs, close] = [0, 0];
        for (const a of positive!)
          for (const b of negative!) {
            pairs += a > b ? 1 : a === b ? 0.5 : 0;
            if (Math.abs(a / (1 + Math.abs(a)) - b / (1 + Math.abs(b))) < 2.1 / 511) close++;
          }
        const count = positive!.length * negative!.length;
        const [x, y] = [all.map(([value]) => value), all.map(([, own]) => Number(own))];
        const found = await measured(rocAuc, x, y);
        expect(Math.abs(found - pairs / count)).toBeLessThanOrEqual((0.5 * close) / count + 1e-6);
        // Two classes: only the difference of their scores counts.
        const two = await measured(
          rocAuc,
          x.map((value) => [1, 1 + value]),
          y,
        );
        expect(Math.abs(two - pairs / count)).toBeLessThanOrEqual((0.5 * close) / count + 1e-6);
      }),
      { numRuns: 30 },
    );
  });

  it("refuse arguments that do not fit together", async () => {
    // A label that is not a class is never right.
    for (const label of [2, 5, -1, 0.5, NaN])
      for (const metric of [topK(1), topK(2), accuracy]) expect(await measured(metric, [[1, 2]], [label])).toBe(0);
    for (const k of [0, -1, NaN, 1.5]) expect(() => topK(k)).toThrow("topK: k must be a whole number");
    await expect(measured(accuracy, [[1], [2]], [0, 1])).rejects.toThrow(
      "accuracy: expected scores of two classes or more […, classes] and labels […], got outputs [2, 1] and targets [2]; use binaryAccuracy",
    );
    await expect(measured(f1, [[1, 2]], [[0], [1]])).rejects.toThrow(/^f1: expected scores of two classes or more/);
    await expect(measured(f1({ label: 2 }), [[1, 2]], [0])).rejects.toThrow("label must be below 2");
    await expect(measured(rocAuc, [[1, 2, 3]], [0])).rejects.toThrow(/^rocAuc: expected one logit for each target/);
    for (const metric of [binaryAccuracy, exactMatch, mae, mse, rmse, r2, psnr, ssim, boxIou] as Metric[])
      await expect(measured(metric, [[1, 2]], [[1, 2, 3]])).rejects.toThrow("targets of the shape of the outputs");
    for (const metric of [f1, iou, accuracy, confusionMatrix, rocAuc, psnr, ssim] as unknown as ((
      options: object,
    ) => Metric)[]) {
      expect(() => metric({ ignoredLabel: 3 })).toThrow("unknown option");
      expect(() => metric({ ignoreLabel: "x", average: 1, peak: 0, thresholds: 1 })).toThrow(/unknown option|must be/);
    }
    expect(() => f1({ average: "mean" as never })).toThrow('average must be "macro" or "micro" or "none"');
  });
});

describe("metrics of numbers and images", () => {
  it("the examples of scikit-learn's documentation", async () => {
    const [truth, outputs] = [
      [3, -0.5, 2, 7],
      [2.5, 0, 2, 8],
    ];
    expect(await measured(mae, outputs, truth)).toBeCloseTo(0.5, 12);
    expect(await measured(mse, outputs, truth)).toBeCloseTo(0.375, 12);
    expect(await measured(rmse, outputs, truth)).toBeCloseTo(Math.sqrt(0.375), 12);
    expect(await measured(r2, outputs, truth)).toBeCloseTo(0.9486081370449679, 6);
    expect(await measured(r2, [1, 2, 3], [1, 2, 3])).toBe(1);
    expect(await measured(r2, [2, 2, 2], [1, 2, 3])).toBe(0);
    expect(await measured(r2, [3, 2, 1], [1, 2, 3])).toBe(-3);
    // Targets that are all the same
    expect(await measured(r2, [-2, -2, -2], [-2, -2, -2])).toBe(1);
    expect(await measured(r2, [-2, -2, -2 + 1e-2], [-2, -2, -2])).toBe(0);
  });

  it("R² is exact in float32, however large the mean of the targets and however the data is cut", async () => {
    const targets = Array.from({ length: 500 }, (_, i) => 1000 + Math.sin(i));
    const outputs = targets.map((t, i) => Math.fround(t + 0.1 * Math.cos(3 * i)));
    const rounded = targets.map(Math.fround);
    const average = rounded.reduce((a, b) => a + b, 0) / 500;
    const total = rounded.reduce((sum, t) => sum + (t - average) ** 2, 0);
    const expected = 1 - rounded.reduce((sum, t, i) => sum + (t - outputs[i]!) ** 2, 0) / total;
    for (const sizes of [[], Array(500).fill(1), Array(71).fill(7), Array(7).fill(64)])
      expect(await measured(r2, outputs, rounded, sizes)).toBeCloseTo(expected, 6);
  });

  it("PSNR of an error of a tenth is 20 dB, and infinite without any", async () => {
    const images = [
      [0, 0.5, 1, 0.25],
      [0.1, 0.1, 0.1, 0.1],
    ];
    const off = images.map((image) => image.map((x) => x + 0.1));
    expect(await measured(psnr, off, images)).toBeCloseTo(20, 4);
    expect(await measured(psnr({ peak: 255 }), off, images)).toBeCloseTo(20 + 20 * Math.log10(255), 4);
    expect(await measured(psnr, images, images)).toBe(Infinity);
    expect(await measured(psnr, [[0], [0.01]], [[0.1], [0]])).toBeCloseTo((20 + 40) / 2, 4);
  });

  it("SSIM is that of Wang 2004 by plain loops, and 1 for equal images", async () => {
    const [size, window, deviation] = [9, 5, 1.2];
    const image = (seed: number): number[][][] =>
      Array.from({ length: size }, (_, y) =>
        Array.from({ length: size }, (_, x) => [0, 1].map((c) => Math.abs(Math.sin(seed + 3 * x + 5 * y + c)) ** 2)),
      );
    const [a, b] = [image(1), image(1.3)];
    const weight = (i: number, j: number): number => Math.exp(-((i - 2) ** 2 + (j - 2) ** 2) / (2 * deviation ** 2));
    let norm = 0;
    for (let i = 0; i < window; i++) for (let j = 0; j < window; j++) norm += weight(i, j);
    let [sum, count] = [0, 0];
    for (let c = 0; c < 2; c++)
      for (let y = 0; y + window <= size; y++)
        for (let x = 0; x + window <= size; x++) {
          const expected = (of: (u: number, v: number) => number): number => {
            let total = 0;
            for (let i = 0; i < window; i++)
              for (let j = 0; j < window; j++)
                total += (weight(i, j) / norm) * of(a[y + i]![x + j]![c]!, b[y + i]![x + j]![c]!);
            return total;
          };
          const [ma, mb] = [expected((u) => u), expected((_, v) => v)];
          const va = expected((u) => (u - ma) ** 2);
          const vb = expected((_, v) => (v - mb) ** 2);
          const cov = expected((u, v) => (u - ma) * (v - mb));
          sum += ((2 * ma * mb + 1e-4) * (2 * cov + 9e-4)) / ((ma ** 2 + mb ** 2 + 1e-4) * (va + vb + 9e-4));
          count++;
        }
    const metric = ssim({ window, deviation });
    expect(await measured(metric, [a], [b])).toBeCloseTo(sum / count, 5);
    expect(await measured(metric, [a, b], [a, b])).toBeCloseTo(1, 5);
    await expect(measured(ssim, [a], [b])).rejects.toThrow("at least 11 × 11 pixels, got [1, 9, 9, 2]");
  });

  it("the overlap of boxes is intersection over union, 0 of boxes apart or inside out", async () => {
    const target = [0, 0, 2, 2];
    const cases = [
      [target, 1],
      [[1, 0, 3, 2], 1 / 3],
      [[1, 1, 2, 2], 0.25],
      [[3, 3, 4, 4], 0],
      [[2, 2, 0, 0], 0],
    ] as const;
    for (const [box, is] of cases) expect(await measured(boxIou, [[...box]], [target])).toBeCloseTo(is, 6);
    expect(
      await measured(
        boxIou,
        cases.map(([box]) => [...box]),
        cases.map(() => target),
      ),
    ).toBeCloseTo((1 + 1 / 3 + 0.25) / 5, 6);
  });
});

describe("a metric", () => {
  const all: Readonly<Record<string, readonly [Metric<never, never, unknown>, "labels" | "logits" | "numbers"]>> = {
    ...{ accuracy: [accuracy, "labels"], top2: [topK(2), "labels"], confusionMatrix: [confusionMatrix, "labels"] },
    ...{ precision: [precision, "labels"], recall: [recall, "labels"], f1: [f1, "labels"], dice: [dice, "labels"] },
    ...{ micro: [iou({ average: "micro" }), "labels"], none: [iou({ average: "none" }), "labels"] },
    ...{ binaryAccuracy: [binaryAccuracy, "logits"], exactMatch: [exactMatch, "logits"], rocAuc: [rocAuc, "logits"] },
    ...{ mae: [mae, "numbers"], mse: [mse, "numbers"], rmse: [rmse, "numbers"], r2: [r2, "numbers"] },
    ...{ psnr: [psnr, "numbers"], boxIou: [boxIou, "numbers"] },
  };
  it.each(Object.entries(all))("%s is the same however the data is cut into batches", async (_, [metric, kind]) => {
    const number = fc.integer({ min: -30, max: 30 }).map((x) => x / 10);
    const row = fc.tuple(number, number, number, number);
    const target = fc.tuple(fc.nat(3), fc.nat(1), fc.nat(1), number);
    const rows = fc.array(fc.tuple(row, target), { minLength: 3, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(rows, fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 5 }), async (pairs, sizes) => {
        const outputs = pairs.map(([x]) => [...x]);
        const targets = pairs.map(([, [label, a, b, value]], i) =>
          kind === "labels" ? label : kind === "logits" ? [a, b, 1 - a, i % 2] : [value, a, b, 4],
        );
        const whole = await measured(metric as unknown as Metric, outputs, targets as number[][]);
        const cut = await measured(metric as unknown as Metric, outputs, targets as number[][], sizes);
        if (kind === "numbers") expect(cut).toBeCloseTo(whole, 4);
        else expect(cut).toEqual(whole);
      }),
      { numRuns: 15 },
    );
  });

  it("of one's own is a few lines: a mean, or sums that are merged in another way", async () => {
    const within: Metric = meanOf((outputs, targets) => absolute(subtract(outputs, targets)), "minimize");
    expect(await measured(within, [1, 2, 5], [1, 1, 1], [2])).toBeCloseTo(5 / 3, 12);
    const largestError: Metric = {
      record: (outputs, targets) => ({ largest: max(absolute(subtract(outputs, targets))) }),
      merge: (a, b) => ({ largest: a["largest"]!.map((x, i) => Math.max(x, b["largest"]![i]!)) }),
      value: ({ largest }) => largest![0]!,
      goal: "minimize",
    };
    for (const sizes of [[], [1], [2], [1, 1]])
      expect(await measured(largestError, [1, 5, 2], [1, 1, 1], sizes)).toBe(4);
  });

  it("of one of several outputs is that of the part", () => {
    const part = metricOf("label", accuracy);
    expect([part.goal, part.value]).toEqual([accuracy.goal, accuracy.value]);
  });

  it("says whether smaller or larger values are better", () => {
    const goals = Object.entries(all).map(([name, [{ goal }]]) => [name, goal]);
    const smaller = new Set(["mae", "mse", "rmse"]);
    for (const [name, goal] of goals)
      expect(goal, name).toBe(name === "confusionMatrix" ? undefined : smaller.has(name!) ? "minimize" : "maximize");
    expect([psnr.goal, ssim.goal, boxIou.goal]).toEqual(["maximize", "maximize", "maximize"]);
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
    expect(rates.indexOf(Math.max(...rates))).toBe(29);
    expect(rates[99]).toBeCloseTo(1e-4, 12);
  });
});
