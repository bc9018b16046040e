import { reference } from "@convlens/backend-reference";
import { build, Dense, parameters, ReLU, sequential } from "@convlens/layers";
import { compile, ones, tensor, useBackend, type Tensor } from "@convlens/tensor";
import { beforeAll, expect, it } from "vitest";
import { adam, meanSquaredError, minimize } from "../src/index.ts";

beforeAll(() => useBackend(reference()));

/** Losses of some steps; `learns` chooses what is given to `minimize`. */
async function lossesOf(learns: (model: Dense) => Parameters<typeof minimize>[2]): Promise<number[]> {
  const model = build(new Dense({ units: 1 }), [2], { seed: 3 });
  const optimizer = adam({ learningRate: 0.1 });
  const step = compile((x: Tensor, y: Tensor) => {
    const loss = meanSquaredError(model.call(x), y);
    minimize(optimizer, loss, learns(model));
    return loss;
  });
  const inputs = tensor([1, 2, 3, -1], [2, 2]);
  const losses: number[] = [];
  for (let i = 0; i < 5; i++) losses.push((await step(inputs, ones([2, 1]))).knownValue);
  return losses;
}

it("minimize takes a model, or its parameters under their paths", async () => {
  const losses = await lossesOf((model) => model);
  expect(losses.at(-1)).toBeLessThan(losses[0]! / 2);
  expect(await lossesOf((model) => parameters(model))).toEqual(losses);
  // Without the first of them, the losses differ.
  expect(await lossesOf((model) => new Map([...parameters(model)].slice(1)))).not.toEqual(losses);
});

it("minimize refuses a model without parameters", () => {
  const relu = sequential([new ReLU()]);
  const record = (): unknown => minimize(adam(), meanSquaredError(relu.call(ones([2])), ones([2])), relu);
  expect(record).toThrow("minimize: there are no parameters, so nothing would learn; call or build the model first");
});
