import fc from "fast-check";
import { reference } from "@convlens/backend-reference";
import { parameters, type Layer } from "@convlens/layers";
import { add, evaluate, multiply, sum, tensor, useBackend, Variable, zeros, type Tensor } from "@convlens/tensor";
import { beforeAll, expect, it } from "vitest";
import { sgd, trainStep, type ClipOptions } from "../src/index.ts";

beforeAll(() => useBackend(reference({ precision: "float64" })));

/** A model whose gradients are given numbers. */
class Slopes implements Layer {
  readonly first = new Variable([0, 0], [2]);
  readonly second = new Variable([0], [1]);
  readonly #slopes: readonly number[];
  constructor(slopes: readonly number[]) {
    this.#slopes = slopes;
  }
  call(): Tensor {
    const [a, b] = [tensor(this.#slopes.slice(0, 2)), tensor(this.#slopes.slice(2))];
    return add(sum(multiply(this.first, a)), sum(multiply(this.second, b)));
  }
}

/** What a step of the rate 1 subtracts from the parameters, and the length of the gradient that it reports. */
async function stepOf(slopes: readonly number[], clip: ClipOptions): Promise<{ moved: number[]; norm: number }> {
  const model = new Slopes(slopes);
  const all = parameters(model);
  const step = trainStep(model, {
    loss: (outputs) => outputs,
    optimizer: sgd(),
    parameters: all,
    factors: new Map([...all.keys()].map((path) => [path, 1])),
    clip,
    diagnostics: false,
    seed: 1,
  });
  const { gradientNorm } = await step(zeros([1]), zeros([1]), 1);
  return {
    moved: (await evaluate(...all.values())).flatMap((values) => [...values]).map((x) => -x),
    norm: gradientNorm.number,
  };
}

/** PyTorch's `clip_grad_value_` and then `clip_grad_norm_`. */
function clipped(slopes: readonly number[], { value = Infinity, norm = Infinity }: ClipOptions): number[] {
  const held = slopes.map((x) => Math.min(Math.max(x, -value), value));
  const factor = Math.min(1, norm / (Math.hypot(...held) + 1e-6));
  return held.map((x) => x * factor);
}

it("gradients are held between −value and value, and what is left of them is shortened to norm", async () => {
  const { moved } = await stepOf([3, 4, 0], { value: 1, norm: 1 });
  [Math.SQRT1_2, Math.SQRT1_2, 0].forEach((x, i) => expect(moved[i]).toBeCloseTo(x, 12));
  const number = fc.double({ min: -9, max: 9, noNaN: true });
  const limit = fc.option(fc.double({ min: 0.01, max: 9, noNaN: true }), { nil: undefined });
  await fc.assert(
    fc.asyncProperty(fc.tuple(number, number, number), limit, limit, async (slopes, value, norm) => {
      const limits = { ...(value !== undefined && { value }), ...(norm !== undefined && { norm }) };
      const step = await stepOf(slopes, limits);
      clipped(slopes, limits).forEach((x, i) => expect(step.moved[i]).toBeCloseTo(x, 4));
      expect(step.norm).toBeCloseTo(Math.hypot(...slopes), 10);
    }),
    { numRuns: 50 },
  );
});
