import { readFileSync } from "node:fs";
import { reference } from "@convlens/backend-reference";
import { evaluate, gradients, sum, tensor, useBackend, type NestedNumbers, type Tensor } from "@convlens/tensor";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import {
  binaryCrossEntropy,
  contrastive,
  cosineSimilarityLoss,
  crossEntropy,
  diceLoss,
  focal,
  hinge,
  huber,
  meanAbsoluteError,
  meanSquaredError,
  recordLoss,
  totalVariation,
  triplet,
  weightedSum,
  type Loss,
} from "../src/index.ts";

beforeAll(() => useBackend(reference({ precision: "float64" })));

/** A case of tools/golden/losses.py. */
interface Case {
  readonly loss: string;
  readonly options: object;
  /** One output, or several embeddings. */
  readonly outputs: readonly NestedNumbers[];
  readonly targets: NestedNumbers;
  readonly mean: number;
  readonly sum: number;
  readonly none: NestedNumbers;
  readonly gradients: readonly NestedNumbers[];
}
const golden = JSON.parse(readFileSync(new URL("../../../tools/golden/losses.json", import.meta.url), "utf8")) as {
  readonly cases: readonly Case[];
};
type AnyLoss = Loss<never, never> & ((options: object) => Loss<never, never>);
const losses = {
  ...{ binaryCrossEntropy, contrastive, cosineSimilarityLoss, crossEntropy, diceLoss, focal },
  ...{ hinge, huber, meanAbsoluteError, meanSquaredError, totalVariation, triplet },
} as unknown as Readonly<Record<string, AnyLoss>>;
const isSeveral = ({ loss }: Case): boolean => loss === "triplet" || loss === "contrastive";
/** What a loss takes as outputs. */
const outputsOf = (of: Case, leaves: readonly Tensor[]): never => (isSeveral(of) ? leaves : leaves[0]) as never;
const flat = (values: NestedNumbers): number[] => [values].flat(9) as number[];
const named = golden.cases.map((each) => [`${each.loss} ${JSON.stringify(each.options)}`, each] as const);

it("there are golden values of every loss", () => {
  expect(new Set(golden.cases.map(({ loss }) => loss))).toEqual(new Set(Object.keys(losses)));
});

describe.each(named)("%s", (_, each) => {
  const make = losses[each.loss]!;

  it("has PyTorch's values by reduction, and its gradient, also at ties and zeros", async () => {
    const leaves = each.outputs.map((x) => tensor(x));
    const value = (reduction: string): Tensor =>
      make({ ...each.options, reduction })(outputsOf(each, leaves), tensor(each.targets) as never);
    const [mean, total, none] = (await evaluate(value("mean"), value("sum"), value("none"))) as Float64Array[];
    expect(mean![0]).toBeCloseTo(each.mean, 10);
    expect(total![0]).toBeCloseTo(each.sum, 10);
    flat(each.none).forEach((x, i) => expect(none![i]).toBeCloseTo(x, 10));
    const found = await evaluate(...gradients(value("mean"), leaves));
    each.gradients.forEach((own, i) => flat(own).forEach((x, k) => expect(found[i]![k]).toBeCloseTo(x, 9)));
  });

  it("has a gradient that difference quotients confirm where it is smooth", async () => {
    const random = (i: number): number => Math.sin(12.9898 * (i + 1)) * 1.7;
    let at = 0;
    const shaken = each.outputs
      .map((x) => tensor(x))
      .map((x) => ({
        shape: x.shape,
        values: Float64Array.from(x.knownValues, (v) => v + 0.1 * random(at++)),
      }));
    const loss = make(each.options);
    const valueAt = (all: typeof shaken): Promise<number> =>
      loss(
        outputsOf(
          each,
          all.map(({ values, shape }) => tensor(values, shape)),
        ),
        tensor(each.targets) as never,
      ).item();
    const leaves = shaken.map(({ values, shape }) => tensor(values, shape));
    const slopes = await evaluate(...gradients(loss(outputsOf(each, leaves), tensor(each.targets) as never), leaves));
    for (const [i, { values }] of shaken.entries())
      for (let k = 0; k < values.length; k += Math.ceil(values.length / 6)) {
        const moved = (by: number): typeof shaken =>
          shaken.map((own, j) => (j === i ? { ...own, values: own.values.with(k, own.values[k]! + by) } : own));
        const quotient = ((await valueAt(moved(1e-5))) - (await valueAt(moved(-1e-5)))) / 2e-5;
        expect(slopes[i]![k]).toBeCloseTo(quotient, 6);
      }
  });

  it("counts an example of weight k like k examples, and one of weight 0 not at all", async () => {
    const n = (each.targets as readonly unknown[]).length;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(2), { minLength: n, maxLength: n }), async (weights) => {
        fc.pre(weights.some((weight) => weight > 0));
        const loss = make(each.options);
        const repeated = (rows: NestedNumbers): NestedNumbers =>
          (rows as readonly NestedNumbers[]).flatMap((row, i) => Array<NestedNumbers>(weights[i]!).fill(row)) as never;
        const record = (change: (rows: NestedNumbers) => NestedNumbers, own?: Tensor): Tensor => {
          const targets = tensor(change(each.targets));
          const leaves = each.outputs.map((x) => tensor(change(x)));
          return recordLoss(loss, outputsOf(each, leaves), targets as never, own, targets.shape[0]!).mean;
        };
        // What does not count may be infinite.
        const broken = (rows: NestedNumbers): NestedNumbers =>
          rows === each.targets
            ? rows
            : ((rows as readonly NestedNumbers[]).map((row, i) => (weights[i] === 0 ? infinite(row) : row)) as never);
        const [one, other] = [record(broken, tensor(weights)), record(repeated)];
        expect(await one.item()).toBeCloseTo(await other.item(), 10);
      }),
      { numRuns: 10 },
    );
  });
});

const infinite = (values: NestedNumbers): NestedNumbers =>
  Array.isArray(values) ? (values.map(infinite) as NestedNumbers) : Infinity;

describe("a weighted sum of losses", () => {
  const [x, t] = [
    tensor([
      [1, 2],
      [3, -1],
    ]),
    tensor([
      [0, 2],
      [1, 1],
    ]),
  ] as const;

  it("of one output adds its values and gradients", async () => {
    const loss = weightedSum([meanSquaredError, [meanAbsoluteError, 0.5]]);
    const expected = (await meanSquaredError(x, t).item()) + 0.5 * (await meanAbsoluteError(x, t).item());
    expect(await loss(x, t).item()).toBeCloseTo(expected, 12);
    const [slope] = gradients(loss(x, t), [x]);
    const [a, b] = [gradients(meanSquaredError(x, t), [x])[0], gradients(meanAbsoluteError(x, t), [x])[0]];
    const [found, squares, sizes] = (await evaluate(slope, a, b)) as Float64Array[];
    found!.forEach((value, i) => expect(value).toBeCloseTo(squares![i]! + 0.5 * sizes![i]!, 12));
  });

  it("of several outputs compares each with the target of its name, with the weights of the examples", async () => {
    const loss = weightedSum({ label: crossEntropy, box: [huber, 0.5] });
    const [labels, boxes] = [
      tensor([1, 0]),
      tensor([
        [3, 3],
        [0, 0],
      ]),
    ];
    const outputs = { label: x, box: boxes };
    const targets = { label: labels, box: t };
    const expected = (await crossEntropy(x, labels).item()) + 0.5 * (await huber(boxes, t).item());
    expect(await loss(outputs, targets).item()).toBeCloseTo(expected, 12);
    const { sum: total, weight, mean } = recordLoss(loss, outputs, targets, tensor([1, 0]), 2);
    const first = (all: Tensor): Tensor => tensor([[...all.knownValues.slice(0, all.size / 2)]]);
    const alone =
      (await crossEntropy(first(x), tensor([1])).item()) + 0.5 * (await huber(first(boxes), first(t)).item());
    const [s, w, m] = (await evaluate(total, weight, mean)) as Float64Array[];
    expect([w![0], m![0]]).toEqual([1, expect.closeTo(alone, 12)]);
    expect(s![0]).toBeCloseTo(alone, 12);
  });

  it("names a part that is missing, and refuses wrong ones", () => {
    const loss = weightedSum({ label: crossEntropy, box: [huber, 0.5] });
    expect(() => loss({ label: x } as never, { label: t, box: t })).toThrow(
      'weightedSum: there is no output "box"; the outputs are label',
    );
    expect(() => loss(x as never, t as never)).toThrow('there is no output "label"; the outputs are one tensor');
    expect(() => loss({ label: x, box: x }, { label: tensor([1, 0]) } as never)).toThrow('there is no target "box"');
    expect(() => weightedSum({ a: 1 as never })).toThrow("weightedSum: the loss a must be a function");
    expect(() => weightedSum([[huber, -1]])).toThrow("the factor of 0 must be a number of at least 0");
    expect(() => weightedSum({})).toThrow("at least one loss");
  });
});

describe("embeddings that are equal", () => {
  it("have finite losses and gradients", async () => {
    const x = tensor([[1, 2]]);
    const zero = tensor([[0, 0]]);
    for (const loss of [
      triplet([x, x, x], undefined),
      contrastive([x, x], tensor([0])),
      contrastive([x, x], tensor([1])),
      cosineSimilarityLoss(x, x),
      cosineSimilarityLoss(zero, x),
    ]) {
      const [value, slope] = (await evaluate(
        loss,
        sum(gradients(loss, [x], { unused: "zeros" })[0]),
      )) as Float64Array[];
      expect([value![0], slope![0]].every(Number.isFinite)).toBe(true);
    }
  });

  it("are of one shape", () => {
    expect(() => triplet([tensor([[1]]), tensor([[1]]), tensor([[1, 2]])], undefined)).toThrow(
      "triplet: expected 3 embeddings […, d] of one shape, got [1, 1], [1, 1], [1, 2]",
    );
    expect(() => contrastive([tensor([[1]])] as never, tensor([1]))).toThrow("expected 2 embeddings");
    expect(() => totalVariation(tensor([1]), undefined)).toThrow("expected images [n, height, width, channels]");
    expect(() => diceLoss(tensor([[1, 2]]), tensor([[1]]))).toThrow("expected labels [1], or targets 0 and 1");
    expect(() => focal(tensor([[1, 2]]), tensor([1]), { alpha: 0.5 })).toThrow("alpha is for targets 0 and 1");
  });
});
