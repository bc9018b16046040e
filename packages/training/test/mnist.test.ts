import { reference } from "@convlens/backend-reference";
import { augment, shift } from "@convlens/datasets";
import { mnist } from "@convlens/datasets/node";
import { lenet5 } from "@convlens/layers/models";
import { useBackend } from "@convlens/tensor";
import { expect, it } from "vitest";
import { adam, fit, oneCycle, type EpochRecord } from "../src/index.ts";

it(
  "LeNet reads 98 % of 2,000 digits that it has never seen, after 3 passes over 8,000",
  { timeout: 600_000 },
  async () => {
    useBackend(reference());
    const { train, test } = await mnist();
    const epochs: EpochRecord[] = [];
    const options = {
      epochs: 3,
      batchSize: 8,
      optimizer: adam(),
      rate: oneCycle(2e-3),
      seed: 1,
      test,
      augment: augment(shift(1)),
    };
    for await (const record of fit(lenet5(), train, options)) if (record.kind === "epoch") epochs.push(record);
    expect(epochs.at(-1)!.testAccuracy).toBeGreaterThanOrEqual(0.98);
  },
);
