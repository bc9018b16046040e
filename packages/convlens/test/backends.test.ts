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

  const pair = c.dcgan({ size: 16, channels: 2, latent: 6, filters: 4 });
  it.each<[string, c.Layer, c.Shape]>([
    ["autoencoder", c.autoencoder({ shape: [13, 16, 2], code: 5, filters: 4 }), [13, 16, 2]],
    ["generator of dcgan", pair.generator, [6]],
    ["discriminator of dcgan", pair.discriminator, [16, 16, 2]],
    ["mobileNetV2", c.mobileNetV2({ classes: 3, width: 0.1 }), [17, 20, 1]],
    ["resnet1d", c.resnet1d({ classes: 3, filters: 4 }), [21, 2]],
    ["squeezeNet", c.squeezeNet({ classes: 3 }), [17, 20, 1]],
    ["unet", c.unet({ filters: 4, depth: 2 }), [11, 14, 2]],
  ])("agree on %s, forward and backward", async (_, model, shape) => {
    const of = [...c.parameters(c.build(model, shape, { seed: 2 })).values()];
    const x = c.tensor(new c.Random(1).normal(c.sizeOf(shape)), [1, ...shape]);
    const values = async (backend: c.Backend): Promise<number[][]> => {
      c.useBackend(backend);
      c.build(model, shape, { seed: 2 });
      const y = model.call(x);
      return (await c.evaluate(y, ...c.gradients(c.mean(c.square(y)), of))).map((each) => [...each]);
    };
    const [expected, got] = [await values(c.reference()), await values(await c.cpu())];
    expected.forEach((all, i) => {
      const largest = all.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expect(largest).toBeGreaterThan(0);
      const worst = all.reduce((most, value, at) => Math.max(most, Math.abs(value - got[i]![at]!)), 0);
      expect(worst / largest, i === 0 ? "output" : of[i - 1]!.name).toBeLessThan(1e-3);
    });
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
