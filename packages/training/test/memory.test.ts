import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { cpu } from "@convlens/backend-cpu";
import { reference } from "@convlens/backend-reference";
import { batchOf, shapes } from "@convlens/datasets";
import { build, Conv2d, Dense, Flatten, ReLU, sequential } from "@convlens/layers";
import { useBackend } from "@convlens/tensor";
import { expect, it } from "vitest";
import { adam, crossEntropy, Trainer } from "../src/index.ts";

/** Collects all garbage. */
function collect(): void {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as () => void;
  for (let i = 0; i < 3; i++) gc();
}

it.each([
  ["reference", async () => reference()],
  ["cpu", cpu],
] as const)(
  "10,000 training steps leave nothing behind: the heap and the %s backend do not grow",
  { timeout: 180_000 },
  async (_, make) => {
    const backend = await make();
    useBackend(backend);
    const data = shapes({ size: 64, height: 6, width: 6 });
    const model = build(
      sequential([new Conv2d({ filters: 2, kernelSize: 3 }), new ReLU(), new Flatten(), new Dense({ units: 4 })]),
      data.shapes.input,
    );
    const trainer = new Trainer(model, { loss: crossEntropy, optimizer: adam() });
    const batch = batchOf(data, [56, 57, 58, 59, 60, 61, 62, 63]);
    const run = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) await trainer.step(batch);
    };
    await run(500);
    collect();
    const [heap, memory] = [process.memoryUsage().heapUsed, backend.memory()];
    await run(10_000);
    collect();
    expect(backend.memory()).toBe(memory);
    expect(process.memoryUsage().heapUsed - heap).toBeLessThan(5e6);
  },
);
