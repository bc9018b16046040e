import { ShapeError, UsageError, ValueError } from "@convlens/backend";
import { concat, evaluate, multiply, relu, type Tensor } from "@convlens/tensor";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import {
  Add,
  BatchNorm,
  branches,
  build,
  Concat,
  Conv2d,
  Dense,
  each,
  Flatten,
  formatModel,
  FrozenBatchNorm,
  GlobalAveragePool,
  HardSigmoid,
  Identity,
  loadWeights,
  MaxPool2d,
  Multiply,
  parameters,
  predict,
  ReLU,
  restrict,
  saveWeights,
  sequential,
  SkipConnection,
  summary,
  Upsample,
  variables,
  type Branches,
  type Each,
  type InputOf,
  type Layer,
  type OutputOf,
} from "../src/index.ts";
import { ready, some, useFloat64 } from "./helpers.ts";

beforeAll(useFloat64);

const tower = () => sequential([new Conv2d({ filters: 2, kernelSize: 3 }), new ReLU(), new Flatten()]);
/** Two inputs and two outputs by name. */
const model = () =>
  sequential([
    each({ image: tower(), meta: new Dense({ units: 3 }) }),
    new Concat(),
    branches({ label: new Dense({ units: 2 }), box: new Dense({ units: 4 }) }),
  ]);
const shapes = { image: [5, 5, 1], meta: [4] } as const;
const input = (n: number) => ({ image: some([n, 5, 5, 1]), meta: some([n, 4], 2) });

describe("layers of several tensors", () => {
  it("each and branches call a layer for each part, by name or in order", async () => {
    const net = build(model(), shapes);
    const [parts, , heads] = net.layers;
    const x = input(3);
    const joined = concat([parts.layers.image.call(x.image), parts.layers.meta.call(x.meta)], 1);
    const y = await predict(net, x);
    const [label, box] = await evaluate(heads.branches.label.call(joined), heads.branches.box.call(joined));
    expect(y.label.knownValues).toEqual(label);
    expect(y.box.knownValues).toEqual(box);

    const inOrder = sequential([each([new ReLU(), new Identity()]), new Add()]);
    const [a, b] = [some([2, 3], 1), some([2, 3], 2)];
    const [sum, first, second] = await evaluate(inOrder.call([a, b]), relu(a), b);
    expect(sum).toEqual(first.map((value, i) => value + second[i]!));
  });

  it("have types that the compiler follows", () => {
    const parts: Each<{ readonly image: ReturnType<typeof tower>; readonly meta: Dense }> = each({
      image: tower(),
      meta: new Dense({ units: 3 }),
    });
    const x: InputOf<typeof parts> = input(1);
    const y: { readonly image: Tensor; readonly meta: Tensor } = parts.call(x);
    const heads: Branches<readonly [Dense, Dense]> = branches([new Dense({ units: 1 }), new Dense({ units: 2 })]);
    const answers: OutputOf<typeof heads> = heads.call(y.meta);
    const pair: readonly [Tensor, Tensor] = answers;
    expect(pair).toHaveLength(2);
    const net: Layer<
      { readonly image: Tensor; readonly meta: Tensor },
      { readonly label: Tensor; readonly box: Tensor }
    > = model();
    expect(net).toBeInstanceOf(Object);
    // Branches take what all of them take.
    class Pair implements Layer<{ readonly a: Tensor; readonly b: Tensor }> {
      call({ a, b }: { readonly a: Tensor; readonly b: Tensor }): Tensor {
        return multiply(a, b);
      }
    }
    class Other implements Layer<{ readonly b: Tensor; readonly c: Tensor }> {
      call({ b, c }: { readonly b: Tensor; readonly c: Tensor }): Tensor {
        return multiply(b, c);
      }
    }
    const both = branches({ pair: new Pair(), other: new Other() });
    const all = { a: some([1]), b: some([1]), c: some([1]) };
    expect(both.call(all).other.shape).toEqual([1]);
    // @ts-expect-error c is missing
    expect(() => both.call({ a: some([1]), b: some([1]) })).toThrow();
    // @ts-expect-error meta is missing
    expect(() => parts.call({ image: some([1, 5, 5, 1]) })).toThrow(UsageError);
    // @ts-expect-error a Dense takes one tensor, each returns two
    expect(() => sequential([parts, new Dense({ units: 1 })]).call(x)).toThrow();
    // @ts-expect-error the parts of a shape are those of the input
    expect(() => build(model(), { image: [5, 5, 1] })).toThrow(UsageError);
  });

  it("print, count, save and load, and can be restricted", async () => {
    const net = build(model(), shapes);
    expect(formatModel(net)).toMatchInlineSnapshot(`
      "Sequential (167 parameters)
        layers.0 Each (35 parameters)
          layers.image Sequential (20 parameters)
            layers.0 Conv2d: filters [3, 3, 1, 2], bias [2] (20 parameters)
            layers.1 ReLU
            layers.2 Flatten
          layers.meta Dense: weights [4, 3], bias [3] (15 parameters)
        layers.1 Concat
        layers.2 Branches (132 parameters)
          branches.label Dense: weights [21, 2], bias [2] (44 parameters)
          branches.box Dense: weights [21, 4], bias [4] (88 parameters)"
    `);
    expect(summary(net, shapes).parameters).toBe([...parameters(net).values()].reduce((n, { size }) => n + size, 0));
    expect([...variables(net).keys()]).toContain("layers.0.layers.image.layers.0.filters");
    const other = build(model(), shapes, { seed: 5 });
    await loadWeights(other, await saveWeights(net));
    const x = input(2);
    const [expected, got] = [await predict(net, x), await predict(other, x)];
    expect(got.box.knownValues).toEqual(expected.box.knownValues);
    const one = await predict(restrict(net, x, { input: "image", output: "box" }), x.image);
    expect(one.knownValues).toEqual(expected.box.knownValues);
  });

  it("refuse what is not made of layers, and inputs that lack a part", () => {
    for (const wrong of [undefined, null, 3, {}, [], { a: 3 }, [new ReLU(), null], new ReLU()]) {
      expect(() => each(wrong as never)).toThrow(ValueError);
      expect(() => branches(wrong as never)).toThrow("branches: expected a record or an array of layers");
    }
    expect(() => each({ a: new ReLU(), b: new ReLU() }).call({ a: some([1]) } as never)).toThrow(
      "Each: the input must be a tensor for each of a, b, got a",
    );
  });
});

describe("Concat, Add, Multiply", () => {
  it("join any tuple or record, in order", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 }), async (sizes) => {
        const parts = sizes.map((size, i) => some([2, size], i));
        const record = Object.fromEntries(parts.map((part, i) => [`part${i}`, part]));
        const joined = concat(parts, 1);
        for (const x of [parts, record, [parts.slice(0, 1), ...parts.slice(1)]])
          expect(await new Concat().call(x).data()).toEqual(await joined.data());
        const alike = sizes.map((_, i) => some([2, 3], i));
        const all = await evaluate(...alike);
        const fold = (f: (a: number, b: number) => number): number[] =>
          [...all[0]!].map((_, at) => all.map((values) => values[at]!).reduce(f));
        expect([...(await new Add().call(alike).data())]).toEqual(fold((a, b) => a + b));
        expect([...(await new Multiply().call(alike).data())]).toEqual(fold((a, b) => a * b));
      }),
      { numRuns: 30 },
    );
  });

  it("refuse shapes that do not fit; Multiply repeats axes of size 1", () => {
    const x = [some([2, 3, 4]), some([2, 1, 4])];
    expect(new Multiply().call(x).shape).toEqual([2, 3, 4]);
    expect(() => new Add().call(x)).toThrow("Add: expected tensors of one shape, [2, 3, 4], got [2, 1, 4]");
    expect(() => new Concat().call(x)).toThrow(ShapeError);
    expect(new Concat({ axis: 1 }).call(x).shape).toEqual([2, 4, 4]);
    expect(() => new Concat().call({})).toThrow();
  });

  it("make squeeze and excitation of four layers", async () => {
    const gate = sequential([
      new GlobalAveragePool({ keepAxes: true }),
      new Conv2d({ filters: 3, kernelSize: 1 }),
      new HardSigmoid(),
    ]);
    const block = build(sequential([branches([new Identity(), gate]), new Multiply()]), [4, 5, 3]);
    const x = some([2, 4, 5, 3]);
    const [y, expected] = await evaluate(block.call(x), multiply(x, gate.call(x)));
    expect(y).toEqual(expected);
  });
});

describe("SkipConnection", () => {
  it("concatenates x and body(x), and cuts off the end of larger maps", async () => {
    const body = sequential([new MaxPool2d({ kernelSize: 2, padding: "same" }), new Upsample()]);
    for (const shape of [
      [2, 4, 6, 2],
      [1, 5, 7, 3],
    ] as const) {
      const x = some(shape);
      const y = new SkipConnection({ body }).call(x);
      expect(y.shape).toEqual([...shape.slice(0, 3), 2 * shape[3]]);
      const [all, first, second] = await evaluate(y, x, body.call(x));
      const width = body.call(x).shape[2]!;
      const at = (n: number, row: number, column: number, columns: number, channel: number, height: number): number =>
        ((n * height + row) * columns + column) * shape[3] + channel;
      for (let row = 0; row < shape[1]; row++)
        for (let column = 0; column < shape[2]; column++) {
          const from = at(0, row, column, shape[2], 0, shape[1]) * 2;
          expect(all[from]).toBe(first[at(0, row, column, shape[2], 0, shape[1])]);
          expect(all[from + shape[3]]).toBe(second[at(0, row, column, width, 0, body.call(x).shape[1]!)]);
        }
    }
  });

  it("refuses a body that returns smaller maps, with the way out", () => {
    const layer = new SkipConnection({ body: new MaxPool2d({ kernelSize: 2 }) });
    expect(() => layer.call(some([1, 4, 4, 1]))).toThrow(
      /^SkipConnection: the output of the body must be at least as large as the input, \[1, 4, 4, 1\].*padding: "same"/,
    );
  });
});

describe("FrozenBatchNorm", () => {
  it("reads the weights of a BatchNorm, equals it outside of training, and has no parameters", async () => {
    const x = some([3, 4, 5, 2]);
    const learned = ready(new BatchNorm(), x);
    const fixed = build(new FrozenBatchNorm(), [4, 5, 2]);
    await loadWeights(fixed, await saveWeights(learned));
    expect(parameters(fixed).size).toBe(0);
    expect([...variables(fixed).keys()]).toEqual([...variables(learned).keys()]);
    const [expected, got, training] = await evaluate(learned.call(x), fixed.call(x), fixed.call(x, { training: true }));
    expect(got).toEqual(expected);
    expect(training).toEqual(expected);
    expect(() => fixed.call(some([1, 4, 5, 3]))).toThrow(ShapeError);
  });
});
