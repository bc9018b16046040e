import { cpu } from "@convlens/backend-cpu";
import { take, type TrainAndTest } from "@convlens/datasets";
import { mnist } from "@convlens/datasets/node";
import { Conv2d, Dense, Flatten, MaxPool2d, ReLU, sequential, type Sequential } from "@convlens/layers";
import { useBackend } from "@convlens/tensor";
import { adam, evaluateModel, fit } from "@convlens/training";

/** A small net for digits. */
export const netForDigits = (): Sequential =>
  sequential([
    new Conv2d({ filters: 6, kernelSize: 5, padding: 2 }),
    new ReLU(),
    new MaxPool2d({ kernelSize: 2 }),
    new Conv2d({ filters: 12, kernelSize: 3, padding: 1 }),
    new ReLU(),
    new MaxPool2d({ kernelSize: 2 }),
    new Flatten(),
    new Dense({ units: 10 }),
  ]);

/** A small net that has learned digits in seconds, on the cpu backend. */
export async function trainedOnDigits(): Promise<
  TrainAndTest & { readonly model: Sequential; readonly accuracy: number }
> {
  useBackend(await cpu({ threads: 1 }));
  const { train, test } = await mnist();
  const model = netForDigits();
  await fit(model, take(train, 4000), {
    batchSize: 20,
    epochs: 2,
    optimizer: adam({ learningRate: 3e-3 }),
    seed: 1,
  });
  return { train, test: take(test, 500), model, accuracy: (await evaluateModel(model, test)).metrics.accuracy! };
}
