import { reference } from "@convlens/backend-reference";
import { gradients, oneHot, tensor, useBackend, zeros, type Tensor } from "@convlens/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import {
  binaryCrossEntropy,
  crossEntropy,
  hinge,
  huber,
  meanAbsoluteError,
  meanSquaredError,
  type Loss,
} from "../src/index.ts";

beforeAll(() => useBackend(reference({ precision: "float64" })));
const logits = [
  [1, 2, 0.5],
  [-1, 0, 3],
];
const softmax = (row: readonly number[]): number[] => {
  const e = row.map(Math.exp);
  const sum = e.reduce((a, b) => a + b);
  return e.map((x) => x / sum);
};

describe("losses", () => {
  it("cross-entropy is −ln of the share of the right class, for labels and for shares, smoothed or not", async () => {
    const x = tensor(logits);
    const [p, q] = logits.map(softmax);
    const want = -(Math.log(p![1]!) + Math.log(q![0]!)) / 2;
    expect(await crossEntropy(x, tensor([1, 0])).item()).toBeCloseTo(want, 12);
    expect(await crossEntropy(x, oneHot(tensor([1, 0]), 3)).item()).toBeCloseTo(want, 12);
    const even = -[...p!, ...q!].reduce((sum, share) => sum + Math.log(share), 0) / 6;
    expect(await crossEntropy(x, tensor([1, 0]), { smoothing: 0.2 }).item()).toBeCloseTo(0.8 * want + 0.2 * even, 12);
    const [dx] = gradients(crossEntropy(x, tensor([1, 0])), [x]);
    const slopes = await dx!.data();
    [p!, q!]
      .flat()
      .forEach((share, i) => expect(slopes[i]).toBeCloseTo((share - (i === 1 || i === 3 ? 1 : 0)) / 2, 12));
  });

  it("chance: ln 10 for cross-entropy, 9 for the hinge, of ten classes", async () => {
    expect(await crossEntropy(zeros([4, 10]), tensor([0, 3, 9, 5])).item()).toBeCloseTo(Math.LN10, 12);
    expect(await hinge(zeros([4, 10]), tensor([0, 3, 9, 5])).item()).toBe(9);
  });

  it("a label out of range makes the loss NaN, and is not taken for a class", async () => {
    expect(await crossEntropy(zeros([2, 3]), tensor([1, 3])).item()).toBeNaN();
    expect(await crossEntropy(zeros([1, 3]), tensor([-1])).item()).toBeNaN();
  });

  it("the hinge asks for a margin over every wrong class", async () => {
    // 1 − 2 + 0.5 and 1 − 2 + 1 of the first; −(−1) + 0 + 1 and 3 + 1 + 1 of the second
    expect(await hinge(tensor(logits), tensor([1, 0])).item()).toBeCloseTo((0 + 0 + 2 + 5) / 2, 12);
  });

  it("binary cross-entropy, also where a sigmoid would overflow", async () => {
    const [x, t] = [
      [-2, 0.5, 3],
      [0, 1, 0],
    ];
    const want =
      x!.reduce((sum, v, i) => sum - Math.log(t![i] === 1 ? 1 / (1 + Math.exp(-v)) : 1 - 1 / (1 + Math.exp(-v))), 0) /
      3;
    expect(await binaryCrossEntropy(tensor(x!), tensor(t!)).item()).toBeCloseTo(want, 12);
    expect(await binaryCrossEntropy(tensor([-1000, 1000]), tensor([1, 0])).item()).toBe(1000);
  });

  it("squared, absolute and Huber", async () => {
    const [a, b] = [tensor([1, 2, 5]), tensor([1, 1.5, 2])];
    expect(await meanSquaredError(a, b).item()).toBeCloseTo(9.25 / 3, 12);
    expect(await meanAbsoluteError(a, b).item()).toBeCloseTo(3.5 / 3, 12);
    expect(await huber(a, b).item()).toBeCloseTo((0.125 + 2.5) / 3, 12);
    expect(await huber(a, b, { delta: 2 }).item()).toBeCloseTo((0.125 + 4) / 3, 12);
  });

  it("refuse shapes that do not belong together", () => {
    const all: readonly Loss[] = [crossEntropy, hinge, binaryCrossEntropy, meanSquaredError, meanAbsoluteError, huber];
    const told = all.map((loss) => {
      try {
        loss(zeros([4, 10]), zeros([5]) as Tensor);
      } catch (error) {
        return (error as Error).message;
      }
      return "nothing";
    });
    expect(told).toMatchInlineSnapshot(`
      [
        "crossEntropy: for outputs [4, 10] expected labels [4] or shares [4, 10], got [5]",
        "hinge: for outputs [4, 10] expected labels [4] or shares [4, 10], got [5]",
        "binaryCrossEntropy: outputs [4, 10] and targets [5] must have one shape; reshape one of them",
        "meanSquaredError: outputs [4, 10] and targets [5] must have one shape; reshape one of them",
        "meanAbsoluteError: outputs [4, 10] and targets [5] must have one shape; reshape one of them",
        "huber: outputs [4, 10] and targets [5] must have one shape; reshape one of them",
      ]
    `);
    expect(() => crossEntropy(zeros([1, 2]), zeros([1]), { smoothing: 1 })).toThrow(
      "smoothing must be at least 0 and less than 1, got 1",
    );
  });
});
