import { add, compile, evaluate, gradients, multiply, sgdStep, sum, tensor, type Tensor } from "@convlens/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import { BatchNorm, build, predict } from "../src/index.ts";
import { some, useFloat64 } from "./helpers.ts";

beforeAll(useFloat64);

/** Mean and unbiased variance of each channel, by their formulas. */
async function momentsOf(x: Tensor): Promise<{ mean: number[]; variance: number[] }> {
  const values = await x.data();
  const channels = x.shape.at(-1)!;
  const count = values.length / channels;
  const mean = Array.from({ length: channels }, (_, c) => {
    let total = 0;
    for (let i = 0; i < count; i++) total += values[i * channels + c]!;
    return total / count;
  });
  const variance = mean.map((m, c) => {
    let total = 0;
    for (let i = 0; i < count; i++) total += (values[i * channels + c]! - m) ** 2;
    return total / (count - 1);
  });
  return { mean, variance };
}

const close = (actual: ArrayLike<number>, expected: readonly number[]): void => {
  expect(actual.length).toBe(expected.length);
  expected.forEach((value, i) => expect(actual[i]).toBeCloseTo(value, 12));
};

const batches = [some([4, 3, 3, 2], 1), some([4, 3, 3, 2], 2), some([4, 3, 3, 2], 3)];

/** Running statistics after these batches. */
async function expectedAfter(seen: readonly Tensor[], keep: number): Promise<{ mean: number[]; variance: number[] }> {
  let running = { mean: [0, 0], variance: [1, 1] };
  for (const x of seen) {
    const batch = await momentsOf(x);
    running = {
      mean: running.mean.map((old, c) => keep * old + (1 - keep) * batch.mean[c]!),
      variance: running.variance.map((old, c) => keep * old + (1 - keep) * batch.variance[c]!),
    };
  }
  return running;
}

it("explains momentum, which Keras and PyTorch define in opposite ways", () => {
  // Keras: moving ← momentum · moving + (1 − momentum) · batch; PyTorch: running ← (1 − momentum) · running + momentum · batch.
  expect(() => new BatchNorm({ momentum: 0.1 } as never)).toThrow(
    "BatchNorm: momentum has opposite meanings in Keras and PyTorch; use keep: 0.1 for the momentum of Keras, keep: 0.9 for that of PyTorch",
  );
});

describe("the running statistics of BatchNorm", () => {
  it.each([0.9, 0.5])(
    "change by 1 − %d of each batch's mean and unbiased variance, outside of compile",
    async (keep) => {
      const norm = build(new BatchNorm({ keep }), [3, 3, 2]);
      for (const x of batches) await norm.call(x, { training: true }).data();
      const expected = await expectedAfter(batches, keep);
      close(await norm.mean!.data(), expected.mean);
      close(await norm.variance!.data(), expected.variance);
    },
  );

  it("change by the same in a compiled training step", async () => {
    const norm = build(new BatchNorm(), [3, 3, 2]);
    const step = compile((x: Tensor) => {
      const loss = sum(multiply(norm.call(x, { training: true }), some([3, 3, 2], 7)));
      const learned = [norm.scale!, norm.shift!];
      gradients(loss, learned).forEach((g, i) => learned[i]!.assign(sgdStep(learned[i]!, g, 0.1)));
      return loss;
    });
    for (const x of batches) await step(x);
    const expected = await expectedAfter(batches, 0.9);
    close(await norm.mean!.data(), expected.mean);
    close(await norm.variance!.data(), expected.variance);
    expect(await norm.shift!.data()).not.toEqual(new Float64Array(2));
  });

  it("are used, and unchanged, outside of training", async () => {
    const norm = build(new BatchNorm({ epsilon: 0.01 }), [3, 3, 2]);
    await norm.call(batches[0]!, { training: true }).data();
    const { mean, variance } = await expectedAfter([batches[0]!], 0.9);
    const x = batches[1]!;
    const values = await x.data();
    const expected = Array.from(values, (v, i) => (v - mean[i % 2]!) / Math.sqrt(variance[i % 2]! + 0.01));
    close(await norm.call(x).data(), expected);
    close(await norm.call(x, { training: false }).data(), expected);
    close((await predict(norm, x)).knownValues, expected);
    close(await norm.mean!.data(), mean);
    close(await norm.variance!.data(), variance);
  });

  it("are not changed by build, and begin at 0 and 1", async () => {
    const norm = build(new BatchNorm(), [3, 3, 2]);
    expect((await evaluate(norm.mean!, norm.variance!)).map((v) => [...v])).toEqual([
      [0, 0],
      [1, 1],
    ]);
    expect(norm.mean!.trainable || norm.variance!.trainable).toBe(false);
  });

  it("use 0 as the variance of a single number", async () => {
    const norm = build(new BatchNorm({ keep: 0 }), [2]);
    await norm.call(some([1, 2]), { training: true }).data();
    expect([...(await norm.variance!.data())]).toEqual([0, 0]);
  });
});

it("every channel of the output of BatchNorm has mean 0 and variance 1 during training", async () => {
  const x = add(multiply(some([8, 4, 4, 2]), tensor([3, 0.2])), tensor([10, -4]));
  const { mean, variance } = await momentsOf(
    build(new BatchNorm({ epsilon: 0 }), [4, 4, 2]).call(x, { training: true }),
  );
  close(mean, [0, 0]);
  close(variance, [128 / 127, 128 / 127]);
});
