import type { Backend } from "@convlens/backend";
import { cpu } from "@convlens/backend-cpu";
import { reference } from "@convlens/backend-reference";
import { augment, rotate, shapes, shift } from "@convlens/datasets";
import {
  BatchNorm,
  Conv2d,
  Dense,
  Dropout,
  Flatten,
  GlobalAveragePool,
  MaxPool2d,
  Parallel,
  ReLU,
  sequential,
  Tanh,
  weightsOf,
} from "@convlens/layers";
import { useBackend } from "@convlens/tensor";
import { adam, fit } from "../src/index.ts";

/** Trains a small net with every kind of randomness, and returns a hash (FNV-1a) of the bits of all losses and weights. */
export async function hashOfTraining(backend: Backend): Promise<number> {
  useBackend(backend);
  const model = sequential([
    ...[
      new Conv2d({ filters: 8, kernelSize: 3, padding: "same" }),
      new BatchNorm(),
      new ReLU(),
      // Enough channels for Winograd's algorithm, forward and backward.
      new Conv2d({ filters: 9, kernelSize: 3, padding: "same" }),
      new ReLU(),
      new MaxPool2d({ kernelSize: 2 }),
    ],
    new Parallel([sequential([new Flatten(), new Dense({ units: 6 }), new Tanh()]), new GlobalAveragePool()]),
    ...[new Dropout({ rate: 0.3 }), new Dense({ units: 4 })],
  ]);
  const data = shapes({ size: 60, height: 10, width: 10, seed: 4 });
  const numbers: number[] = [];
  for await (const record of fit(model, data, {
    epochs: 3,
    batchSize: 12,
    optimizer: adam({ learningRate: 0.01 }),
    seed: 11,
    augment: augment(shift(1), rotate(10)),
  }))
    numbers.push(record.loss);
  for (const { values } of (await weightsOf(model)).values()) numbers.push(...values);
  const bytes = new Uint8Array(Float64Array.from(numbers).buffer);
  return bytes.reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193), 0x811c9dc5) >>> 0;
}

/** Hashes in Node for each backend; every other engine must give the same. */
export const trainingHashes = [
  ["reference", async () => reference(), 225579347],
  ["cpu", cpu, 2201565615],
  ["cpu with three threads", async () => cpu({ threads: 3 }), 2201565615],
  ["cpu with wide vectors, where the engine has them,", async () => cpu({ threads: 2, wide: "auto" }), 2201565615],
] as const;
