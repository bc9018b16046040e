import { reference } from "@convlens/backend-reference";
import { evaluate, gradients, oneHot, sum, tensor, useBackend, zeros, type Tensor } from "@convlens/tensor";
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
  it("cross-entropy is −ln of the probability of the right class, for labels and for probabilities, smoothed or not", async () => {
    const x = tensor(logits);
    const [p, q] = logits.map(softmax);
    const want = -(Math.log(p![1]!) + Math.log(q![0]!)) / 2;
    expect(await crossEntropy(x, tensor([1, 0])).item()).toBeCloseTo(want, 12);
    expect(await crossEntropy(x, oneHot(tensor([1, 0]), 3)).item()).toBeCloseTo(want, 12);
    const even = -[...p!, ...q!].reduce((sum, share) => sum + Math.log(share), 0) / 6;
    expect(await crossEntropy(x, tensor([1, 0]), { smoothing: 0.2 }).item()).toBeCloseTo(0.8 * want + 0.2 * even, 12);
    const [dx] = gradients(crossEntropy(x, tensor([1, 0])), [x]);
    const slopes = await dx.data();
    [p!, q!]
      .flat()
      .forEach((share, i) => expect(slopes[i]).toBeCloseTo((share - (i === 1 || i === 3 ? 1 : 0)) / 2, 12));
  });

  it("chanceLoss is ln 10 for cross-entropy and 9 for the hinge, with ten classes", async () => {
    expect(await crossEntropy(zeros([4, 10]), tensor([0, 3, 9, 5])).item()).toBeCloseTo(Math.LN10, 12);
    expect(await hinge(zeros([4, 10]), tensor([0, 3, 9, 5])).item()).toBe(9);
  });

  it("a label out of range makes the loss NaN, and is not used as a class", async () => {
    expect(await crossEntropy(zeros([2, 3]), tensor([1, 3])).item()).toBeNaN();
    expect(await crossEntropy(zeros([1, 3]), tensor([-1])).item()).toBeNaN();
  });

  it("the hinge loss requires a margin over every wrong class", async () => {
    // 1 − 2 + 0.5 and 1 − 2 + 1 of the first; −(−1) + 0 + 1 and 3 + 1 + 1 of the second
    expect(await hinge(tensor(logits), tensor([1, 0])).item()).toBeCloseTo((0 + 0 + 2 + 5) / 2, 12);
  });

  it("binary cross-entropy is accurate where a sigmoid would overflow, too", async () => {
    const [x, t] = [
      [-2, 0.5, 3],
      [0, 1, 0],
    ];
    const want =
      x.reduce((sum, v, i) => sum - Math.log(t[i] === 1 ? 1 / (1 + Math.exp(-v)) : 1 - 1 / (1 + Math.exp(-v))), 0) / 3;
    expect(await binaryCrossEntropy(tensor(x), tensor(t)).item()).toBeCloseTo(want, 12);
    expect(await binaryCrossEntropy(tensor([-1000, 1000]), tensor([1, 0])).item()).toBe(1000);
  });

  it("squared, absolute and Huber losses equal their formulas", async () => {
    const [a, b] = [tensor([1, 2, 5]), tensor([1, 1.5, 2])];
    expect(await meanSquaredError(a, b).item()).toBeCloseTo(9.25 / 3, 12);
    expect(await meanAbsoluteError(a, b).item()).toBeCloseTo(3.5 / 3, 12);
    expect(await huber(a, b).item()).toBeCloseTo((0.125 + 2.5) / 3, 12);
    expect(await huber(a, b, { delta: 2 }).item()).toBeCloseTo((0.125 + 4) / 3, 12);
  });

  it("binary cross-entropy has slope σ(x) − t at 0, and curvature 1/4", async () => {
    const x = tensor([0, 0]);
    const [dx] = gradients(binaryCrossEntropy(x, tensor([0, 1])), [x]);
    expect([...(await dx.data())]).toEqual([0.25, -0.25]);
    const [curvature] = gradients(sum(dx), [x]);
    expect([...(await curvature.data())]).toEqual([0.125, 0.125]);
  });

  it("Huber has slope d and curvature 1 at 0, and slope ±delta at an infinite difference", async () => {
    const x = tensor([0, Infinity, -Infinity]);
    const loss = huber(x, tensor([0, 0, 0]), { delta: 2 });
    const [dx] = gradients(loss, [x]);
    expect([...(await dx.data())]).toEqual([0, 2 / 3, -2 / 3]);
    const [curvature] = gradients(sum(dx), [x]);
    expect((await curvature.data())[0]).toBe(1 / 3);
  });

  // As torch.nn.functional.cross_entropy and multi_margin_loss of PyTorch 1.13, which select the class by its index.
  it("a logit of −∞ excludes a class, and makes neither loss nor gradient NaN", async () => {
    const x = tensor([[-Infinity, 0]]);
    const both = (loss: Tensor): Tensor[] => [loss, gradients(loss, [x])[0]];
    const [entropy, dEntropy, margin, dMargin] = await evaluate(
      ...both(crossEntropy(x, tensor([1]))),
      ...both(hinge(x, tensor([1]))),
    );
    expect([...entropy!]).toEqual([0]);
    expect([...dEntropy!]).toEqual([0, 0]);
    expect([...margin!]).toEqual([0]);
    expect([...dMargin!].map(Math.abs)).toEqual([0, 0]);
    // The excluded class is the right one: the loss is infinite, as it must be.
    expect(await crossEntropy(x, tensor([0])).item()).toBe(Infinity);
    expect(await hinge(x, tensor([0])).item()).toBe(Infinity);
    // Probabilities that are 0, and certain predictions of one logit.
    expect(await crossEntropy(x, tensor([[0, 1]])).item()).toBe(0);
    const certain = tensor([Infinity, -Infinity]);
    const binary = binaryCrossEntropy(certain, tensor([1, 0]));
    expect(await binary.item()).toBe(0);
    expect([...(await gradients(binary, [certain])[0].data())]).toEqual([0, 0]);
  });

  it("a label that is not an integer makes the loss NaN, like one out of range", async () => {
    for (const label of [0.5, NaN, -0.5, 2.5, 3, -1, Infinity])
      for (const loss of [crossEntropy, hinge])
        expect(await loss(zeros([2, 3]), tensor([1, label])).item(), `${label}`).toBeNaN();
  });

  it("all losses refuse shapes that do not match", () => {
    const all: readonly Loss[] = [crossEntropy, hinge, binaryCrossEntropy, meanSquaredError, meanAbsoluteError, huber];
    const told = all.map((loss) => {
      try {
        loss(zeros([4, 10]), zeros([5]));
      } catch (error) {
        return (error as Error).message;
      }
      return "nothing";
    });
    expect(told).toMatchInlineSnapshot(`
      [
        "crossEntropy: expected labels [4] or probabilities [4, 10] for outputs [4, 10], got [5]",
        "hinge: expected labels [4] or probabilities [4, 10] for outputs [4, 10], got [5]",
        "binaryCrossEntropy: the shape of the targets must be that of the outputs, [4, 10], got [5]; reshape one of them",
        "meanSquaredError: the shape of the targets must be that of the outputs, [4, 10], got [5]; reshape one of them",
        "meanAbsoluteError: the shape of the targets must be that of the outputs, [4, 10], got [5]; reshape one of them",
        "huber: the shape of the targets must be that of the outputs, [4, 10], got [5]; reshape one of them",
      ]
    `);
    expect(() => crossEntropy(zeros([1, 2]), zeros([1]), { smoothing: 1 })).toThrow(
      "crossEntropy: smoothing must be a number of at least 0 and below 1, got 1",
    );
  });
});
