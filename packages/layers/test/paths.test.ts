import { UsageError, ValueError } from "@convlens/backend";
import { add, tensor, type Tensor } from "@convlens/tensor";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import {
  apply,
  build,
  Dense,
  layersOf,
  Parallel,
  predict,
  ReLU,
  Residual,
  Sequential,
  variables,
  type Layer,
  type Mode,
} from "../src/index.ts";
import { some, useFloat64 } from "./helpers.ts";

beforeAll(useFloat64);

/** Adds up the outputs of its layers, which it calls without `apply`. They are in fields of all kinds. */
class CallsDirectly implements Layer {
  readonly first: Layer;
  readonly parts: { readonly list: readonly Layer[]; readonly map: ReadonlyMap<string, Layer> };
  constructor([first, ...others]: readonly Layer[]) {
    this.first = first!;
    this.parts = { list: others.slice(0, 1), map: new Map(others.slice(1).map((layer, i) => [`part ${i}`, layer])) };
  }
  call(x: Tensor, mode?: Mode): Tensor {
    const all = [this.first, ...this.parts.list, ...this.parts.map.values()];
    return all.reduce((y, layer) => add(y, layer.call(x, mode)), x);
  }
}

/** The same with `apply`, and with one layer used twice. */
class Applies implements Layer {
  readonly layers: Set<Layer>;
  constructor(layers: readonly Layer[]) {
    this.layers = new Set(layers);
  }
  call(x: Tensor, mode?: Mode): Tensor {
    const [first, ...others] = this.layers;
    return others.reduce((y, layer) => add(y, apply(layer, x, mode)), apply(first!, apply(first!, x, mode), mode));
  }
}

/** A layer that only has `call`. */
class Plain implements Layer {
  call(x: Tensor): Tensor {
    return add(x, 1);
  }
}

class Failing implements Layer {
  call(): Tensor {
    throw new ValueError({ problem: "it fails" });
  }
}

interface Make {
  readonly model: Layer;
  /** Number of calls of each layer in one call of the model, without invisible ones: plain layers that are called directly. */
  readonly calls: ReadonlyMap<Layer, number>;
}

const merged = (parts: readonly Make[], times: (i: number) => number = () => 1): Map<Layer, number> => {
  const all = new Map<Layer, number>();
  for (const [i, { calls }] of parts.entries())
    for (const [layer, count] of calls) all.set(layer, (all.get(layer) ?? 0) + count * times(i));
  return all;
};

const leaf = (make: () => Layer): fc.Arbitrary<Make> =>
  fc.constant(null).map(() => {
    const model = make();
    return { model, calls: new Map([[model, 1]]) };
  });
const containing = (
  parts: fc.Arbitrary<readonly Make[]>,
  make: (layers: readonly Layer[]) => Layer,
  times?: (i: number) => number,
): fc.Arbitrary<Make> =>
  parts.map((all) => {
    const model = make(all.map((part) => part.model));
    return { model, calls: merged(all, times).set(model, 1) };
  });

/** Models of layers that keep the shape of their input, nested in all ways. */
const models = (leaves: readonly fc.Arbitrary<Make>[]): fc.Arbitrary<Make> =>
  fc.letrec<{ any: Make }>((tie) => {
    const several = fc.array(tie("any"), { minLength: 1, maxLength: 3 });
    const containers = [
      containing(several, (layers) => new Sequential(layers)),
      containing(fc.tuple(tie("any")), ([body]) => new Residual({ body: body! })),
      containing(fc.tuple(tie("any"), tie("any")), ([body, shortcut]) => new Residual({ body: body!, shortcut })),
      containing(fc.tuple(tie("any")), (layers) => new Parallel(layers)),
    ];
    return {
      any: fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        ...leaves,
        ...containers,
        containing(
          several,
          (layers) => new Applies(layers),
          (i) => (i === 0 ? 2 : 1),
        ),
        // Direct calls are reported only by layers that use `run`.
        containing(
          fc.array(
            fc.oneof(
              ...containers,
              leaf(() => new ReLU()),
            ),
            { minLength: 1, maxLength: 3 },
          ),
          (layers) => new CallsDirectly(layers),
        ),
      ),
    };
  }).any;

const leaves = [leaf(() => new ReLU()), leaf(() => new Plain())];

describe("in random nested models", () => {
  it("each call of each layer is watched once, with the path of the layer and its variables", () => {
    fc.assert(
      fc.property(models(leaves), ({ model, calls }) => {
        const seen = new Map<Layer, number>();
        const paths = layersOf(model);
        apply(model, some([2, 3]), {
          watch: (path, layer) => {
            expect(paths.get(path)).toBe(layer);
            const own = layer as Layer;
            seen.set(own, (seen.get(own) ?? 0) + 1);
          },
        });
        expect(seen).toEqual(calls);
      }),
    );
  });

  it("an error names the path and the class of the failing layer once", () => {
    const failing = leaf(() => new Failing());
    fc.assert(
      fc.property(models([...leaves, failing]), ({ model }) => {
        const expected = new Map(
          [...layersOf(model)].map(([path, layer]) => [
            path === "" ? layer.constructor.name : `${path} (${layer.constructor.name})`,
            layer,
          ]),
        );
        let error: unknown;
        try {
          apply(model, some([2, 3]));
        } catch (thrown) {
          error = thrown;
        }
        const hasFailing = [...expected.values()].some((layer) => layer instanceof Failing);
        if (!hasFailing || model instanceof Failing) return;
        expect(error).toBeInstanceOf(ValueError);
        const { message, details } = error as ValueError;
        expect(expected.get(details.path!)).toBeInstanceOf(Failing);
        expect(message).toBe(`${details.path}: it fails`);
      }),
    );
  });
});

describe("paths of layers", () => {
  const x = some([2, 3]);
  const pathsSeen = (model: Layer): string[] => {
    const seen: string[] = [];
    apply(model, x, { watch: (path, layer) => void seen.push(`${path} ${layer.constructor.name}`) });
    return seen;
  };
  const errorOf = (work: () => unknown): string => {
    try {
      work();
    } catch (error) {
      return (error as Error).message;
    }
    throw new Error("no error was thrown");
  };

  it("begin at the called layer: a part that is called alone has its own paths", () => {
    const part = new Sequential([new ReLU()]);
    expect(pathsSeen(new Sequential([part]))).toEqual(["layers.0.layers.0 ReLU", "layers.0 Sequential", " Sequential"]);
    expect(pathsSeen(part)).toEqual(["layers.0 ReLU", " Sequential"]);
  });

  it("of a shared layer are the first ones, as those of its variables", () => {
    const shared = new Dense({ units: 3 });
    const model = build(new Sequential([new Sequential([new ReLU(), shared]), shared]), [3]);
    expect([...variables(model).keys()]).toEqual(["layers.0.layers.1.weights", "layers.0.layers.1.bias"]);
    expect(pathsSeen(model).filter((text) => text.endsWith("Dense"))).toEqual([
      "layers.0.layers.1 Dense",
      "layers.0.layers.1 Dense",
    ]);
  });

  it("are found for layers that are created during a call, also in the first call", () => {
    class Lazy implements Layer {
      inner: Layer | undefined;
      call(input: Tensor, mode?: Mode): Tensor {
        this.inner ??= new Sequential([new ReLU()]);
        return this.inner.call(input, mode);
      }
    }
    expect(pathsSeen(new Sequential([new Lazy()]))).toEqual([
      "layers.0.inner.layers.0 ReLU",
      "layers.0.inner Sequential",
      "layers.0 Lazy",
      " Sequential",
    ]);
  });

  it("follow a layer that moves within its model", () => {
    const [a, b] = [new Dense({ units: 3 }), new ReLU()];
    const model = {
      layers: [a, b] as Layer[],
      call: (t: Tensor, mode?: Mode) => model.layers.reduce((y, layer) => layer.call(y, mode), t),
    };
    expect(pathsSeen(model).slice(0, 2)).toEqual(["layers.0 Dense", "layers.1 ReLU"]);
    model.layers.reverse();
    expect(pathsSeen(model).slice(0, 2)).toEqual(["layers.0 ReLU", "layers.1 Dense"]);
  });

  it("of layers that are called without the mode, or have no path, begin with that of their caller", () => {
    const hidden = new Sequential([new Dense({ units: 1 })]);
    class Forgetful implements Layer {
      readonly inner = new Dense({ units: 1 });
      call(input: Tensor): Tensor {
        return this.inner.call(input);
      }
    }
    const closure: Layer = { call: (input, mode) => hidden.call(input, mode) };
    const image = some([2, 3, 3, 1]);
    expect(errorOf(() => new Sequential([new Forgetful()]).call(image))).toContain(
      "layers.0 (Forgetful) > Dense: dense:",
    );
    expect(errorOf(() => new Sequential([closure]).call(image))).toContain(
      "layers.0 (Object) > layers.0 (Dense): dense:",
    );
  });

  it("are those of the model after a part of it was called alone", async () => {
    const part = new Sequential([new Dense({ units: 3 })]);
    const model = new Sequential([new ReLU(), part]);
    await predict(model, x);
    await predict(part, x);
    expect(errorOf(() => model.call(some([2, 3, 3, 1])))).toContain("layers.1.layers.0 (Dense): dense:");
    await predict(model, tensor([[1, 2, 3]]));
    expect(variables(model).get("layers.1.layers.0.weights")?.name).toBe("layers.1.layers.0.weights");
  });

  it("are not needed by a single layer", () => {
    expect(() => new Dense({ units: 1 }).call(some([3]))).toThrow(/^Dense: dense: expected/);
    expect(() => apply(new ReLU(), 3 as never)).toThrow(UsageError);
  });
});
