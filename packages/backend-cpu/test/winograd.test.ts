import { conv2dGeometry, convFilterShape, convInputShape, convOutputShape, Random, sizeOf } from "@convlens/backend";
import type { Conv2dGeometry, Convolution, Input, Kernel, Op, Program, Values } from "@convlens/backend";
import { reference } from "@convlens/backend-reference";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Block } from "../src/heap.ts";
import { conv2dKernels } from "../src/kernels/conv2d.ts";
import { depthwise } from "../src/kernels/conv2d/depthwise.ts";
import { prefersWinograd } from "../src/kernels/conv2d/winograd/rule.ts";
import { Runtime } from "../src/runtime.ts";
import { expectSameClass, specialNumbers, withSpecial } from "./notFinite.ts";
import { unitStride } from "./unitStride.ts";

const passes = ["conv2dBiasRelu", "conv2dInputGradient", "conv2dFilterGradient"] as const;
type Pass = (typeof passes)[number];

const exact = reference({ precision: "float64" });

/** Result of the reference in float64, which has no fused bias and ReLU. */
async function exactly(pass: Pass, g: Conv2dGeometry, feeds: readonly Float32Array[]): Promise<Values> {
  const { inputs, output } = callOf(pass, g);
  const operation = pass === "conv2dBiasRelu" ? "conv2d" : pass;
  const program: Program = {
    feeds: inputs,
    variables: [],
    constants: [],
    instructions: [{ operation, inputs: [0, 1], attributes: { geometry: g }, shape: output }],
    outputs: [inputs.length],
    updates: [],
  };
  const [values] = await exact.compile(program).run(feeds, []);
  const bias = feeds[2];
  return bias === undefined ? values! : values!.map((x, i) => Math.max(0, x + bias[i % bias.length]!));
}

/** Inputs of a pass in order, and the shape of its result. */
function callOf(pass: Pass, g: Conv2dGeometry): { inputs: (readonly number[])[]; output: readonly number[] } {
  const [x, w, y] = [convInputShape(g), convFilterShape(g), convOutputShape(g)];
  if (pass === "conv2dBiasRelu") return { inputs: [x, w, [g.outChannels]], output: y };
  return pass === "conv2dInputGradient" ? { inputs: [y, w], output: x } : { inputs: [y, x], output: w };
}

function compute(runtime: Runtime, pass: Pass, g: Conv2dGeometry, feeds: readonly Float32Array[]): Float32Array {
  const { inputs, output } = callOf(pass, g);
  const kernel = conv2dKernels(runtime, depthwise)[pass] as Kernel<Block, Op<readonly Input[], Convolution>>;
  const blocks = [...inputs, output].map((shape) => runtime.heap.allocate(sizeOf(shape)));
  blocks.forEach((block, i) => runtime.heap.view(block).set(feeds[i] ?? new Float32Array(block.length).fill(NaN)));
  void kernel({ attributes: { geometry: g }, inputs, output })(blocks.slice(0, -1), blocks.at(-1)!, []);
  const result = runtime.heap.view(blocks.at(-1)!).slice();
  for (const block of blocks) runtime.heap.free(block);
  return result;
}

describe("Winograd's algorithm", () => {
  it.each(passes)("equals the direct sum, also for sizes that are not multiples of a tile: %s", (pass) => {
    const [direct, winograd] = [new Runtime({ winograd: "never" }), new Runtime({ winograd: "always" })];
    fc.assert(
      fc.property(unitStride(4), fc.nat(), (g, seed) => {
        const random = new Random(seed);
        const feeds = callOf(pass, g).inputs.map((shape) => random.uniform(sizeOf(shape), -1, 1));
        const [want, got] = [compute(direct, pass, g, feeds), compute(winograd, pass, g, feeds)];
        const scale = want.reduce((most, x) => Math.max(most, Math.abs(x)), 1);
        const error = want.reduce((most, x, i) => Math.max(most, Math.abs(x - got[i]!)), 0);
        expect(error / scale).toBeLessThan(5e-5);
      }),
      { numRuns: 60 },
    );
  });

  it("has an error below two millionths of the typical result, and the direct sum below half a millionth", async () => {
    const g = conv2dGeometry([4, 24, 24, 32], [3, 3, 32, 32], { padding: "same" });
    const random = new Random(7);
    for (const pass of passes) {
      const feeds = callOf(pass, g).inputs.map((shape) => random.normal(sizeOf(shape)));
      const want = await exactly(pass, g, feeds);
      const rootMeanSquare = (values: ArrayLike<number>): number =>
        Math.sqrt(Array.from(values).reduce((sum, x) => sum + x ** 2, 0) / values.length);
      const error = (winograd: "never" | "always"): number => {
        const got = compute(new Runtime({ winograd }), pass, g, feeds);
        return rootMeanSquare(got.map((x, i) => x - want[i]!)) / rootMeanSquare(want);
      };
      const [direct, winograd] = [error("never"), error("always")];
      expect(direct).toBeLessThan(5e-7);
      expect(winograd).toBeLessThan(2e-6);
      // The errors differ, so Winograd's algorithm is really used.
      expect(winograd).toBeGreaterThan(2 * direct);
    }
  });

  it.each(passes)("equals the definition for non-finite numbers: %s", async (pass) => {
    const runtime = new Runtime({ winograd: "always" });
    const special = fc.tuple(specialNumbers, specialNumbers, specialNumbers);
    await fc.assert(
      fc.asyncProperty(unitStride(4), special, fc.nat(), async (g, special, seed) => {
        const random = new Random(seed);
        const feeds = callOf(pass, g).inputs.map((shape, i) => withSpecial(random, sizeOf(shape), special[i]!));
        expectSameClass(compute(runtime, pass, g, feeds), await exactly(pass, g, feeds));
      }),
      { numRuns: 120 },
    );
  });

  it.each(passes)("does not overflow if the definition is finite: %s", async (pass) => {
    const g = conv2dGeometry([2, 9, 10, 5], [3, 3, 5, 6], { padding: 1 });
    const random = new Random(3);
    const [first, second, bias] = callOf(pass, g).inputs.map((shape) => random.uniform(sizeOf(shape), -0.05, 0.05));
    first![47] = -3e38;
    first![48] = 3e38;
    const feeds = [first!, second!, ...(bias === undefined ? [] : [bias])];
    const got = compute(new Runtime({ winograd: "always" }), pass, g, feeds);
    const want = await exactly(pass, g, feeds);
    expect(want.every((x) => Number.isFinite(x))).toBe(true);
    want.forEach((x, i) => expect(Math.abs(got[i]! - x)).toBeLessThanOrEqual(1e-5 * (1 + Math.abs(x))));
  });

  // A search for the worst inputs found 2⁻¹⁴, with four channels and filters with one large tap.
  it.each([
    ["2⁻¹⁸ · max |x| of the tile · Σ |w| where numbers are alike", 2 ** -18, fc.constant(1)],
    [
      "2⁻²⁰ · max |x| of the tile · Σ |w| where one is much larger",
      2 ** -20,
      fc.double({ min: 1e3, max: 1e30, noNaN: true }),
    ],
  ])("is off by no more than %s", async (_, bound, sizes) => {
    const runtime = new Runtime({ winograd: "always" });
    const geometries = unitStride(2).filter(({ inChannels }) => inChannels >= 8);
    await fc.assert(
      fc.asyncProperty(geometries, sizes, fc.nat(), async (g, large, seed) => {
        const random = new Random(seed);
        const [x, w] = callOf("conv2dBiasRelu", g).inputs.map((shape) => random.normal(sizeOf(shape)));
        x![seed % x!.length] = large;
        const feeds = [x!, w!, new Float32Array(g.outChannels)];
        const got = compute(runtime, "conv2dBiasRelu", g, feeds);
        const want = await exactly("conv2dBiasRelu", g, feeds);
        const largest = x!.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
        const weights = new Float64Array(g.outChannels);
        w!.forEach((v, i) => (weights[i % g.outChannels]! += Math.abs(v)));
        let worst = 0;
        for (let i = 0; i < want.length; i++)
          worst = Math.max(worst, Math.abs(got[i]! - want[i]!) / weights[i % g.outChannels]!);
        expect(worst / largest).toBeLessThanOrEqual(bound);
      }),
      { numRuns: 60 },
    );
  });

  it("is chosen by a count of operations", () => {
    const chosen = (size: number, channels: number, filters: number, kernel: number, options = {}): boolean =>
      prefersWinograd(conv2dGeometry([8, size, size, channels], [kernel, kernel, channels, filters], options));
    expect(chosen(32, 32, 32, 3)).toBe(true);
    expect(chosen(32, 64, 128, 3)).toBe(true);
    expect(chosen(14, 8, 16, 5, { padding: "same" })).toBe(true);
    // First layers, single pixels, other windows and strides.
    expect(chosen(32, 3, 32, 3)).toBe(false);
    expect(chosen(32, 3, 12, 5)).toBe(false);
    expect(chosen(3, 64, 64, 3)).toBe(false);
    expect(chosen(32, 32, 32, 1)).toBe(false);
    expect(chosen(32, 32, 32, 7)).toBe(false);
    expect(chosen(32, 32, 32, 3, { stride: 2 })).toBe(false);
    expect(chosen(32, 32, 32, 3, { dilation: 2 })).toBe(false);
    expect(prefersWinograd(conv2dGeometry([8, 32, 32, 32], [3, 3, 16, 32], { groups: 2 }))).toBe(false);
  });
});
