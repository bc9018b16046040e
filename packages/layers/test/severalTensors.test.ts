import { ShapeError, UsageError, ValueError } from "@convlens/backend";
import {
  add,
  compile,
  concat,
  evaluate,
  gradients,
  mean,
  mapTensors,
  multiply,
  square,
  subtract,
  tensor,
  tensorsIn,
  type Tensor,
  type Tensors,
} from "@convlens/tensor";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import {
  activations,
  apply,
  build,
  Conv2d,
  Dense,
  Flatten,
  formatSummary,
  loadWeights,
  parameters,
  predict,
  ReLU,
  saveWeights,
  sequential,
  summary,
  variables,
  type Chained,
  type InputOf,
  type Layer,
  type Mode,
  type OutputOf,
} from "../src/index.ts";
import { some, useFloat64 } from "./helpers.ts";

beforeAll(useFloat64);

/** An interface, since a type alias has an implicit index signature and an interface does not. */
interface Patient {
  readonly image: Tensor;
  readonly meta: Tensor;
}
interface Answer {
  readonly label: Tensor;
  readonly box: Tensor;
}

/** A record of two inputs and one of two outputs. */
class ByName implements Layer<Patient, Answer> {
  readonly tower = sequential([new Conv2d({ filters: 2, kernelSize: 3 }), new ReLU(), new Flatten()]);
  readonly meta = new Dense({ units: 3 });
  readonly heads = new Heads();
  call({ image, meta }: Patient, mode?: Mode): Answer {
    return apply(this.heads, concat([apply(this.tower, image, mode), this.meta.call(meta, mode)], 1), mode);
  }
}

class Heads implements Layer<Tensor, Answer> {
  readonly label = new Dense({ units: 2 });
  readonly box = new Dense({ units: 4 });
  call(x: Tensor, mode?: Mode): Answer {
    return { label: this.label.call(x, mode), box: this.box.call(x, mode) };
  }
}

type Repeated<T, N extends number, All extends T[] = []> = All["length"] extends N ? All : Repeated<T, N, [...All, T]>;
/** A chain that is too long for a type that is not tail-recursive. */
type Long = [ByName, Merge, ...Repeated<Dense, 100>];

class Merge implements Layer<Answer> {
  call({ label, box }: Answer): Tensor {
    return concat([label, box], 1);
  }
}

/** A tuple of two inputs and one of two outputs. */
class ByPlace implements Layer<readonly [Tensor, Tensor], readonly [Tensor, Tensor]> {
  readonly left = new Dense({ units: 3 });
  readonly right = new Dense({ units: 3 });
  call([a, b]: readonly [Tensor, Tensor], mode?: Mode): readonly [Tensor, Tensor] {
    const [left, right] = [this.left.call(a, mode), this.right.call(b, mode)];
    return [add(left, right), multiply(left, right)];
  }
}

const patients = (count: number): Patient => ({ image: some([count, 5, 5, 1], 1), meta: some([count, 4], 2) });
const pair = (count: number): readonly [Tensor, Tensor] => [some([count, 2], 3), some([count, 5], 4)];
const shapes = { image: [5, 5, 1], meta: [4] };

const valuesOf = async (tensors: unknown): Promise<number[][]> =>
  (await evaluate(...tensorsIn(tensors as Tensors))).map((values) => [...values]);

describe("models that take and return several tensors", () => {
  it("are built from the shapes of their inputs, each variable by its path", async () => {
    const model = build(new ByName(), shapes, { seed: 3 });
    expect([...variables(model)].map(([path, { shape }]) => `${path} ${shape.join("x")}`)).toEqual([
      ...["tower.layers.0.filters 3x3x1x2", "tower.layers.0.bias 2", "meta.weights 4x3", "meta.bias 3"],
      ...["heads.label.weights 21x2", "heads.label.bias 2", "heads.box.weights 21x4", "heads.box.bias 4"],
    ]);
    expect(await valuesOf([...variables(build(new ByName(), shapes, { seed: 3 })).values()])).toEqual(
      await valuesOf([...variables(model).values()]),
    );
    expect([...variables(build(new ByPlace(), [[2], [5]])).keys()]).toEqual([
      ...["left.weights", "left.bias", "right.weights", "right.bias"],
    ]);
  });

  it("are compiled by predict once for each shape, and give the results of their calls", async () => {
    for (const [model, x] of [
      [build(new ByName(), shapes), patients(2)],
      [build(new ByPlace(), [[2], [5]]), pair(3)],
    ] as const) {
      const y = await predict(model as Layer<unknown, Tensors>, x);
      const recorded = (model as Layer<unknown, Tensors>).call(x);
      expect(Object.keys(y)).toEqual(Object.keys(recorded));
      expect(Array.isArray(y)).toBe(Array.isArray(recorded));
      expect(tensorsIn(y).map(({ knownValues: values }) => [...values])).toEqual(await valuesOf(recorded));
    }
  });

  it("are summarised with the shapes of all outputs of every layer", () => {
    const found = summary(new ByName(), shapes);
    expect(found.parameters).toBe(20 + 15 + 44 + 88);
    expect(found.multiplyAdds).toBe(9 * 9 * 2 + 12 + 42 + 84);
    expect(formatSummary(found)).toMatchInlineSnapshot(`
      "layer                   output                           parameters  multiply-adds
      input                   { image: [5, 5, 1], meta: [4] }
      tower.layers.0 Conv2d   [3, 3, 2]                                20            162
      tower.layers.1 ReLU     [3, 3, 2]                                 0              0
      tower.layers.2 Flatten  [18]                                      0              0
      meta Dense              [3]                                      15             12
      heads.label Dense       [2]                                      44             42
      heads.box Dense         [4]                                      88             84
      total                                                           167            300"
    `);
    expect(formatSummary(summary(new ByPlace(), [[2], [5]]))).toMatchInlineSnapshot(`
      "layer        output      parameters  multiply-adds
      input        ([2], [5])
      left Dense   [3]                  9              6
      right Dense  [3]                 18             15
      total                            27             21"
    `);
  });

  it("have activations for each tensor of a layer", async () => {
    const found = await activations(build(new ByName(), shapes), patients(2));
    expect(found.map(({ path, part, shape }) => `${path}|${part ?? ""} ${shape.join("x")}`)).toEqual([
      "tower.layers.0| 2x3x3x2",
      "tower.layers.1| 2x3x3x2",
      "tower.layers.2| 2x18",
      "tower| 2x18",
      "meta| 2x3",
      "heads.label| 2x2",
      "heads.box| 2x4",
      "heads|label 2x2",
      "heads|box 2x4",
      "|label 2x2",
      "|box 2x4",
    ]);
  });

  it("are saved and loaded", async () => {
    for (const make of [
      () => [build(new ByName(), shapes, { seed: 1 }), build(new ByName(), shapes, { seed: 2 })] as const,
      () => [build(new ByPlace(), [[2], [5]], { seed: 1 }), build(new ByPlace(), [[2], [5]], { seed: 2 })] as const,
    ]) {
      const [from, to] = make();
      expect(await valuesOf([...variables(to).values()])).not.toEqual(await valuesOf([...variables(from).values()]));
      loadWeights(to, await saveWeights(from));
      expect(await valuesOf([...variables(to).values()])).toEqual(await valuesOf([...variables(from).values()]));
    }
  });

  it("are trained in a compiled function of all inputs and targets", async () => {
    const model = build(new ByName(), shapes, { seed: 5 });
    const learned = [...parameters(model).values()];
    const error = (a: Tensor, b: Tensor): Tensor => mean(square(subtract(a, b)));
    const step = compile((x: { image: Tensor; meta: Tensor }, target: { label: Tensor; box: Tensor }, rate: Tensor) => {
      const y = apply(model, x, { training: true });
      const loss = add(error(y.label, target.label), error(y.box, target.box));
      gradients(loss, learned).forEach((gradient, i) =>
        learned[i]!.assign(subtract(learned[i]!, multiply(rate, gradient))),
      );
      return { loss, parts: [error(y.label, target.label), error(y.box, target.box)] };
    });
    const x = { ...patients(8) };
    const target = { label: some([8, 2], 7), box: some([8, 4], 8) };
    const losses: number[] = [];
    for (let i = 0; i < 60; i++) {
      const { loss, parts } = await step(x, target, 0.1);
      losses.push(loss.knownValue);
      expect(parts[0].knownValue + parts[1].knownValue).toBeCloseTo(loss.knownValue, 12);
    }
    expect(losses.at(-1)).toBeLessThan(losses[0]! / 3);
    expect(step.programs.size).toBe(1);

    const two = build(new ByPlace(), [[2], [5]]);
    const weights = [...parameters(two).values()];
    const descend = compile((inputs: readonly [Tensor, Tensor]) => {
      const [sum, product] = apply(two, inputs);
      const loss = add(error(sum, tensor(1)), error(product, tensor(2)));
      gradients(loss, weights).forEach((gradient, i) =>
        weights[i]!.assign(subtract(weights[i]!, multiply(gradient, 0.05))),
      );
      return loss;
    });
    const first = (await descend(pair(6))).knownValue;
    let last = first;
    for (let i = 0; i < 60; i++) last = (await descend(pair(6))).knownValue;
    expect(last).toBeLessThan(first / 2);
  });

  it("are parts of chains, with types that TypeScript checks", async () => {
    const model = sequential([new ByName(), new Merge(), new Dense({ units: 1 })]);
    build(model, shapes);
    const y: Tensor = await predict(model, patients(2));
    expect(y.shape).toEqual([2, 1]);
    const input: InputOf<typeof model> = patients(1);
    const output: OutputOf<typeof model> = model.call(input);
    expect(output.shape).toEqual([1, 1]);
    expect(model.layers[2].weights?.shape).toEqual([6, 1]);
    const many: Layer[] = [new ReLU(), new ReLU()];
    expect(sequential([...many, new Dense({ units: 1 })]).call(some([1, 2])).shape).toEqual([1, 1]);
    const long: Chained<Long> extends Long ? true : false = true;
    expect(long).toBe(true);
    // @ts-expect-error a Dense takes one tensor, the layer before returns two
    expect(() => sequential([new ByName(), new Dense({ units: 1 })]).call(patients(1))).toThrow();
    // @ts-expect-error meta is missing
    expect(() => build(new ByName(), { image: [5, 5, 1] })).toThrow();
    // @ts-expect-error two shapes are expected
    expect(() => build(new ByPlace(), [2])).toThrow();
    // @ts-expect-error a layer that needs more inputs is not assignable to one that needs fewer
    const less: Layer<{ readonly image: Tensor }, Answer> = new ByName();
    expect(less).toBeInstanceOf(ByName);
  });

  it("are named in errors, and accept only structures of tensors", async () => {
    const model = build(new ByName(), shapes);
    expect(() => apply(model, { ...patients(1), meta: some([1, 3]) })).toThrow(
      expect.objectContaining({ name: "ShapeError", details: expect.objectContaining({ path: "meta (Dense)" }) }),
    );
    expect(() => apply(model, { ...patients(1), meta: some([1, 3]) })).toThrow(ShapeError);
    await expect(predict(model, { image: [1, 2] } as never)).rejects.toThrow(UsageError);
    await expect(predict(model, {} as never)).rejects.toThrow(UsageError);
    const numbers = { call: (x: Tensor) => ({ y: x, count: 3 }) } as unknown as Layer<Tensor, Answer>;
    expect(() => apply(numbers, some([1, 2]))).toThrow(/the output of a layer must be/);
    for (const wrong of [{}, { image: [5, 5, 1], meta: -1 }, { image: [0.5], meta: [4] }, [[2], ["3"]], [[2], {}]])
      expect(() => build(model, wrong as never)).toThrow(ValueError);
  });
});

describe("any tuple or record of tensors", () => {
  const trees: fc.Arbitrary<Tensors> = fc.letrec<{ tree: Tensors }>((tie) => ({
    tree: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc
        .tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 9 }))
        .map(([size, seed]) => some([2, size], seed)),
      fc.array(tie("tree"), { minLength: 1, maxLength: 3 }),
      fc.dictionary(fc.string({ maxLength: 3 }), tie("tree"), { minKeys: 1, maxKeys: 3, noNullPrototype: true }),
    ),
  })).tree;

  it("passes through a model unchanged, with other values", async () => {
    class Twice implements Layer<Tensors, Tensors> {
      call(x: Tensors): Tensors {
        return mapTensors(x, (t) => multiply(t, 2)) as Tensors;
      }
    }
    await fc.assert(
      fc.asyncProperty(trees, async (tree) => {
        const y = await predict(sequential([new Twice(), new Twice()]), tree);
        const plain = (all: Tensors, factor: number): unknown =>
          mapTensors(all, ({ knownValues: values }) => [...values].map((value) => factor * value));
        expect(plain(y, 1)).toEqual(plain(tree, 4));
      }),
      { numRuns: 50 },
    );
  });
});
