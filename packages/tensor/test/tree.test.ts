import { reference } from "@convlens/backend-reference";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import {
  add,
  areShapes,
  areTensors,
  compile,
  isShape,
  mapTensors,
  mapTree,
  multiply,
  showShapes,
  tensor,
  tensorsIn,
  useBackend,
  zeros,
  type Tensor,
  type Tensors,
} from "../src/index.ts";

beforeAll(() => useBackend(reference()));

/** Tensors of known values, alone or in tuples and records of any depth. */
const trees: fc.Arbitrary<Tensors> = fc.letrec<{ tree: Tensors }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1, maxLength: 3 }).map((values) => tensor(values)),
    fc.array(tie("tree"), { minLength: 1, maxLength: 3 }),
    fc.dictionary(fc.string({ maxLength: 3 }), tie("tree"), { minKeys: 1, maxKeys: 3, noNullPrototype: true }),
  ),
})).tree;
const valuesOf = (tree: unknown): unknown => mapTensors(tree, ({ knownValues: values }) => [...values]);

describe("tuples and records of tensors", () => {
  it("are passed to compiled functions and returned by them as they are", async () => {
    await fc.assert(
      fc.asyncProperty(trees, trees, async (a, b) => {
        const double = compile((x: Tensors, y: Tensors) => ({
          x: mapTensors(x, (t) => multiply(t, 2)) as Tensors,
          rest: [y],
        }));
        const { x, rest } = await double(a, b);
        expect(valuesOf(x)).toEqual(mapTensors(a, ({ knownValues: values }) => [...values].map((value) => 2 * value)));
        expect(valuesOf(rest)).toEqual([valuesOf(b)]);
        await double(a, b);
        expect(double.programs.size).toBe(1);
      }),
      { numRuns: 50 },
    );
  });

  it("select a program by their structure, and not only by their shapes", async () => {
    const sum = compile((x: Tensors) => tensorsIn(x).reduce((a, b) => add(a, b)));
    const [a, b] = [tensor([1, 2]), tensor([3, 4])];
    const inputs: Tensors[] = [[a, b], { a, b }, { b, a }, [[a], b], [a, [b]], { "a:": a, b }, { 0: a, 1: b }];
    for (const x of [...inputs, ...inputs]) expect([...(await sum(x)).knownValues]).toEqual([4, 6]);
    expect(sum.programs.size).toBe(inputs.length);
  });

  it("accept numbers as scalars, and refuse results that are not tensors", async () => {
    const scaled = compile((x: { readonly a: Tensor; readonly factor: Tensor }) => multiply(x.a, x.factor));
    expect([...(await scaled({ a: tensor([1, 2]), factor: tensor(3) })).knownValues]).toEqual([3, 6]);
    const wrong = compile(() => ({ a: [zeros([1]), 3 as unknown as Tensor] }));
    await expect(wrong()).rejects.toThrow(
      "compile: the result of the function must be tensors: one, a tuple or record of them, or nothing, got 3",
    );
  });

  it("are recognised, and other values are not", () => {
    const t = zeros([2]);
    for (const x of [t, [t], { a: t }, [{ a: [t] }]]) expect(areTensors(x)).toBe(true);
    for (const x of [1, null, undefined, [], {}, [1], { a: t, b: 1 }, [[]], Float32Array.of(1), Promise.resolve(t)])
      expect(areTensors(x)).toBe(false);
    for (const x of [[], [1, 2], [[1], []], { a: [1], b: { c: [2] } }]) expect(areShapes(x)).toBe(true);
    for (const x of [1, "a", null, [0.5], [-1], [[1], [NaN]], {}, { a: 1 }, Float32Array.of(1)])
      expect(areShapes(x)).toBe(false);
  });

  it("print their shapes, and are created from shapes", () => {
    expect(showShapes([2, 3])).toBe("[2, 3]");
    expect(showShapes([[2], []])).toBe("([2], [])");
    expect(showShapes({ image: [8, 8, 1], rest: [[2], [3]] })).toBe("{ image: [8, 8, 1], rest: ([2], [3]) }");
    const paths: string[] = [];
    const made = mapTree({ image: [8, 1], rest: [[2], [3]] }, isShape, (shape: readonly number[], path) => {
      paths.push(path);
      return zeros(shape);
    });
    expect(paths).toEqual(["image", "rest.0", "rest.1"]);
    expect(tensorsIn(made as Tensors).map(({ shape }) => shape)).toEqual([[8, 1], [2], [3]]);
  });
});
