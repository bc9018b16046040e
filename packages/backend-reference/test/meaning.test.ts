import {
  conv2dGeometry,
  pool2dGeometry,
  type Attributes,
  type Instruction,
  type OperationName,
  type Shape,
} from "@convlens/backend";
import { describe, expect, it } from "vitest";
import { reference } from "../src/index.ts";

// Results of operations in special cases: ties, infinities, NaN, empty tensors.

/** Computes one operation on numbers. */
async function compute<K extends OperationName>(
  operation: K,
  inputs: readonly (readonly [readonly number[], Shape])[],
  attributes: Attributes<K>,
  shape: Shape,
): Promise<number[]> {
  const backend = reference({ precision: "float64" });
  const step: Instruction<K> = { operation, inputs: inputs.map((_, i) => i), attributes, shape };
  const program = {
    feeds: inputs.map(([, each]) => each),
    variables: [],
    constants: [],
    instructions: [step as unknown as Instruction],
    outputs: [inputs.length],
    updates: [],
  };
  const [values] = await backend.compile(program).run(
    inputs.map(([numbers]) => Float64Array.from(numbers)),
    [],
  );
  return [...values!];
}
const each = (
  operation: "relu" | "sign" | "floor" | "exp" | "log" | "sqrt" | "reciprocal" | "absolute" | "tanh" | "sigmoid",
  x: readonly number[],
): Promise<number[]> => compute(operation, [[x, [x.length]]], {}, [x.length]);
const pair = (
  operation: "maximum" | "minimum" | "equal" | "greater" | "greaterEqual" | "divide" | "power",
  a: readonly number[],
  b: readonly number[],
): Promise<number[]> =>
  compute(
    operation,
    [
      [a, [a.length]],
      [b, [b.length]],
    ],
    {},
    [Math.max(a.length, b.length)],
  );

it("the reference refuses unknown options and wrong values", () => {
  expect(() => reference({ precison: "float64" } as never)).toThrow(
    'reference: unknown option "precison"; did you mean "precision"?',
  );
  expect(() => reference({ precision: "float16" } as never)).toThrow(
    'reference: precision must be "float32" or "float64", got "float16"',
  );
});

describe("elementwise operations", () => {
  it("return NaN for NaN, except comparisons, which are false", async () => {
    expect(await each("relu", [NaN, -1, 2, Infinity, -Infinity])).toEqual([NaN, 0, 2, Infinity, 0]);
    expect(await pair("maximum", [NaN, 1], [1, NaN])).toEqual([NaN, NaN]);
    expect(await pair("equal", [NaN, 1, Infinity], [NaN, 1, Infinity])).toEqual([0, 1, 1]);
    expect(await pair("greater", [NaN, 2, 1], [1, 1, 1])).toEqual([0, 1, 0]);
    expect(await pair("greaterEqual", [NaN, 2, 1], [1, 1, 1])).toEqual([0, 1, 1]);
  });

  it("return the limits at infinity", async () => {
    expect(await each("log", [0, -1, Infinity])).toEqual([-Infinity, NaN, Infinity]);
    expect(await each("sqrt", [-1, 0, 4])).toEqual([NaN, 0, 2]);
    expect(await each("reciprocal", [0, Infinity])).toEqual([Infinity, 0]);
    expect(await each("sign", [-3, 0, 2])).toEqual([-1, 0, 1]);
    expect(await each("floor", [-1.5, -1, 0.5, 2 ** 30 + 0.5, -Infinity])).toEqual([-2, -1, 0, 2 ** 30, -Infinity]);
    expect(await each("sigmoid", [-1000, 0, 1000])).toEqual([0, 0.5, 1]);
    expect(await pair("divide", [1, 0], [0, 0])).toEqual([Infinity, NaN]);
    expect(await pair("power", [0, -2, -2, 2], [0, 3, 0.5, -1])).toEqual([1, -8, NaN, 0.5]);
  });

  it("treat every number except 0 as true in a condition", async () => {
    expect(
      await compute(
        "where",
        [
          [[0, 1, -2, NaN], [4]],
          [[1], []],
          [[2], []],
        ],
        {},
        [4],
      ),
    ).toEqual([2, 1, 1, 1]);
  });
});

describe("reductions", () => {
  it("of no numbers are 0 for the sum and −∞ for the maximum", async () => {
    expect(await compute("sum", [[[], [0, 2]]], { axes: [0] }, [1, 2])).toEqual([0, 0]);
    expect(await compute("max", [[[], [0, 2]]], { axes: [0] }, [1, 2])).toEqual([-Infinity, -Infinity]);
  });

  it("choose the first of equal maxima, and NaN as the maximum", async () => {
    expect(await compute("argmax", [[[1, 3, 3, 2], [4]]], { axis: 0 }, [1])).toEqual([1]);
    expect(await compute("argmax", [[[1, 3, NaN, NaN], [4]]], { axis: 0 }, [1])).toEqual([2]);
    expect(await compute("max", [[[1, NaN], [2]]], { axes: [0] }, [1])).toEqual([NaN]);
  });
});

describe("indexing", () => {
  it("reads NaN for an index out of range, and adds nothing there", async () => {
    expect(
      await compute(
        "gather",
        [
          [[1, 2, 3], [3]],
          [[2, 3, -1, 0.5], [4]],
        ],
        {},
        [4],
      ),
    ).toEqual([3, NaN, NaN, NaN]);
    expect(
      await compute(
        "scatter",
        [
          [[1, 2, 4], [3]],
          [[1, 1, 9], [3]],
        ],
        { size: 2 },
        [2],
      ),
    ).toEqual([0, 3]);
  });

  it("slices backwards, and place inserts the slice among zeros", async () => {
    const section = { begin: [4], step: [-2] };
    expect(await compute("slice", [[[0, 1, 2, 3, 4], [5]]], { ...section, shape: [3] }, [3])).toEqual([4, 2, 0]);
    expect(await compute("place", [[[7, 8, 9], [3]]], { ...section, shape: [5] }, [5])).toEqual([9, 0, 8, 0, 7]);
  });
});

describe("windows", () => {
  const square = [1, 3, 3, 1];
  const geometry = pool2dGeometry(square, {
    kernelSize: 2,
    stride: 1,
    padding: [
      [1, 0],
      [1, 0],
    ],
  });

  it("never choose padding, choose the first of equal numbers, and always choose NaN", async () => {
    const x = [-1, -1, -5, -1, NaN, -5, -9, -9, -9];
    expect(await compute("maxPool2d", [[x, square]], { geometry }, square)).toEqual([
      -1,
      -1,
      -1,
      -1,
      NaN,
      NaN,
      -1,
      NaN,
      NaN,
    ]);
    const places = [0, 1, 2, 3, 4, 5, 6, 7, 8];
    const equal = x.map(() => 2);
    expect(
      await compute(
        "maxPool2dSelect",
        [
          [places, square],
          [equal, square],
        ],
        { geometry },
        square,
      ),
    ).toEqual([0, 0, 1, 0, 0, 1, 3, 3, 4]);
  });

  it("give an input the gradients of all windows that chose it", async () => {
    const x = [0, 0, 0, 0, 5, 0, 0, 0, 0];
    const ones = x.map(() => 1);
    expect(
      await compute(
        "maxPool2dGradient",
        [
          [ones, square],
          [x, square],
        ],
        { geometry },
        square,
      ),
    ).toEqual([3, 1, 0, 1, 4, 0, 0, 0, 0]);
    expect(await compute("sumPool2dGradient", [[ones, square]], { geometry }, square)).toEqual([
      4, 4, 2, 4, 4, 2, 2, 2, 1,
    ]);
  });

  it("multiply padding as zeros in a convolution: an infinite weight over it gives NaN", async () => {
    const conv = conv2dGeometry([1, 1, 2, 1], [1, 2, 1, 1], {
      padding: [
        [0, 0],
        [1, 0],
      ],
    });
    expect(
      await compute(
        "conv2d",
        [
          [
            [1, 2],
            [1, 1, 2, 1],
          ],
          [
            [Infinity, 1],
            [1, 2, 1, 1],
          ],
        ],
        { geometry: conv },
        [1, 1, 2, 1],
      ),
    ).toEqual([NaN, Infinity]);
  });
});
