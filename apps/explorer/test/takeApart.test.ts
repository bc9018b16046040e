import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { TracedInput } from "@convlens/analysis";
import { cpu } from "@convlens/backend-cpu";
import { build, saveWeights, weightsOf } from "@convlens/layers";
import { useBackend } from "@convlens/tensor";
import { CurrentNet, netOfFile, type Net, type NetInfo, type NetParts } from "../src/compute/net.ts";
import { explanation } from "../src/compute/explanation.ts";
import { modelOf, openingRecipe } from "../src/compute/recipe.ts";
import { takeApart, type TakeApartAnswer } from "../src/compute/takeApart.ts";
import { unit } from "../src/compute/unit.ts";

const { inputShape, classes } = openingRecipe;
const pixels = Float32Array.from({ length: 784 }, (_, i) => Math.max(0, Math.sin(i / 17) * Math.cos(i / 5)));
const made: NetInfo[] = [];
let parts: NetParts;
let current: CurrentNet;
let net: Net;
let apart: TakeApartAnswer;

beforeAll(async () => {
  useBackend(await cpu({ threads: 1 }));
  const weights = await weightsOf(build(modelOf(openingRecipe), inputShape, { seed: 3 }));
  parts = { origin: "made for a test", make: () => modelOf(openingRecipe), inputShape, classes, weights };
  current = new CurrentNet(
    async () => parts,
    (info) => made.push(info),
  );
  net = await current.get();
  apart = await takeApart(net, { net: undefined, pixels });
});

/** A unit of any layer. */
const units = fc.tuple(fc.nat(7), fc.array(fc.nat(10_000), { minLength: 3, maxLength: 3 })).map(([index, dice]) => ({
  index,
  place: (shape: readonly number[]) => shape.map((size, axis) => dice[axis]! % size),
}));

const valueAt = ({ shape, values }: TakeApartAnswer["layers"][number], at: readonly number[]): number =>
  values[at.reduce((sum, i, axis) => sum * shape[axis]! + i, 0)]!;

describe("the layers of a net", () => {
  it("are all listed, and the answer is the last of them", () => {
    expect(apart.layers.map(({ type, shape, sees }) => [type, ...shape, sees].join(" "))).toEqual([
      "Conv2d 28 28 8 5",
      "ReLU 28 28 8 5",
      "MaxPool2d 14 14 8 6",
      "Conv2d 14 14 16 14",
      "ReLU 14 14 16 14",
      "MaxPool2d 7 7 16 16",
      "Flatten 784 16",
      "Dense 10 28",
    ]);
    expect(apart.scores).toEqual(apart.layers.at(-1)!.values);
    expect(apart.shares.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
  });
});

describe("a number of a layer", () => {
  it("is exactly the sum of its terms, and the output of the layer", () =>
    fc.assert(
      fc.asyncProperty(units, async ({ index, place }) => {
        const layer = apart.layers[index]!;
        const at = place(layer.shape);
        const { trace, from } = await unit(net, { net: undefined, pixels, layer: layer.name, unit: at });
        expect(trace.value).toBe(trace.output);
        // The float64 result is near the float32 result.
        expect(trace.output).toBeCloseTo(valueAt(layer, at), 4);
        expect(from).toBe(apart.layers[index - 1]?.name);
      }),
      { numRuns: 30 },
    ));

  it("is among the terms of each unit that reads it, with the same contribution", () =>
    fc.assert(
      fc.asyncProperty(units, fc.nat(1000), async ({ index, place }, which) => {
        const at = place(apart.layers[index]!.shape);
        const ask = { net: undefined, pixels };
        const here = await unit(net, { ...ask, layer: apart.layers[index]!.name, unit: at });
        expect(here.to).toBe(apart.layers[index + 1]?.name);
        if (here.to === undefined) return;
        const use = here.uses[which % here.uses.length];
        if (use === undefined) return;
        const { trace } = await unit(net, { ...ask, layer: here.to, unit: use.unit });
        const own = <T extends TracedInput>(all: readonly T[]): T[] =>
          all.filter(({ input }) => input?.join() === at.join());
        switch (trace.kind) {
          case "products":
            expect(own(trace.sums.flat()).map(({ product }) => product + 0)).toEqual([use.part + 0]);
            break;
          case "largest":
            expect(own([trace.candidates[trace.winner]!]).map(({ x }) => x)).toEqual(
              use.derivative === 0 ? [] : [use.part],
            );
            break;
          default:
            // The sign of 0 does not matter.
            expect(trace.output + 0).toBe(use.part + 0);
        }
      }),
      { numRuns: 30 },
    ));

  it("depends only on pixels in its receptive field", async () => {
    const name = apart.layers[4]!.name;
    const at = [6, 7, 3];
    const { box, seen } = await unit(net, { net: undefined, pixels, layer: name, unit: at });
    expect(box).toEqual([
      [6, 19],
      [8, 21],
    ]);
    expect(seen).toBe(14 * 14);
    const other = pixels.map((ink, i) => {
      const [row, column] = [Math.floor(i / 28), i % 28];
      return row >= 6 && row <= 19 && column >= 8 && column <= 21 ? ink : 1 - ink;
    });
    const changed = await takeApart(net, { net: undefined, pixels: other });
    expect(valueAt(changed.layers[4]!, at)).toBe(valueAt(apart.layers[4]!, at));
    expect(changed.scores).not.toEqual(apart.scores);
  });
});

describe("the current net", () => {
  it("is replaced by another one, and all listeners are notified", async () => {
    expect(made.map(({ version }) => version)).toEqual([1]);
    const weights = await weightsOf(build(modelOf(openingRecipe), inputShape, { seed: 4 }));
    current.set({ ...parts, origin: "another", weights });
    const other = await takeApart(await current.get(), { net: 2, pixels });
    expect(other.net).toEqual({ version: 2, origin: "another", classes, accuracy: undefined });
    expect(other.scores).not.toEqual(apart.scores);
    expect(made).toHaveLength(2);
  });

  it("with the same recipe gets the new weights, and all results follow", async () => {
    const { model, weights } = await current.get();
    const before = await takeApart(await current.get(), { net: 2, pixels });
    current.set({ ...(await current.get()), weights: parts.weights });
    const now = await current.get();
    expect(now.model).toBe(model);
    expect((await takeApart(now, { net: 3, pixels })).scores).toEqual(apart.scores);
    const ask = { net: 3, pixels, layer: apart.layers[7]!.name, unit: [4] };
    expect((await unit(now, ask)).trace.output).toBeCloseTo(apart.scores[4]!, 4);
    const why = { ...ask, method: "gradient", target: 4, forgotten: 3 } as const;
    const explained = await explanation(now, why);
    current.set({ ...now, weights });
    const back = await current.get();
    expect((await takeApart(back, { net: 4, pixels })).scores).toEqual(before.scores);
    expect((await explanation(back, why)).values).not.toEqual(explained.values);
    current.set({ ...back, weights: parts.weights });
    expect((await explanation(await current.get(), why)).values).toEqual(explained.values);
  });

  it("is read from a file with a recipe, and from no other file", async () => {
    const file = await saveWeights(net.model, { recipe: JSON.stringify(openingRecipe), testAccuracy: "0.5" });
    const opened = netOfFile(file, "a file");
    expect(opened.accuracy).toBe(0.5);
    const again = new CurrentNet(
      async () => opened,
      () => {},
    );
    expect((await takeApart(await again.get(), { net: undefined, pixels })).scores).toEqual(apart.scores);
    const plain = await saveWeights(net.model);
    expect(() => netOfFile(plain, "a file")).toThrow("no recipe of their net");
  });

  it("that arrives late does not replace one that was set meanwhile", async () => {
    const told: string[] = [];
    const late = new CurrentNet(
      () => new Promise((resolve) => setTimeout(() => resolve({ ...parts, origin: "late" }), 20)),
      ({ origin }) => told.push(origin),
    );
    const asked = late.get();
    late.set({ ...parts, origin: "set" });
    expect((await asked).origin).toBe("set");
    expect(told).toEqual(["set"]);
  });

  it("is loaded again after a failure", async () => {
    let tries = 0;
    const shaky = new CurrentNet(
      async () => {
        if (tries++ === 0) throw new Error("no connection");
        return parts;
      },
      () => {},
    );
    await expect(shaky.get()).rejects.toThrow("no connection");
    expect((await shaky.get()).classes).toEqual(classes);
  });
});
