import { cpu } from "@convlens/backend-cpu";
import { augment, shift } from "@convlens/datasets";
import { mnist } from "@convlens/datasets/node";
import { lenet5 } from "@convlens/layers/models";
import { useBackend } from "@convlens/tensor";
import { expect, it } from "vitest";
import { adam, fit, oneCycle, type Checkpoint, type EpochRecord, type FitOptions } from "../src/index.ts";

it("LeNet classifies 98 % of 2,000 test digits correctly after 3 epochs over 8,000", { timeout: 600_000 }, async () => {
  useBackend(await cpu());
  const { train, test } = await mnist();
  const epochs: EpochRecord[] = [];
  const options = {
    epochs: 3,
    batchSize: 8,
    optimizer: adam({ learningRate: oneCycle(2e-3) }),
    seed: 1,
    validation: test,
    augment: augment(shift(1)),
  };
  for await (const record of fit(lenet5(), train, options)) if (record.kind === "epoch") epochs.push(record);
  expect(epochs.at(-1)?.validation?.metrics.accuracy).toBeGreaterThanOrEqual(0.98);
});

it(
  "LeNet on digits gives the same losses to the bit, twice, and after stopping and resuming",
  { timeout: 60_000 },
  async () => {
    useBackend(await cpu());
    const { train } = await mnist();
    const options = (): FitOptions => ({
      batchSize: 16,
      optimizer: adam({ learningRate: 1e-3 }),
      seed: 5,
      augment: augment(shift(1)),
    });
    const losses = async (
      from: number,
      to: number,
      resume?: Checkpoint,
    ): Promise<{ losses: number[]; checkpoint: Checkpoint }> => {
      const training = fit(lenet5(), train, { ...options(), resume });
      const found: number[] = [];
      for await (const { loss } of training) if (found.push(loss) === to - from) break;
      return { losses: found, checkpoint: await training.checkpoint() };
    };
    const whole = await losses(0, 20);
    expect((await losses(0, 20)).losses).toEqual(whole.losses);
    const first = await losses(0, 7);
    const second = await losses(7, 20, first.checkpoint);
    expect([...first.losses, ...second.losses]).toEqual(whole.losses);
  },
);
