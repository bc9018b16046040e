import { Random } from "@convlens/backend";
import { arrays, orientedEdges, split } from "@convlens/datasets";
import { apply, Conv2d, Dense, Flatten, MaxPool2d, ReLU, sequential, type Layer, type Mode } from "@convlens/layers";
import { equal, less, square, subtract, sum, type Tensor } from "@convlens/tensor";
import { expect } from "vitest";
import { adam, contrastive, fit, meanOf } from "../../src/index.ts";
import { describeTask } from "./task.ts";

type Pair = readonly [first: Tensor, second: Tensor];

/** One encoder for both images of a pair. */
class Siamese implements Layer<Pair, Pair> {
  readonly encoder = sequential([
    ...[new Conv2d({ filters: 8, kernelSize: 3, padding: "same" }), new ReLU(), new MaxPool2d({ kernelSize: 2 })],
    ...[new Flatten(), new Dense({ units: 8 })],
  ]);
  readonly call = ([first, second]: Pair, mode?: Mode): Pair => [
    apply(this.encoder, first, mode),
    apply(this.encoder, second, mode),
  ];
}

/** Pairs of images; the target says whether both are of one class. */
function pairs(size: number) {
  const images = orientedEdges({ size: 200, height: 10, width: 10, directions: 3, seed: 5 });
  const random = new Random(2);
  const at = (index: number): ArrayLike<number> =>
    (images.example(index, { seed: 0, epoch: 0 }) as { readonly input: { readonly values: ArrayLike<number> } }).input
      .values;
  const [first, second] = [new Float32Array(100 * size), new Float32Array(100 * size)];
  const together = Uint8Array.from({ length: size }, (_, i) => {
    const isTogether = random.next() < 0.5;
    const a = random.integer(200);
    let b = a;
    while (b === a || (images.labels[a] === images.labels[b]) !== isTogether) b = random.integer(200);
    first.set(at(a), 100 * i);
    second.set(at(b), 100 * i);
    return isTogether ? 1 : 0;
  });
  const shape = [size, 10, 10, 1];
  return arrays({
    inputs: [
      { values: first, shape },
      { values: second, shape },
    ] as const,
    targets: { values: together, shape: [size] },
  });
}

/** Share of the pairs that a distance of half the margin tells apart. */
const pairAccuracy = meanOf<Pair, Tensor>(
  ([a, b], together) => equal(less(sum(square(subtract(a, b)), -1), 0.25), together),
  "maximize",
);

describeTask("a siamese net", {
  ...{ size: 800, small: 60, epochs: 15 },
  start: (size, options) => {
    const { train, test } = split(pairs(size), { test: 0.2, seed: 1 });
    const model = new Siamese();
    const run = fit(model, train, {
      ...{ loss: contrastive({ margin: 1 }), optimizer: adam({ learningRate: 5e-3 }), validation: test, seed: 1 },
      ...{ metrics: { accuracy: pairAccuracy }, ...options },
    });
    return { model, run };
  },
  reached: ({ validation }) => expect(validation!.metrics.accuracy).toBeGreaterThan(0.85),
});
