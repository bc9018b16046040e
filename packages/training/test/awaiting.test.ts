import { reference } from "@convlens/backend-reference";
import { shapes } from "@convlens/datasets";
import { build, Dense, Flatten, sequential, weightsOf, type Sequential } from "@convlens/layers";
import { useBackend } from "@convlens/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import { fit, sgd, type Fit, type FitOptions } from "../src/index.ts";
import { all, curve, epochs } from "./records.ts";

beforeAll(() => useBackend(reference()));

const data = shapes({ size: 20, height: 4, width: 4 });
const net = (): Sequential =>
  build(sequential([new Flatten(), new Dense({ units: 4 })]), data.shapes.input, { seed: 1 });
const options: FitOptions = { epochs: 3, batchSize: 8, validation: data, seed: 2 };
const run = (more: FitOptions = {}): Fit => fit(net(), data, { ...options, ...more });

describe("a run of fit", () => {
  it("that is awaited gives the same history as one that is iterated over", async () => {
    const history = await run();
    const records = await all(run());
    expect(curve(history)).toEqual(curve(epochs(records)));
    expect(history.map(({ kind, epoch }) => [kind, epoch])).toEqual([0, 1, 2].map((epoch) => ["epoch", epoch]));
    expect(history.at(-1)!.validation!.metrics.accuracy).toBeGreaterThanOrEqual(0);
  });

  it("gives the same history each time it is awaited, and trains once", async () => {
    const model = net();
    const training = fit(model, data, options);
    const history = await training;
    const weights = await weightsOf(model);
    expect(await training).toBe(history);
    expect(await Promise.all([training, training])).toEqual([history, history]);
    expect(await weightsOf(model)).toEqual(weights);
  });

  it("can be awaited after it was iterated over, also after break", async () => {
    const training = run();
    const records = await all(training);
    expect(await training).toEqual(epochs(records));
    const stopped = run();
    for await (const { epoch, kind } of stopped) if (kind === "epoch" && epoch === 1) break;
    expect(await stopped).toHaveLength(2);
  });

  it("can be awaited while somebody else iterates over it", async () => {
    const training = run();
    const first = await training.next();
    expect(first.value?.kind).toBe("step");
    const history = training.then((found) => found.length);
    const rest = await all(training);
    expect(epochs(rest)).toHaveLength(3);
    expect(await history).toBe(3);
  });

  it("does not begin before it is awaited or iterated over", async () => {
    const model = net();
    const before = await weightsOf(model);
    fit(model, data, options);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await weightsOf(model)).toEqual(before);
  });

  it("becomes its history where an async function returns it, and stays a run in an object", async () => {
    // oxlint-disable-next-line typescript/return-await, typescript/require-await -- This is what the test is about.
    const swallowed = await (async () => run())();
    expect(Array.isArray(swallowed)).toBe(true);
    const kept = await Promise.resolve({ training: run() });
    expect((await kept.training.checkpoint()).progress.step).toBe(0);
  });

  it("rejects with the error of training, for all who wait", async () => {
    const exploding = { optimizer: sgd({ learningRate: 1e38 }) };
    const awaited = run(exploding);
    await expect(awaited).rejects.toThrow("must be finite");
    await expect(awaited).rejects.toThrow("must be finite");
    const iterated = run(exploding);
    await expect(all(iterated)).rejects.toThrow("must be finite");
    await expect(iterated).rejects.toThrow("must be finite");
    const aborted = run({ signal: AbortSignal.abort(new Error("enough")) });
    await expect(aborted).rejects.toThrow("enough");
  });
});
