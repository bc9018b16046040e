import { sizeOf, type Shape } from "@convlens/backend";
import { evaluate, gradients, multiply, sum, tensor, type Tensor } from "@convlens/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import golden from "../../../tools/golden/layers.json" with { type: "json" };
import * as layers from "../src/index.ts";
import { build, parameters, variables, type Layer } from "../src/index.ts";
import * as models from "../src/models/index.ts";
import { useFloat64 } from "./helpers.ts";

beforeAll(useFloat64);

/** The numbers that tools/golden/layers.py has, too. */
const numbers = (index: number, shape: Shape): Float64Array =>
  Float64Array.from({ length: sizeOf(shape) }, (_, j) => (((j * 7919 + index * 104729) % 2003) - 1001) / 1001);

/** Gives the variables of a model the numbers of the script, in order. */
function writeNumbers(model: Layer): void {
  let index = 0;
  for (const [path, variable] of variables(model)) {
    const { shape } = variable;
    const name = path.split(".").at(-1)!;
    const u = numbers(++index, shape);
    if (name === "filters" || name === "weights")
      variable.write(u.map((x) => x * Math.sqrt((6 * shape.at(-1)!) / sizeOf(shape))));
    else variable.write(u.map((x) => (name === "scale" || name === "variance" ? 1 + x / 2 : x / 4)));
  }
}

function expectClose(got: ArrayLike<number>, expected: readonly number[]): void {
  expect(got.length).toBe(expected.length);
  const worst = expected.reduce((most, x, i) => Math.max(most, Math.abs(got[i]! - x) / (1 + Math.abs(x))), 0);
  expect(worst).toBeLessThan(1e-9);
}

describe("layers equal those of PyTorch, with their gradients", () => {
  it.each(golden.layers.map((each) => [`${each.layer} ${JSON.stringify(each.options)}`, each] as const))(
    "%s",
    async (_, { layer: name, options, input, shape, y: expected, gradients: slopes }) => {
      const make = layers as unknown as Readonly<Record<string, new (options: unknown) => Layer>>;
      const layer = build(new make[name]!(options), input.slice(1));
      writeNumbers(layer);
      const x = tensor(
        numbers(0, input).map((each) => each * 4),
        input,
      );
      const y = layer.call(x);
      expect(y.shape).toEqual(shape);
      const of: Tensor[] = [x, ...parameters(layer).values()];
      const [values, ...found] = await evaluate(y, ...gradients(sum(multiply(y, y)), of));
      expectClose(values, expected);
      expect(found.length).toBe(slopes.length);
      found.forEach((slope, i) => expectClose(slope, slopes[i]!));
    },
  );
});

describe("models equal the same models in PyTorch, with the same numbers in their variables", () => {
  it.each(golden.models.map((each) => [`${each.part ?? each.model} ${JSON.stringify(each.options)}`, each] as const))(
    "%s",
    async (_, { model: name, part, options, input, variables: shapes, shape, y: expected }) => {
      const make = models as unknown as Readonly<Record<string, (options: unknown) => Layer>>;
      const made = make[name]!(options);
      const model = part === undefined ? made : (made as unknown as Readonly<Record<string, Layer>>)[part]!;
      build(model, input.slice(1));
      expect(Array.from(variables(model).values(), (variable) => variable.shape)).toEqual(shapes);
      writeNumbers(model);
      const y = model.call(tensor(numbers(0, input), input));
      expect(y.shape).toEqual(shape);
      expectClose(await y.data(), expected);
    },
  );
});
