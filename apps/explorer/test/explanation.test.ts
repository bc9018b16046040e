import { beforeAll, describe, expect, it } from "vitest";
import { cpu } from "@convlens/backend-cpu";
import { classification } from "@convlens/datasets";
import { build, weightsOf } from "@convlens/layers";
import { useBackend } from "@convlens/tensor";
import { explanation } from "../src/compute/explanation.ts";
import { fool } from "../src/compute/fool.ts";
import { CurrentNet, type Net } from "../src/compute/net.ts";
import { painting } from "../src/compute/painting.ts";
import { patches } from "../src/compute/patches.ts";
import { modelOf, openingRecipe } from "../src/compute/recipe.ts";
import { coverSentence, foolSentence, uncovered } from "../src/panels/fool/model.ts";
import { codeOf, forgottenSentence, judgement, targetOf, whyFields } from "../src/panels/why/model.ts";
import { initialState } from "../src/fields.ts";

const { inputShape, classes } = openingRecipe;
const pixels = Float32Array.from({ length: 784 }, (_, i) => Math.max(0, Math.sin(i / 17) * Math.cos(i / 5)));
let net: Net;

beforeAll(async () => {
  useBackend(await cpu({ threads: 1 }));
  const weights = await weightsOf(build(modelOf(openingRecipe), inputShape, { seed: 3 }));
  const parts = { origin: "a test", make: () => modelOf(openingRecipe), inputShape, classes, weights };
  net = await new CurrentNet(
    async () => parts,
    () => {},
  ).get();
});

describe("an explanation", () => {
  const ask = { net: undefined, pixels, method: "inputTimesGradient", target: 4 } as const;

  it("changes more with more shuffled layers, and is the first map again without any", async () => {
    const trained = await explanation(net, { ...ask, forgotten: 0 });
    expect(trained.similarity).toBeCloseTo(1, 12);
    expect(trained.layers).toHaveLength(3);
    const all = await explanation(net, { ...ask, forgotten: 3 });
    expect(all.similarity).toBeLessThan(0.9);
    expect(all.values).not.toEqual(trained.values);
    expect((await explanation(net, { ...ask, forgotten: 0 })).values).toEqual(trained.values);
  });

  it("explains the selected class, by default the answer", () => {
    const state = initialState(whyFields);
    expect(targetOf(state, classes, 6)).toBe(6);
    expect(targetOf({ ...state, target: "3" }, classes, 6)).toBe(3);
  });

  it("is judged by its similarity", () => {
    expect(judgement(1, 0)).toBe("");
    expect(judgement(0.95, 2)).toContain("depends on the drawing");
    // A single drawing can keep this similarity where the mean of several is lower.
    expect(judgement(0.53, 2)).toBe("partly changed");
    for (const low of [0.1, 0.45]) expect(judgement(low, 2)).toContain("depends on the weights");
    expect(judgement(Number.NaN, 2)).toBe("empty");
    expect(forgottenSentence(1, ["a", "b"])).toContain("“b” are shuffled");
    expect(forgottenSentence(9, ["a", "b"])).toContain("All weights");
    expect(codeOf(3)).toMatch(/below about 0\.5 .* depends on the weights/);
  });
});

describe("an adversarial example", () => {
  it("changes no pixel by more than epsilon, and lowers the probability of the class", async () => {
    const { before, after, pixels: moved } = await fool(net, { net: undefined, pixels, label: 2, epsilon: 0.1 });
    moved.forEach((ink, i) => expect(Math.abs(ink - pixels[i]!)).toBeLessThanOrEqual(0.1 + 1e-6));
    expect(after[2]).toBeLessThan(before[2]!);
    expect(before.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
    const still = await fool(net, { net: undefined, pixels, label: 2, epsilon: 0 });
    expect(still.pixels).toEqual(pixels);
  });

  it("is described in words", () => {
    const [yes, no] = [
      [0.9, 0.1],
      [0.2, 0.8],
    ];
    expect(foolSentence(["a", "b"], { before: yes, after: no }, 10)).toContain("reads a b (80 %)");
    expect(foolSentence(["a", "b"], { before: yes, after: yes }, 10)).toContain("still reads a a (90 %)");
    expect(coverSentence(["a", "b"], yes, no, 12)).toContain("now the net reads a b");
    expect(uncovered(Float32Array.of(1, 0.5), Float32Array.of(1, 0))).toEqual(Float32Array.of(0, 0.5));
  });
});

describe("a feature", () => {
  it("has patches of digits, the highest activation first, of the size of the receptive field", async () => {
    const inputs = Uint8Array.from({ length: 20 * 784 }, (_, i) => (i * 7919) % 256);
    const digits = classification({
      inputs: { values: inputs, shape: [20, ...inputShape] },
      labels: new Uint8Array(20),
      classes,
    });
    const { patches: found, examples } = await patches(net, digits, {
      net: undefined,
      layer: "layers.1",
      channel: 3,
      count: 5,
    });
    expect(examples).toBe(20);
    expect(found).toHaveLength(5);
    for (const { height, width, pixels: piece } of found) {
      expect(height).toBeLessThanOrEqual(5);
      expect(piece).toHaveLength(height * width);
    }
    const values = found.map(({ value }) => value);
    expect(values).toEqual(values.toSorted((a, b) => b - a));
  });

  it("is visualized step by step, and stops when it is aborted", async () => {
    const request = { layer: "layers.1", channel: 3, steps: 24, seed: 1 };
    const looks = [];
    for await (const look of painting(net, request, new AbortController().signal)) looks.push(look);
    // Pictures that come too fast for a page are skipped, but not the first and the last.
    const steps = looks.map(({ step }) => step);
    expect([steps[0], steps.at(-1)]).toEqual([0, 24]);
    expect(steps).toEqual([...new Set(steps)].sort((a, b) => a - b));
    expect(looks.at(-1)?.excitement).toBeGreaterThan(looks[0]!.excitement);
    const controller = new AbortController();
    const seen: number[] = [];
    await expect(async () => {
      for await (const { step } of painting(net, request, controller.signal)) {
        seen.push(step);
        controller.abort();
      }
    }).rejects.toThrow();
    expect(seen).toEqual([0]);
  });
});
