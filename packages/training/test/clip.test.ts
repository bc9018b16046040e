import fc from "fast-check";
import { reference } from "@convlens/backend-reference";
import { parameters, type Layer } from "@convlens/layers";
import { add, evaluate, multiply, sum, tensor, useBackend, Variable, zeros, type Tensor } from "@convlens/tensor";
import { beforeAll, expect, it } from "vitest";
import { sgd, Trainer, type ClipOptions } from "../src/index.ts";

beforeAll(() => useBackend(reference({ precision: "float64" })));

/** A model with given gradients. */
class Given implements Layer {
  readonly first = new Variable([0, 0], [2]);
  readonly second = new Variable([0], [1]);
  readonly #gradient: readonly number[];
  constructor(gradient: readonly number[]) {
    this.#gradient = gradient;
  }
  call(): Tensor {
    const [a, b] = [tensor(this.#gradient.slice(0, 2)), tensor(this.#gradient.slice(2))];
    return add(sum(multiply(this.first, a)), sum(multiply(this.second, b)));
  }
}

/** Change of the parameters in a step with learning rate 1, and the gradient norm that it reports. */
async function stepOf(gradient: readonly number[], clip: ClipOptions): Promise<{ moved: number[]; norm: number }> {
  const model = new Given(gradient);
  const trainer = new Trainer(model, {
    loss: (outputs: Tensor) => outputs,
    optimizer: sgd({ learningRate: 1 }),
    clip,
  });
  const { gradientNorm } = await trainer.step({ inputs: zeros([1]), targets: zeros([1]) });
  return {
    moved: (await evaluate(...parameters(model).values())).flatMap((values) => [...values]).map((x) => -x),
    norm: gradientNorm,
  };
}

/** PyTorch's `clip_grad_value_` and then `clip_grad_norm_`. */
function clipped(gradient: readonly number[], { value = Infinity, norm = Infinity }: ClipOptions): number[] {
  const held = gradient.map((x) => Math.min(Math.max(x, -value), value));
  const factor = Math.min(1, norm / (Math.hypot(...held) + 1e-6));
  return held.map((x) => x * factor);
}

it("gradients are clipped to −value and value, and then shortened to norm", async () => {
  const { moved } = await stepOf([3, 4, 0], { value: 1, norm: 1 });
  [Math.SQRT1_2, Math.SQRT1_2, 0].forEach((x, i) => expect(moved[i]).toBeCloseTo(x, 12));
  const number = fc.double({ min: -9, max: 9, noNaN: true });
  const limit = fc.option(fc.double({ min: 0.01, max: 9, noNaN: true }), { nil: undefined });
  await fc.assert(
    fc.asyncProperty(fc.tuple(number, number, number), limit, limit, async (gradient, value, norm) => {
      const limits = { ...(value !== undefined && { value }), ...(norm !== undefined && { norm }) };
      const step = await stepOf(gradient, limits);
      clipped(gradient, limits).forEach((x, i) => expect(step.moved[i]).toBeCloseTo(x, 4));
      expect(step.norm).toBeCloseTo(Math.hypot(...gradient), 10);
    }),
    { numRuns: 50 },
  );
});
