import { readFileSync } from "node:fs";
import { reference } from "@convlens/backend-reference";
import { compile, tensor, useBackend, Variable, type Tensor } from "@convlens/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import { adagrad, adam, adamW, lion, rmsProp, sgd, type Optimizer } from "../src/index.ts";

const golden = JSON.parse(readFileSync(new URL("../../../tools/golden/optimizers.json", import.meta.url), "utf8"));
const make: Readonly<Record<string, (options: never) => Optimizer>> = { sgd, adagrad, rmsProp, adam, adamW, lion };

beforeAll(() => useBackend(reference({ precision: "float64" })));

describe("optimizers step like PyTorch's", () => {
  for (const [name, { options, path }] of Object.entries(
    golden.optimizers as Record<string, { options: never; path: number[][] }>,
  ))
    it(name, async () => {
      const optimizer = make[name.split(" ")[0]!]!(options);
      const parameter = new Variable(golden.start, [4], { name: "p" });
      const step = compile((gradient: Tensor, learningRate: Tensor) => {
        optimizer.update([{ path: "p", parameter, gradient, learningRate }]);
        return parameter.current;
      });
      for (const [i, gradient] of golden.gradients.entries()) {
        const { knownValues: values } = await step(tensor(gradient), golden.learningRate);
        values.forEach((value, k) => expect(value, `step ${i}`).toBeCloseTo(path[i]![k]!, 12));
      }
    });
});

it("the state of an optimizer is named by its parameters, and exists before the first step", () => {
  const parameters = new Map([["layers.0.bias", new Variable([1, 2], [2])]]);
  expect([...sgd().state(parameters).keys()]).toEqual([]);
  expect([...sgd({ momentum: 0.9 }).state(parameters).keys()]).toEqual(["velocity.layers.0.bias"]);
  expect([...adam().state(parameters).keys()]).toEqual([
    "count.layers.0.bias",
    "first.layers.0.bias",
    "second.layers.0.bias",
  ]);
});
