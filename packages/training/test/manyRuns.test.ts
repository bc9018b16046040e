import { cpu } from "@convlens/backend-cpu";
import { reference } from "@convlens/backend-reference";
import { shapes } from "@convlens/datasets";
import { build, Dense, dispose, Flatten, sequential } from "@convlens/layers";
import { multiply, mean, tensor, useBackend } from "@convlens/tensor";
import { expect, it } from "vitest";
import { collectGarbage } from "../../backend/src/pacer.ts";
import { evaluateModel, fit } from "../src/index.ts";

it.each([
  ["reference", async () => reference()],
  ["cpu", () => cpu({ threads: 1 })],
] as const)("losses that are defined inline leave no programs behind: %s", async (_, make) => {
  const backend = await make();
  useBackend(backend);
  const data = shapes({ size: 4, height: 6, width: 6 });
  const model = build(sequential([new Flatten(), new Dense({ units: 4 })]), data.shapes.input);
  const evaluate = async (times: number): Promise<number> => {
    for (let i = 0; i < times; i++) {
      const factors = tensor(
        Float32Array.from({ length: 16 }, (__, k) => k + i),
        [4, 4],
      );
      await evaluateModel(model, data, { loss: (outputs) => mean(multiply(outputs, factors)) });
    }
    await collectGarbage(() => false);
    return backend.memory();
  };
  const held = await evaluate(20);
  expect(await evaluate(60)).toBeLessThanOrEqual(held);
  dispose(model);
  await new Promise((resolve) => setTimeout(resolve));
  expect(backend.memory()).toBe(0);
});

it("a model that is trained repeatedly holds as much memory as after the first time", async () => {
  const backend = await cpu({ threads: 1 });
  useBackend(backend);
  const data = shapes({ size: 8, height: 6, width: 6 });
  const model = build(sequential([new Flatten(), new Dense({ units: 4 })]), data.shapes.input);
  const held: number[] = [];
  const runs: unknown[] = [];
  for (let i = 0; i < 6; i++) {
    const run = fit(model, data, { epochs: 2, batchSize: 4, validation: data });
    runs.push(run);
    for await (const record of run) if (i % 2 === 1 && record.step === 3) break;
    // The engine frees unreachable programs at any time.
    await collectGarbage(() => false);
    held.push(backend.memory());
  }
  expect(new Set(held.slice(1)).size).toBe(1);
});
