import { afterAll, describe, expect, it } from "vitest";
import * as c from "./everything.ts";
import { worstDifference } from "./randomRecipe.ts";

afterAll(() => c.useBackend(c.reference()));

describe("the cpu backend and the reference", () => {
  it("agree on 500 random recipes, forward and backward", { timeout: 240_000 }, async () => {
    const [reference, cpu] = [c.reference({ precision: "float64" }), await c.cpu()];
    for (let seed = 0; seed < 500; seed++)
      expect(await worstDifference(seed, reference, cpu), `seed ${seed}`).toBeLessThan(2e-4);
  });

  it("train equally: 100 steps of a small net with the same seed stay within 1e-3", { timeout: 60_000 }, async () => {
    const losses = async (backend: c.Backend): Promise<number[]> => {
      c.useBackend(backend);
      const data = c.shapes({ size: 100, height: 12, width: 12 });
      const model = c.sequential([
        new c.Conv2d({ filters: 5, kernelSize: 3, padding: 1 }),
        new c.BatchNorm(),
        new c.ReLU(),
        new c.MaxPool2d({ kernelSize: 2 }),
        new c.Flatten(),
        new c.Dropout(),
        new c.Dense({ units: 4 }),
      ]);
      const found: number[] = [];
      for await (const record of c.fit(model, data, {
        epochs: 10,
        batchSize: 10,
        optimizer: c.sgd({ learningRate: 0.01, momentum: 0.9 }),
        seed: 3,
      }))
        if (record.kind === "step") found.push(record.loss);
      return found;
    };
    const [a, b] = [await losses(c.reference()), await losses(await c.cpu())];
    expect(a).toHaveLength(100);
    a.forEach((loss, i) => expect(Math.abs(loss - b[i]!), `step ${i}`).toBeLessThan(1e-3 * (1 + loss)));
  });
});
