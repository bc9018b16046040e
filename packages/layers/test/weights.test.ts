import { evaluate } from "@convlens/tensor";
import { reference } from "@convlens/backend-reference";
import { useBackend } from "@convlens/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import {
  BatchNorm,
  build,
  Conv2d,
  Dense,
  Flatten,
  loadWeights,
  parameters,
  predict,
  ReLU,
  saveWeights,
  Sequential,
  setWeights,
  variables,
  weightsOf,
} from "../src/index.ts";
import { some } from "./helpers.ts";

beforeAll(() => useBackend(reference()));

const net = (classes = 3): Sequential =>
  new Sequential([
    new Conv2d({ filters: 4, kernelSize: 3 }),
    new BatchNorm(),
    new ReLU(),
    new Flatten(),
    new Dense({ units: classes }),
  ]);
const shape = [5, 5, 2];

describe("weights in a file", () => {
  it("give another model the same outputs, to the bit, including running statistics", async () => {
    const model = build(net(), shape, { seed: 1 });
    const x = some([4, ...shape]);
    await model.call(x, { training: true }).data();
    const other = build(net(), shape, { seed: 2 });
    const y = (await predict(model, x)).knownValues;
    expect((await predict(other, x)).knownValues).not.toEqual(y);
    expect(loadWeights(other, await saveWeights(model))).toEqual({ missing: [], unknown: [] });
    expect((await predict(other, x)).knownValues).toEqual(y);
  });

  it("are named by their paths", async () => {
    const model = build(net(), shape);
    const found = await weightsOf(model);
    expect([...found].map(([path, { shape: of }]) => `${path} ${of.join("x")}`)).toEqual([
      "layers.0.filters 3x3x2x4",
      "layers.0.bias 4",
      "layers.1.scale 4",
      "layers.1.shift 4",
      "layers.1.mean 4",
      "layers.1.variance 4",
      "layers.4.weights 36x3",
      "layers.4.bias 3",
    ]);
    const values = await evaluate(...variables(model).values());
    expect([...found.values()].map((stored) => stored.values)).toEqual(values);
  });

  it("are not initialised again by a build with onlyFresh", async () => {
    const source = await weightsOf(build(net(), shape, { seed: 1 }));
    const model = net();
    model.call(some([1, ...shape]));
    setWeights(model, source);
    build(model, shape, { seed: 5, onlyFresh: true });
    expect(await weightsOf(model)).toEqual(source);
  });

  it("are refused if a name differs, with the nearest name", async () => {
    const model = build(net(), shape);
    const tensors = await weightsOf(model);
    tensors.set("layers.0.filter", tensors.get("layers.0.filters")!);
    tensors.delete("layers.0.filters");
    expect(() => setWeights(model, tensors)).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: setWeights: "layers.0.filter" is not a variable of this model (nearest: "layers.0.filters"); use the same model, and build it first; { strict: false } ignores names that differ]`,
    );
    tensors.delete("layers.0.filter");
    tensors.delete("layers.4.bias");
    expect(() => setWeights(model, tensors)).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: setWeights: "layers.0.filters" is missing in the file, and 1 more (nearest: "layers.0.bias"); use the same model, and build it first; { strict: false } ignores names that differ]`,
    );
    expect(() => setWeights(net(), tensors)).toThrowErrorMatchingInlineSnapshot(
      `[UsageError: setWeights: this model has no variables yet; call it once, or use build(model, inputShape)]`,
    );
  });

  it("are refused if a shape differs, before anything is written", async () => {
    const model = build(net(4), shape, { seed: 1 });
    const before = await weightsOf(model);
    const tensors = await weightsOf(build(net(3), shape, { seed: 2 }));
    expect(() => setWeights(model, tensors)).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: setWeights: the shape of "layers.4.weights" must be [36, 4] as in this model, got [36, 3]; build the same model for the same input shape]`,
    );
    expect(await weightsOf(model)).toEqual(before);
  });

  it("with strict: false, load the common part into a model with another head", async () => {
    const source = build(new Sequential([...net().layers, new ReLU()]), shape, { seed: 1 });
    const tensors = await weightsOf(source);
    tensors.delete("layers.4.weights");
    tensors.delete("layers.4.bias");
    tensors.set("head", { shape: [1], values: new Float32Array(1) });
    const model = build(net(7), shape, { seed: 2 });
    const head = await parameters(model).get("layers.4.weights")!.data();
    expect(setWeights(model, tensors, { strict: false })).toEqual({
      missing: ["layers.4.weights", "layers.4.bias"],
      unknown: ["head"],
    });
    expect(await parameters(model).get("layers.0.filters")!.data()).toEqual(tensors.get("layers.0.filters")!.values);
    expect(await parameters(model).get("layers.4.weights")!.data()).toEqual(head);
  });

  it("are not saved before they exist", async () => {
    await expect(saveWeights(net())).rejects.toThrowErrorMatchingInlineSnapshot(
      `[UsageError: saveWeights: this model has no variables yet; call it once, or use build(model, inputShape)]`,
    );
  });
});
