import { reference } from "@convlens/backend-reference";
import { fromExamples, type Classification } from "@convlens/datasets";
import { Dense, Flatten, ReLU, sequential, setWeights, build, type Layer } from "@convlens/layers";
import {
  add,
  divide,
  equal,
  log,
  mean,
  multiply,
  negate,
  oneHot,
  range,
  reshape,
  softmax,
  square,
  subtract,
  sum,
  useBackend,
  type Tensor,
} from "@convlens/tensor";
import fc from "fast-check";
import { beforeAll, describe, expect, it, vi } from "vitest";
import {
  adam,
  binaryCrossEntropy,
  crossEntropy,
  evaluateModel,
  fit,
  hinge,
  meanSquaredError,
  type EpochRecord,
  type Loss,
  type StepRecord,
} from "../src/index.ts";
import { all } from "./records.ts";

beforeAll(() => useBackend(reference()));

/** A model that returns its inputs. */
const identity: Layer = { call: (x) => x };
const labelled = (
  rows: readonly (readonly number[])[],
  labels: readonly number[],
  classes: number,
): Classification => ({
  // Not by `classification`, which refuses inputs that are not finite.
  ...fromExamples(
    rows.map((row, i) => ({
      input: { values: Float32Array.from(row), shape: [row.length] },
      target: { values: Uint8Array.of(labels[i]!), shape: [] },
    })),
  ),
  labels: Uint8Array.from(labels),
  classes: Array.from({ length: classes }, (_, c) => `${c}`),
});

/** Records of one epoch, and the evaluation after it. */
async function trained(model: Layer, data: Classification, loss: Loss) {
  const steps: StepRecord[] = [];
  let epoch: EpochRecord | undefined;
  for await (const record of fit(model, data, {
    loss,
    batchSize: data.size,
    optimizer: adam({ learningRate: 1e-9 }),
    validation: data,
    onNaN: "continue",
  }))
    if (record.kind === "step") steps.push(record);
    else epoch = record;
  return { step: steps[0]!, epoch: epoch!, evaluation: await evaluateModel(model, data, { loss }) };
}

const points = labelled([[-2], [-1], [1], [2]], [0, 0, 1, 1], 2);
/** One weight of 1, no bias: the logit of a point is the point. */
async function scoring(...after: Layer[]): Promise<Layer> {
  const model = build(sequential([new Dense({ units: 1, bias: false }), ...after]), [1]);
  setWeights(model, new Map([["layers.0.weights", { shape: [1, 1], values: Float32Array.of(1) }]]));
  return model;
}

describe("the accuracy of one logit", () => {
  const flat: Loss = (outputs, targets) => binaryCrossEntropy(reshape(outputs, [-1]), targets);
  const column: Loss = (outputs, targets) => binaryCrossEntropy(outputs, reshape(targets, outputs.shape));
  const weighted: Loss = (outputs, targets) => add(multiply(flat(outputs, targets), 3), 1);

  for (const [name, loss] of Object.entries({ flat, column, weighted }))
    it(`is 1 for a perfect net and 0 for its opposite, in fit and evaluateModel: ${name}`, async () => {
      const opposite = labelled([[-2], [-1], [1], [2]], [1, 1, 0, 0], 2);
      for (const [data, right] of [
        [points, 1],
        [opposite, 0],
      ] as const) {
        const { step, epoch, evaluation } = await trained(await scoring(), data, loss);
        expect([step, epoch, epoch.validation!, evaluation].map(({ metrics }) => metrics.accuracy)).toEqual(
          Array(4).fill(right),
        );
      }
      const { confusion, mistakes } = (await trained(await scoring(), opposite, loss)).evaluation;
      expect(confusion).toEqual([
        [0, 2],
        [2, 0],
      ]);
      // σ(2)
      expect(mistakes?.[0]).toMatchObject({ index: 0, label: 1, predicted: 0, confidence: 1 / (1 + Math.exp(-2)) });
    });

  it("is that of a vector of logits, too", async () => {
    const model = await scoring({ call: (x) => reshape(x, [-1]) });
    const { evaluation } = await trained(model, points, binaryCrossEntropy);
    expect(evaluation.metrics.accuracy).toBe(1);
  });

  it("is absent if the loss does not say which logit means which class", async () => {
    const losses: readonly Loss[] = [
      (outputs, targets) => meanSquaredError(reshape(outputs, [-1]), targets),
      (outputs, targets) => mean(square(subtract(outputs, reshape(targets, [-1, 1])))),
    ];
    for (const loss of losses) {
      const { step, epoch, evaluation } = await trained(await scoring(), points, loss);
      for (const { metrics } of [step, epoch, epoch.validation!, evaluation]) expect(metrics).toEqual({});
      expect(Object.keys(evaluation)).toEqual(["loss", "metrics"]);
    }
  });
});

describe("the accuracy of scores of classes", () => {
  const score = fc.constantFrom(-2, -1, 0, 1, 2, NaN);
  const rows = fc.array(fc.tuple(score, score, score), { minLength: 1, maxLength: 6 });
  const losses: Readonly<Record<string, Loss>> = {
    crossEntropy,
    hinge,
    smoothed: (outputs, targets) => crossEntropy(outputs, targets, { smoothing: 0.1 }),
    "with a margin": (outputs, targets) => hinge(outputs, targets, { margin: 2 }),
    weighted: (outputs, targets) => divide(crossEntropy(outputs, targets), 7),
    "squares of rows": (outputs, targets) => meanSquaredError(outputs, oneHot(targets, 3)),
    "own cross-entropy": (outputs, targets) =>
      negate(mean(sum(multiply(log(softmax(outputs)), oneHot(targets, 3)), -1))),
    "own rows": (outputs, targets) => negate(mean(multiply(equal(reshape(targets, [-1, 1]), range(3)), outputs))),
  };

  for (const [name, loss] of Object.entries(losses))
    it(`is the share of rows whose first largest score is the label's, never that of NaN: ${name}`, async () => {
      await fc.assert(
        fc.asyncProperty(rows, fc.nat(2), async (scores, label) => {
          const labels = scores.map((_, i) => (label + i) % 3);
          const { metrics, mistakes } = await evaluateModel(identity, labelled(scores, labels, 3), { loss });
          const right = scores.filter(
            (row, i) => !row.some(Number.isNaN) && row.indexOf(Math.max(...row)) === labels[i],
          ).length;
          expect(metrics.accuracy).toBe(right / scores.length);
          expect(mistakes).toHaveLength(scores.length - right);
        }),
        { numRuns: 25 },
      );
    });

  it("is 0 for a net that returns NaN", async () => {
    const dead = labelled(
      [0, 1, 2, 3].map(() => [NaN, NaN, NaN]),
      [0, 0, 0, 1],
      3,
    );
    const { metrics, confusion, mistakes } = await evaluateModel(identity, dead);
    expect([metrics.accuracy, mistakes!.length]).toEqual([0, 4]);
    expect(confusion!.flat()).toEqual(Array(9).fill(0));
  });

  it("is absent for autoencoders, maps and losses for which the smallest output is best", async () => {
    const images = labelled(
      Array.from({ length: 6 }, (_, i) => [i, 1, 2, 3]),
      [0, 1, 2, 3, 0, 1],
      4,
    );
    const own: readonly (readonly [Layer, Loss])[] = [
      // Reconstruction error of an image.
      [sequential([new Dense({ units: 4 })]), (outputs) => mean(square(outputs))],
      // The same, weighted by the label.
      [
        sequential([new Dense({ units: 4 })]),
        (outputs, targets) => mean(multiply(square(outputs), reshape(add(targets, 1), [-1, 1]))),
      ],
      // Maps [n, 2, 2].
      [
        sequential([new Dense({ units: 4 }), { call: (x) => reshape(x, [-1, 2, 2]) }]),
        (outputs, targets) => crossEntropy(reshape(outputs, [-1, 4]), targets),
      ],
      // Distances: the smallest one is the prediction.
      [sequential([new Dense({ units: 4 })]), (outputs, targets) => crossEntropy(negate(outputs), targets)],
    ];
    for (const [model, loss] of own) {
      const { step, epoch, evaluation } = await trained(model, images, loss);
      for (const { metrics } of [step, epoch, epoch.validation!, evaluation]) expect(metrics).toEqual({});
      expect(Number.isFinite(evaluation.loss)).toBe(true);
    }
  });

  it("is absent in a resumed run as in the first", async () => {
    const loss: Loss = (outputs) => mean(square(outputs));
    const make = (): Layer => sequential([new Flatten(), new Dense({ units: 3 }), new ReLU()]);
    const data = labelled([[1], [2], [3], [4]], [0, 1, 0, 1], 2);
    const options = { loss, batchSize: 2, epochs: 2, seed: 1 };
    const run = fit(make(), data, options);
    await run.next();
    const resume = await run.checkpoint();
    await run.return();
    const rest = await all(fit(make(), data, { ...options, resume }));
    expect(rest).toHaveLength(5);
    for (const record of rest) expect(record.metrics).toEqual({});
  });
});

describe("a model that is trained", () => {
  it("is refused if it hides variables, before any training", () => {
    const hidden = new Dense({ units: 2 });
    expect(() => fit({ call: (x: Tensor) => hidden.call(x) }, points)).toThrow(/"weights" .*no path leads to/);
  });

  it("warns of variables that only the loss reads", async () => {
    const critic = build(new Dense({ units: 1 }), [1]);
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    try {
      await trained(await scoring(), points, (outputs) => mean(square(critic.call(outputs))));
      expect(warn).toHaveBeenCalledTimes(1);
      expect(warn.mock.calls[0]?.[0]).toContain('fit: the loss uses 2 variables ("weights" [1, 1]');
    } finally {
      warn.mockRestore();
    }
  });
});
