import { UsageError } from "@convlens/backend";
import fc from "fast-check";
import { add, compile, concat, evaluate, multiply, setSeed, Variable, type Tensor } from "@convlens/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import {
  BatchNorm,
  build,
  Conv2d,
  Dense,
  Flatten,
  loadWeights,
  parameters,
  predict,
  ReLU,
  saveWeights,
  Sequential,
  variables,
  type Layer,
  type Mode,
} from "../src/index.ts";
import { vgg16 } from "../src/models/index.ts";
import { some, useFloat64 } from "./helpers.ts";

beforeAll(useFloat64);

const net = (): Sequential =>
  new Sequential([new Conv2d({ filters: 3, kernelSize: 3 }), new ReLU(), new Flatten(), new Dense({ units: 4 })]);

/** Bits of all variables. */
async function bits(model: object): Promise<Record<string, number[]>> {
  const found = variables(model);
  const values = await evaluate(...found.values());
  return Object.fromEntries([...found.keys()].map((path, i) => [path, [...values[i]!]]));
}

describe("build", () => {
  it("gives the same bits for the same seed, and others for another", async () => {
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

  it("gives the same bits again to a model that was built before, used or not", async () => {
    const model = build(net(), [5, 5, 2], { seed: 1 });
    const first = await bits(model);
    expect(await bits(build(model, [5, 5, 2], { seed: 2 }))).not.toEqual(first);
    expect(await bits(build(model, [5, 5, 2], { seed: 1 }))).toEqual(first);
  });

  it("does not depend on the order in which layers are created or called", async () => {
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
    // Layers of the same shape have different initial values, by their paths.
    expect(first["a.weights"]).not.toEqual(first["b.weights"]);
  });

  it("computes nothing, and takes no memory until the weights are used", () => {
    const model = build(vgg16(), [224, 224, 3]);
    for (const variable of variables(model).values()) expect(variable.backend).toBeUndefined();
  });

  it("with onlyFresh keeps variables that were built, written or trained before, and no others", async () => {
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

  it("keeps an assigned value that is not computed yet", async () => {
    const model = new Dense({ units: 2, inputs: 2, bias: false });
    model.weights!.assign(some([2, 2]));
    build(model, [2], { onlyFresh: true });
    expect(await model.weights!.data()).toEqual(await some([2, 2]).data());
  });

  it("keeps variables that are not parameters of layers", async () => {
    const model = { own: new Variable([7], []), call: (x: Tensor): Tensor => x };
    build(model, [2]);
    expect(await model.own.item()).toBe(7);
    expect(model.own.name).toBe("own");
  });
});

describe("a model without build", () => {
  it("begins with the same values in each run, by the seed of setSeed", async () => {
    const x = some([2, 5, 5, 2]);
    const first = async (seed: number) => {
      setSeed(seed);
      return net().call(x).data();
    };
    expect(await first(1)).toEqual(await first(1));
    expect(await first(1)).not.toEqual(await first(2));
    const model = net();
    const y = await model.call(x).data();
    expect(await model.call(x).data()).toEqual(y);
  });

  it("begins with the same values in a compiled function", async () => {
    const x = some([2, 5, 5, 2]);
    const model = net();
    const run = compile((input: Tensor) => model.call(input));
    setSeed(3);
    const plain = await net().call(x).data();
    setSeed(3);
    expect((await run(x)).knownValues).toEqual(plain);
    expect((await run(x)).knownValues).toEqual(plain);
  });

  it("begins with different values in equal layers, called at once or one after the other", async () => {
    const x = some([2, 5]);
    const [a, b] = [new Dense({ units: 3 }), new Dense({ units: 3 })];
    const [p, q] = await evaluate(a.call(x), b.call(x));
    expect(p).not.toEqual(q);
    const makers = [
      () => new Dense({ units: 5 }),
      () => new Dense({ units: 5, inputs: 5 }),
      () => new Sequential([new Dense({ units: 5 }), new ReLU()]),
    ];
    for (const make of makers) {
      const values = [];
      for (const layer of [make(), make(), make()]) values.push(`${await layer.call(x).data()}`);
      expect(new Set(values).size).toBe(3);
    }
  });

  it("begins with two different towers if it has two inputs, and the same ones after setSeed", async () => {
    class TwoInputs {
      readonly left = new Sequential([new Dense({ units: 4 }), new ReLU()]);
      readonly right = new Sequential([new Dense({ units: 4 }), new ReLU()]);
      readonly head = [new Dense({ units: 2 }), new Dense({ units: 2 })];
      call(x: Tensor, y: Tensor): Tensor {
        const both = concat([this.left.call(x), this.right.call(y)], 1);
        return add(this.head[0]!.call(both), this.head[1]!.call(both));
      }
    }
    const all = async (seed: number) => {
      setSeed(seed);
      const model = new TwoInputs();
      await model.call(some([2, 3]), some([2, 3])).data();
      return bits(model);
    };
    const first = await all(7);
    expect(first["left.layers.0.weights"]).not.toEqual(first["right.layers.0.weights"]);
    expect(first["head.0.weights"]).not.toEqual(first["head.1.weights"]);
    expect(await all(7)).toEqual(first);
    expect((await all(8))["head.0.weights"]).not.toEqual(first["head.0.weights"]);
  });

  it("begins in predict with values by its paths, as in build with the seed of setSeed", async () => {
    const x = some([2, 5, 5, 2]);
    setSeed(9);
    const [model, again] = [net(), net()];
    const y = (await predict(model, x)).knownValues;
    expect((await predict(again, x)).knownValues).toEqual(y);
    expect((await predict(build(net(), [5, 5, 2], { seed: 9 }), x)).knownValues).toEqual(y);
  });

  it("keeps in predict the values that were used before", async () => {
    const x = some([2, 5, 5, 2]);
    const model = net();
    const y = await model.call(x).data();
    expect((await predict(model, x)).knownValues).toEqual(y);
  });
});

describe("layers that are called only in training", () => {
  /** A head that is called only in training, with a running mean. */
  class Auxiliary implements Layer {
    readonly trunk = new Dense({ units: 4 });
    readonly norm = new BatchNorm();
    readonly head = new Dense({ units: 2 });
    readonly auxiliary = new Dense({ units: 2 });
    call(x: Tensor, mode?: Mode): Tensor {
      const trunk = this.norm.call(this.trunk.call(x, mode), mode);
      const y = this.head.call(trunk, mode);
      return mode?.training ? add(y, this.auxiliary.call(trunk, mode)) : y;
    }
  }

  it("are built and seeded by their paths, and assign nothing", async () => {
    const model = build(new Auxiliary(), [3], { seed: 5 });
    expect([...variables(model).keys()]).toContain("auxiliary.weights");
    const first = await bits(model);
    expect(await bits(build(new Auxiliary(), [3], { seed: 5 }))).toEqual(first);
    expect((await bits(build(new Auxiliary(), [3], { seed: 6 })))["auxiliary.weights"]).not.toEqual(
      first["auxiliary.weights"],
    );
    expect(first["norm.mean"]).toEqual([0, 0, 0, 0]);
    expect(first["norm.variance"]).toEqual([1, 1, 1, 1]);
  });

  it("are saved and loaded", async () => {
    const file = await saveWeights(build(new Auxiliary(), [3], { seed: 5 }));
    const other = build(new Auxiliary(), [3], { seed: 6 });
    loadWeights(other, file);
    expect(await bits(other)).toEqual(await bits(build(new Auxiliary(), [3], { seed: 5 })));
  });
});

describe("trainable variables without a path", () => {
  const hiding: Readonly<Record<string, () => Layer>> = {
    closure: () => {
      const hidden = new Dense({ units: 2 });
      return { call: (x: Tensor) => hidden.call(x) };
    },
    "private field": () =>
      new (class {
        readonly #hidden = new Dense({ units: 2 });
        readonly seen = new Dense({ units: 2 });
        call(x: Tensor): Tensor {
          return add(this.#hidden.call(x), this.seen.call(x));
        }
      })(),
    "array of functions": () => {
      const steps = [new Dense({ units: 2 }), new Dense({ units: 2 })].map((layer) => (x: Tensor) => layer.call(x));
      return { steps, call: (x: Tensor) => steps.reduce((y, step) => step(y), x) } as Layer;
    },
    "weak map": () => {
      const key = {};
      const map = new WeakMap([[key, new Dense({ units: 2 })]]);
      return { map, call: (x: Tensor) => map.get(key)!.call(x) } as Layer;
    },
    "training alone": () => {
      const hidden = new Dense({ units: 2 });
      return { call: (x: Tensor, mode?: Mode) => (mode?.training ? hidden.call(x) : x) };
    },
    "variable in a closure": () => {
      const scale = new Variable([2], [], { name: "own scale" });
      return { call: (x: Tensor) => multiply(x, scale) };
    },
  };

  for (const [where, make] of Object.entries(hiding))
    it(`are refused by build: ${where}`, () => {
      expect(() => build(make(), [2])).toThrow(UsageError);
      expect(() => build(make(), [2])).toThrow(/build: the model uses .*"(weights|own scale)" .*no path leads to/);
    });

  it("are accepted by predict, and then refused by saveWeights", async () => {
    for (const make of [hiding["private field"]!, hiding["closure"]!]) {
      const model = make();
      expect((await predict(model, some([1, 2]))).shape).toEqual([1, 2]);
      await expect(saveWeights(model)).rejects.toThrow("saveWeights: the model uses");
    }
  });

  it("are accepted if they are not trainable, and as soon as they have a path", async () => {
    const hidden = new Dense({ units: 2, inputs: 2 });
    const model: Layer & { seen?: Layer } = { call: (x) => hidden.call(x) };
    expect(() => build(model, [2])).toThrow(UsageError);
    await expect(saveWeights(model)).rejects.toThrow(UsageError);
    hidden.weights!.trainable = hidden.bias!.trainable = false;
    expect(build(model, [2])).toBe(model);
    hidden.weights!.trainable = hidden.bias!.trainable = true;
    model.seen = hidden;
    expect(build(model, [2])).toBe(model);
    expect((await saveWeights(model)).length).toBeGreaterThan(0);
  });

  it("are found in sets, maps with any keys, and nested objects", () => {
    const layers = Array.from({ length: 4 }, () => new Dense({ units: 2 }));
    const model = {
      set: new Set([layers[0]!]),
      map: new Map<unknown, Layer>([
        [{}, layers[1]!],
        ["two", layers[2]!],
      ]),
      inner: { list: [[layers[3]!]] },
      call: (x: Tensor): Tensor => layers.reduce((y, layer) => layer.call(y), x),
    };
    build(model, [2]);
    expect([...parameters(model).keys()].filter((path) => path.endsWith("weights"))).toEqual([
      "set.0.weights",
      "map.0.weights",
      "map.two.weights",
      "inner.list.0.0.weights",
    ]);
  });
});
