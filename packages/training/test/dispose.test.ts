import { cpu } from "@convlens/backend-cpu";
import { reference } from "@convlens/backend-reference";
import { shapes } from "@convlens/datasets";
import { useBackend, zeros } from "@convlens/tensor";
import { describe, expect, it } from "vitest";
import { collectGarbage } from "../../backend/src/pacer.ts";
import { fit } from "../src/index.ts";
import { build, Conv2d, Dense, dispose, Flatten, predict, ReLU, sequential, type Layer } from "@convlens/layers";

const shape = [6, 6, 1];
const net = (): Layer =>
  build(
    sequential([new Conv2d({ filters: 3, kernelSize: 3 }), new ReLU(), new Flatten(), new Dense({ units: 4 })]),
    shape,
  );

describe.each([
  ["reference", async () => reference()],
  ["cpu", () => cpu({ threads: 1 })],
] as const)("dispose(model) on %s", (_, make) => {
  it("frees everything that the model holds, and nothing of another", async () => {
    const backend = await make();
    useBackend(backend);
    const [one, other] = [net(), net()];
    const x = zeros([2, ...shape]);
    const before = await predict(other, x);
    const held = backend.memory();
    const result = await predict(one, x);
    expect(backend.memory()).toBeGreaterThan(held);
    dispose(one);
    expect((await predict(other, x)).knownValues).toEqual(before.knownValues);
    expect(backend.memory()).toBe(held);
    expect(result.knownValues).toHaveLength(8);
    await expect(predict(one, x)).rejects.toThrow(/was disposed and cannot be used any more/);
    dispose(other);
    await zeros([1]).data();
    await new Promise((resolve) => setTimeout(resolve));
    expect(backend.memory()).toBe(0);
  });

  it("can be called twice, for a model that was never used, and while a prediction is pending", async () => {
    useBackend(await make());
    const model = net();
    const waiting = predict(model, zeros([1, ...shape]));
    dispose(model);
    dispose(model);
    expect((await waiting).knownValues).toHaveLength(4);
    dispose(sequential([new Conv2d({ filters: 3, kernelSize: 3 })]));
  });

  it("is not needed for unreachable models", async () => {
    const backend = await make();
    useBackend(backend);
    const kept = net();
    const x = zeros([1, ...shape]);
    const before = await predict(kept, x);
    const held = backend.memory();
    const use = async (): Promise<void> => {
      const model = net();
      await predict(model, x);
      const data = shapes({ size: 8, height: 6, width: 6 });
      const controller = new AbortController();
      const run = fit(model, data, { epochs: 9, batchSize: 4, signal: controller.signal, validation: data });
      // Neither completed nor stopped.
      await run.next();
    };
    for (let i = 0; i < 20; i++) await use();
    const all = backend.memory() - held;
    expect(all).toBeGreaterThan(0);
    // The engine may still refer to the last used objects.
    const isBack = (): boolean => backend.memory() - held <= 0.2 * all;
    await collectGarbage(isBack);
    expect(isBack()).toBe(true);
    expect((await predict(kept, x)).knownValues).toEqual(before.knownValues);
  });
});
