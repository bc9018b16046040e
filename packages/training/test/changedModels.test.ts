import { UsageError } from "@convlens/backend";
import { reference } from "@convlens/backend-reference";
import { shapes } from "@convlens/datasets";
import { build, Dense, Dropout, Flatten, ReLU, sequential, type Layer, type Sequential } from "@convlens/layers";
import { useBackend } from "@convlens/tensor";
import { beforeEach, describe, expect, it } from "vitest";
import { evaluateModel, fit, type EpochRecord } from "../src/index.ts";

beforeEach(() => useBackend(reference()));

const data = shapes({ size: 32, height: 8, width: 8 });
const net = (): Sequential =>
  build(sequential([new Flatten(), new Dropout({ rate: 0.5 }), new Dense({ units: 4 })]), data.shapes.input, {
    seed: 1,
  });
const layersOf = (model: Sequential): Layer[] => model.layers as Layer[];

describe("a model that changes", () => {
  it("is evaluated in its current form", async () => {
    const model = net();
    const before = await evaluateModel(model, data);
    layersOf(model)[2] = build(new Dense({ units: 4 }), [64], { seed: 9 });
    const fresh = sequential([...layersOf(model)]);
    const now = await evaluateModel(model, data);
    expect(now).toEqual(await evaluateModel(fresh, data));
    expect(now.loss).not.toBe(before.loss);
  });

  it("between two epochs of one fit is tested and trained in its current form", async () => {
    const train = async (change: (model: Sequential) => void): Promise<EpochRecord[]> => {
      const model = net();
      const epochs: EpochRecord[] = [];
      for await (const record of fit(model, data, { epochs: 2, batchSize: 8, validation: data, seed: 1 }))
        if (record.kind === "epoch" && epochs.push(record) === 1) change(model);
      return epochs;
    };
    const plain = await train(() => undefined);
    const changed = await train((model) => ((layersOf(model)[1] as unknown as { rate: number }).rate = 0));
    expect(changed[0]?.loss).toBe(plain[0]!.loss);
    expect(changed[1]!.loss).not.toBe(plain[1]!.loss);
    const bent = await train((model) => layersOf(model).push(new ReLU()));
    expect(bent[1]!.validation!.loss).not.toBe(plain[1]!.validation!.loss);
  });

  it("by new parameters during a fit is refused with their names, instead of trained without them", async () => {
    const model = net();
    const run = fit(model, data, { epochs: 2, batchSize: 8 });
    await run.next();
    layersOf(model).push(new Dense({ units: 4 }));
    await expect(run.next()).rejects.toThrow(UsageError);
    const again = fit(model, data, { epochs: 1, batchSize: 8 });
    await again.next();
    layersOf(model)[3] = new Dense({ units: 4 });
    await expect(again.next()).rejects.toThrow(
      /the model has changed during training: 2 variables \("layers\.3\.weights" \[4, 4\].* were not there.*begin a new fit/,
    );
  });
});
