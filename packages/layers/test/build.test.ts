import fc from "fast-check";
import { add, compile, evaluate, multiply, Variable, type Tensor } from "@convlens/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import { build, Conv2d, Dense, Flatten, parameters, Relu, Sequential, variables, type Layer } from "../src/index.ts";
import { vgg16 } from "../src/models/index.ts";
import { some, useFloat64 } from "./helpers.ts";

beforeAll(useFloat64);

const net = (): Sequential =>
  new Sequential([new Conv2d({ filters: 3, kernelSize: 3 }), new Relu(), new Flatten(), new Dense({ units: 4 })]);

/** The bits of all variables. */
async function bits(model: object): Promise<Record<string, number[]>> {
  const found = variables(model);
  const values = await evaluate(...found.values());
  return Object.fromEntries([...found.keys()].map((path, i) => [path, [...values[i]!]]));
}

describe("build", () => {
  it("gives the same bits for the same seed, others for another", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const first = await bits(build(net(), [5, 5, 2], { seed }));
        expect(await bits(build(net(), [5, 5, 2], { seed }))).toEqual(first);
        const other = await bits(build(net(), [5, 5, 2], { seed: seed + 1 }));
        expect(other["layers.0.filters"]).not.toEqual(first["layers.0.filters"]);
      }),
      { numRuns: 10 },
    );
  });

  it("gives them again to a model that was built before, used or not", async () => {
    const model = build(net(), [5, 5, 2], { seed: 1 });
    const first = await bits(model);
    expect(await bits(build(model, [5, 5, 2], { seed: 2 }))).not.toEqual(first);
    expect(await bits(build(model, [5, 5, 2], { seed: 1 }))).toEqual(first);
  });

  it("does not depend on the order that layers were made or called in", async () => {
    class Both implements Layer {
      readonly a: Layer;
      readonly b: Layer;
      readonly #backwards: boolean;
      constructor(backwards: boolean) {
        this.#backwards = backwards;
        const make = (): Dense => new Dense({ units: 3 });
        if (backwards) {
          this.b = make();
          this.a = make();
        } else {
          this.a = make();
          this.b = make();
        }
      }
      call(x: Tensor): Tensor {
        if (!this.#backwards) return add(this.a.call(x), this.b.call(x));
        const b = this.b.call(x);
        return add(this.a.call(x), b);
      }
    }
    const [forwards, backwards] = [build(new Both(false), [4]), build(new Both(true), [4])];
    const first = await bits(forwards);
    expect(await bits(backwards)).toEqual(first);
    // Layers of the same shape begin differently, by their paths.
    expect(first["a.weights"]).not.toEqual(first["b.weights"]);
  });

  it("computes nothing, and takes no memory until the weights are used", () => {
    const model = build(vgg16(), [224, 224, 3]);
    for (const variable of variables(model).values()) expect(variable.backend).toBeUndefined();
  });

  it("with onlyFresh leaves alone what was built, written or learned before, and nothing else", async () => {
    const again = { seed: 9, onlyFresh: true };
    const built = build(net(), [5, 5, 2], { seed: 1 });
    const first = await bits(built);
    expect(await bits(build(built, [5, 5, 2], again))).toEqual(first);

    const called = net();
    called.call(some([1, 5, 5, 2]));
    parameters(called).get("layers.0.bias")!.write([1, 2, 3]);
    const weights = parameters(called).get("layers.3.weights")!;
    weights.assign(multiply(weights, 2));
    const doubled = await weights.data();
    build(called, [5, 5, 2], again);
    const after = await bits(called);
    expect(after["layers.0.bias"]).toEqual([1, 2, 3]);
    expect(after["layers.3.weights"]).toEqual([...doubled]);
    expect(after["layers.0.filters"]).toEqual((await bits(build(net(), [5, 5, 2], { seed: 9 })))["layers.0.filters"]);
  });

  it("keeps what was assigned and not computed yet", async () => {
    const model = new Dense({ units: 2, inputs: 2, bias: false });
    model.weights!.assign(some([2, 2]));
    build(model, [2], { onlyFresh: true });
    expect(await model.weights!.data()).toEqual(await some([2, 2]).data());
  });

  it("leaves variables alone that are of one's own making", async () => {
    const model = { own: new Variable([7], []), call: (x: Tensor): Tensor => x };
    build(model, [2]);
    expect(await model.own.item()).toBe(7);
    expect(model.own.name).toBe("own");
  });
});

describe("without build", () => {
  it("a layer begins with values that are the same at each run", async () => {
    const x = some([2, 5, 5, 2]);
    expect(await net().call(x).data()).toEqual(await net().call(x).data());
    const model = net();
    const y = await model.call(x).data();
    expect(await model.call(x).data()).toEqual(y);
  });

  it("also within a compiled function", async () => {
    const x = some([2, 5, 5, 2]);
    const model = net();
    const run = compile((input: Tensor) => model.call(input));
    const plain = await net().call(x).data();
    expect((await run(x)).values).toEqual(plain);
    expect((await run(x)).values).toEqual(plain);
  });
});
