import { Random } from "@convlens/backend";
import { cpu } from "@convlens/backend-cpu";
import { reference } from "@convlens/backend-reference";
import { arrays, batches } from "@convlens/datasets";
import {
  build,
  Dense,
  LeakyReLU,
  parameters,
  predict,
  ReLU,
  sequential,
  setWeights,
  Sigmoid,
  weightsOf,
} from "@convlens/layers";
import {
  add,
  compile,
  evaluate,
  full,
  normal,
  reshape,
  tensor,
  useBackend,
  type Tensor,
  type Variable,
} from "@convlens/tensor";
import { describe, expect, it } from "vitest";
import { adam, binaryCrossEntropy, minimize } from "../../src/index.ts";
import { blobs } from "./task.ts";

const { images } = blobs(256, 8);
const data = arrays({ inputs: images, targets: images });

/** A generator and a critic of images of 8 × 8, with a step that trains both. */
function gan() {
  const generator = build(
    sequential([new Dense({ units: 64 }), new ReLU(), new Dense({ units: 64 }), new Sigmoid()]),
    [8],
    { seed: 1 },
  );
  const critic = build(
    sequential([new Dense({ units: 32 }), new LeakyReLU({ negativeSlope: 0.2 }), new Dense({ units: 1 })]),
    [64],
    {
      seed: 2,
    },
  );
  const optimizer = adam({ learningRate: 2e-3, beta1: 0.5 });
  const [ofGenerator, ofCritic] = [parameters(generator), parameters(critic)];
  const step = compile(
    (real: Tensor) => {
      const n = real.shape[0]!;
      const made = generator.call(normal([n, 8]), { training: true });
      const judged = (x: Tensor, truth: number): Tensor =>
        binaryCrossEntropy(critic.call(x, { training: true }), full([n, 1], truth));
      const lossOfCritic = add(judged(reshape(real, [n, 64]), 1), judged(made, 0));
      minimize(optimizer, lossOfCritic, ofCritic);
      // By the critic as it is now.
      const lossOfGenerator = judged(made, 1);
      minimize(optimizer, lossOfGenerator, ofGenerator);
      return { critic: lossOfCritic, generator: lossOfGenerator };
    },
    { seed: 1 },
  );
  const state = (): Map<string, Variable> =>
    new Map(
      [ofGenerator, ofCritic].flatMap((all, i) => [...optimizer.state(all)].map(([path, v]) => [`${i}.${path}`, v])),
    );
  return { generator, critic, step, state };
}

/** Losses of some steps. */
async function trained({ step }: ReturnType<typeof gan>, from: number, to: number, prefetch = 0): Promise<number[]> {
  const losses: number[] = [];
  const perEpoch = 8;
  for (let epoch = Math.floor(from / perEpoch), at = from; at < to; epoch++)
    for await (const { inputs } of batches(data, {
      ...{ size: 32, shuffle: true, seed: 1, epoch, from: at % perEpoch, prefetch },
    })) {
      const { critic, generator } = await step(inputs);
      losses.push(critic.knownValue, generator.knownValue);
      if (++at >= to) break;
    }
  return losses;
}

const momentsOf = (values: ArrayLike<number>): [mean: number, deviation: number] => {
  const all = Array.from(values);
  const mean = all.reduce((a, b) => a + b, 0) / all.length;
  return [mean, Math.sqrt(all.reduce((sum, x) => sum + (x - mean) ** 2, 0) / all.length)];
};

describe("a GAN of two models and one optimizer", () => {
  it("makes images with the statistics of the real ones", async () => {
    useBackend(await cpu({ threads: 2 }));
    const nets = gan();
    const losses = await trained(nets, 0, 600);
    expect(losses.every(Number.isFinite)).toBe(true);
    const samples = await predict(nets.generator, tensor(new Random(9).normal(256 * 8, 0, 1), [256, 8]));
    const [made, real] = [momentsOf(samples.knownValues), momentsOf(images.values)];
    expect(Math.abs(made[0] - real[0])).toBeLessThan(0.08);
    expect(Math.abs(made[1] - real[1])).toBeLessThan(0.12);
    // Samples differ from each other.
    const centers = Array.from({ length: 256 }, (_, i) => samples.knownValues[64 * i + 27]!);
    expect(momentsOf(centers)[1]).toBeGreaterThan(0.02);
  });

  it("has one curve for one seed: again, with two threads, stopped and resumed, with batches made ahead", async () => {
    useBackend(await cpu({ threads: 1 }));
    const expected = await trained(gan(), 0, 12);
    expect(await trained(gan(), 0, 12, 2)).toEqual(expected);
    const first = gan();
    const before = await trained(first, 0, 5);
    const second = gan();
    setWeights(second.generator, await weightsOf(first.generator));
    setWeights(second.critic, await weightsOf(first.critic));
    const kept = first.state();
    const values = await evaluate(...kept.values());
    [...second.state().values()].forEach((variable, i) => variable.write(values[i]!));
    second.step.runs = first.step.runs;
    expect([...before, ...(await trained(second, 5, 12))]).toEqual(expected);
    useBackend(await cpu({ threads: 2 }));
    expect(await trained(gan(), 0, 12)).toEqual(expected);
  });

  it("has the same losses on the reference", async () => {
    useBackend(await cpu({ threads: 1 }));
    const expected = await trained(gan(), 0, 4);
    useBackend(reference());
    (await trained(gan(), 0, 4)).forEach((loss, i) => expect(loss).toBeCloseTo(expected[i]!, 4));
  });
});
