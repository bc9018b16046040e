import { describe, expect, it, vi } from "vitest";
import * as c from "./everything.ts";
import { worstDifference } from "./randomRecipe.ts";

const modes = ["webgl2", "webgpu"] as const;
const options = (): c.FitOptions => ({
  epochs: 50,
  batchSize: 4,
  optimizer: c.sgd({ learningRate: 0.01, momentum: 0.9 }),
  seed: 3,
  diagnostics: false,
});

/** Losses of the next steps; fewer if training ends before. */
async function lossesOf(training: c.Fit, steps: number): Promise<number[]> {
  const losses: number[] = [];
  while (losses.length < steps) {
    const { value, done } = await training.next();
    if (done) break;
    if (value.kind === "step") losses.push(value.loss);
  }
  return losses;
}

/** Makes the browser lose a context, as when a driver restarts. */
async function loseContext(mode: (typeof modes)[number]): Promise<void> {
  for (const { value } of contexts[mode].results) {
    const context = (await value) as { getExtension?(name: string): unknown; destroy(): void; lost: Promise<unknown> };
    if (context.getExtension === undefined) {
      context.destroy();
      await context.lost;
    } else (context.getExtension("WEBGL_lose_context") as WEBGL_lose_context).loseContext();
  }
}

// All created contexts: a page creates one of each kind when it needs it.
const { GPUAdapter } = globalThis as unknown as { GPUAdapter: { prototype: { requestDevice(): unknown } } };
const contexts = {
  webgl2: vi.spyOn(HTMLCanvasElement.prototype, "getContext").mock,
  webgpu: vi.spyOn(GPUAdapter.prototype, "requestDevice").mock,
};

/** Losses of 50 steps of LeNet on a backend. */
function trainLenet(backend: c.Backend): Promise<number[]> {
  c.useBackend(backend);
  const data = c.shapes({ size: 24, height: 28, width: 28 });
  return lossesOf(c.fit(c.lenet5({ classes: 4 }), data, options()), 50);
}
let lossesOfReference: Promise<number[]> | undefined;

describe.each(modes)("on the gpu backend, through %s", (mode) => {
  it(
    "training LeNet gives the losses of the reference: 50 losses with the same seed are within 1e-5",
    { timeout: 240_000 },
    async () => {
      const want = await (lossesOfReference ??= trainLenet(c.reference()));
      const got = await trainLenet(await c.gpu({ mode, allowSoftware: true }));
      expect(got).toHaveLength(50);
      got.forEach((loss, i) => expect(Math.abs(loss - want[i]!), `step ${i}`).toBeLessThan(1e-5));
      expect(got.at(-1)).toBeLessThan(got[0]! / 2);
    },
  );

  it("20 random programs agree with the reference, forward and backward", { timeout: 240_000 }, async () => {
    const [reference, gpu] = [c.reference({ precision: "float64" }), await c.gpu({ mode, allowSoftware: true })];
    for (let seed = 0; seed < 20; seed++)
      expect(await worstDifference(seed, reference, gpu), `seed ${seed}`).toBeLessThan(2e-4);
  });

  it(
    "a lost context is an error, and training continues from its checkpoint on a new one",
    { timeout: 60_000 },
    async () => {
      const data = c.shapes({ size: 24, height: 12, width: 12 });
      const model = (): c.Layer =>
        c.sequential([
          new c.Conv2d({ filters: 3, kernelSize: 3 }),
          new c.ReLU(),
          new c.Flatten(),
          new c.Dense({ units: 4 }),
        ]);
      c.useBackend(await c.gpu({ mode, allowSoftware: true }));
      const first = model();
      const training = c.fit(first, data, options());
      await lossesOf(training, 4);
      const checkpoint = await training.checkpoint();
      const [parameter] = c.parameters(first).values();
      const before = await parameter!.data();
      const want = await lossesOf(training, 4);

      const silent = vi.spyOn(console, "error").mockImplementation(() => undefined);
      await loseContext(mode);
      await expect(lossesOf(training, 1)).rejects.toThrow(
        /^step \d+: gpu.* the WebG.* was lost; .*make a new backend with gpu\(\)/,
      );
      await expect(parameter!.data()).rejects.toThrow(/the WebG.* was lost/);
      silent.mockRestore();
      // Values that were read are on the host.
      expect(before.every(Number.isFinite)).toBe(true);

      c.useBackend(await c.gpu({ mode, allowSoftware: true }));
      const resumed = c.fit(model(), data, { ...options(), resume: checkpoint });
      const got = await lossesOf(resumed, 4);
      got.forEach((loss, i) => expect(loss).toBeCloseTo(want[i]!, 5));
    },
  );
});
