import { reference } from "@convlens/backend-reference";
import { shapes, take, type Classification } from "@convlens/datasets";
import { build, Dense, Flatten, sequential, type Layer } from "@convlens/layers";
import { multiply, sum, useBackend, zeros, type Tensor } from "@convlens/tensor";
import { beforeEach } from "vitest";
import { testMistakes } from "../../../tools/testMistakes.ts";
import {
  accuracy,
  adam,
  binaryCrossEntropy,
  confusionMatrix,
  cosineDecay,
  crossEntropy,
  evaluateModel,
  exponentialDecay,
  fit,
  hinge,
  huber,
  loadCheckpoint,
  meanSquaredError,
  oneCycle,
  onPlateau,
  readCheckpoint,
  rmsProp,
  sgd,
  stepDecay,
  topK,
  warmUp,
  type FitOptions,
} from "../src/index.ts";

// Errors of this package, one for each mistake of a user.

beforeEach(() => useBackend(reference()));

const data = shapes({ size: 8, height: 6, width: 6, seed: 1 });
const net = (units = 4): Layer => sequential([new Flatten(), new Dense({ units })]);
const train = (options: object, model = net(), set: Classification = data): unknown =>
  fit(model, set, { batchSize: 4, ...options }).next();
const exploding: FitOptions = { optimizer: sgd({ learningRate: 1e300 }), epochs: 9 };
async function all(options: FitOptions): Promise<void> {
  for await (const _ of fit(net(), data, { batchSize: 4, ...options }));
}

const mistakes: Readonly<Record<string, () => unknown>> = {
  // Shapes
  "a loss for each example": () => train({ loss: (outputs: never) => sum(outputs, -1) }),
  "images of another size in the validation data": () =>
    train({ validation: shapes({ size: 8, height: 6, width: 7 }) }),
  "labels beyond the outputs": () => train({}, net(3)),
  "labels for another number of logits": () => crossEntropy(zeros([2, 3]), zeros([4])),
  "targets of another shape": () => meanSquaredError(zeros([2, 3]), zeros([2])),
  "logits of classes for a binary loss": () => binaryCrossEntropy(zeros([2, 3]), zeros([2])),
  "a scalar as logits": () => hinge(zeros([]), zeros([])),
  "scores for other labels": () => accuracy.record(zeros([2, 3]), zeros([1])),
  "a model without parameters": () => train({}, sequential([new Flatten(), new Flatten()])),
  // Options
  "an unknown option": () => train({ batchsize: 8 }),
  "a learning rate outside of the optimizer": () => train({ learningRate: 0.1 }),
  "an unknown option of an optimizer": () => adam({ lr: 1e-3 } as never),
  "a learning rate in place of options": () => sgd(0.1 as never),
  "a learning rate of NaN": () => adam({ learningRate: NaN }),
  "a negative learning rate": () => rmsProp({ learningRate: -1 }),
  "a momentum of 1": () => sgd({ momentum: 1 }),
  "an optimizer by name": () => train({ optimizer: "adam" }),
  "an optimizer that was not called": () => train({ optimizer: adam }),
  "a loss by name": () => train({ loss: "crossEntropy" }),
  "no epochs": () => train({ epochs: 0 }),
  "a batch size of NaN": () => train({ batchSize: NaN }),
  "a seed of NaN": () => train({ seed: NaN }),
  "clipping by a number": () => train({ clip: 1 }),
  "clipping to 0": () => train({ clip: { norm: 0 } }),
  "early stopping without patience": () => train({ earlyStopping: {} }),
  "groups that freeze everything": () => train({ groups: [{ match: /./, frozen: true }] }),
  "a group that matches nothing": () => train({ groups: [{ match: "layers.9", learningRate: 0.1 }] }),
  "a schedule that returns NaN": () => train({ optimizer: adam({ learningRate: () => NaN }) }),
  "an augmentation that returns nothing": () => train({ augment: () => undefined }),
  "steps of 0 epochs": () => stepDecay(1, { epochs: 0 }),
  "a decay without a factor": () => exponentialDecay(1, {} as never),
  "a cosine to NaN": () => cosineDecay(1, { end: NaN }),
  "a warm-up of twice the training": () => oneCycle(1, { warm: 2 }),
  "a plateau that raises the learning rate": () => onPlateau(1, { factor: 2 }),
  "a warm-up of half a step": () => warmUp(0.5, 1),
  "a smoothing of 1": () => crossEntropy(zeros([1, 2]), zeros([1]), { smoothing: 1 }),
  "a delta of 0": () => huber(zeros([1]), zeros([1]), { delta: 0 }),
  // NaN and empty inputs
  "a loss of NaN": () =>
    train({ loss: (outputs: Tensor, targets: Tensor) => multiply(crossEntropy(outputs, targets), NaN) }),
  "a learning rate that is far too high": () => all(exploding),
  "scores of one class": () => confusionMatrix.record(zeros([2, 1]), zeros([3])),
  "an empty checkpoint": () => readCheckpoint(new Uint8Array()),
  "no best classes": () => topK(0),
  // Wrong types
  "a class as a model": () => fit(Dense as never, data),
  "arrays as a data set": () => fit(net(), [[1, 2], [0]] as never),
  "undefined as a model": () => evaluateModel(undefined as never, data),
  "a path in place of a checkpoint": () => readCheckpoint("checkpoint" as never),
  "a file of another kind as a checkpoint": () =>
    loadCheckpoint(build(net(), data.shapes.input), new TextEncoder().encode("<html>")),
  "a checkpoint of other data": async () => {
    const run = fit(net(), data, { batchSize: 4 });
    await run.next();
    const resume = await run.checkpoint();
    await train({ resume }, net(), take(data, 4));
  },
};

testMistakes(mistakes);
