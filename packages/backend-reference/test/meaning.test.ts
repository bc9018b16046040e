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

// What operations mean where it is not plain: ties, infinities, what is no number, nothing at all.

/** One operation on plain numbers. */
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
  operation: "relu" | "sign" | "exp" | "log" | "sqrt" | "reciprocal" | "absolute" | "tanh" | "sigmoid",
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

describe("number by number", () => {
  it("what is no number stays so, but for comparisons, which it fails", async () => {
    expect(await each("relu", [NaN, -1, 2, Infinity, -Infinity])).toEqual([NaN, 0, 2, Infinity, 0]);
    expect(await pair("maximum", [NaN, 1], [1, NaN])).toEqual([NaN, NaN]);
    expect(await pair("equal", [NaN, 1, Infinity], [NaN, 1, Infinity])).toEqual([0, 1, 1]);
    expect(await pair("greater", [NaN, 2, 1], [1, 1, 1])).toEqual([0, 1, 0]);
    expect(await pair("greaterEqual", [NaN, 2, 1], [1, 1, 1])).toEqual([0, 1, 1]);
  });

  it("at the ends", async () => {
    expect(await each("log", [0, -1, Infinity])).toEqual([-Infinity, NaN, Infinity]);
    expect(await each("sqrt", [-1, 0, 4])).toEqual([NaN, 0, 2]);
    expect(await each("reciprocal", [0, Infinity])).toEqual([Infinity, 0]);
    expect(await each("sign", [-3, 0, 2])).toEqual([-1, 0, 1]);
    expect(await each("sigmoid", [-1000, 0, 1000])).toEqual([0, 0.5, 1]);
    expect(await pair("divide", [1, 0], [0, 0])).toEqual([Infinity, NaN]);
    expect(await pair("power", [0, -2, -2, 2], [0, 3, 0.5, -1])).toEqual([1, -8, NaN, 0.5]);
  });

  it("a condition holds unless it is 0", async () => {
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

describe("many numbers in one", () => {
  it("of nothing the sum is 0 and the maximum −∞", async () => {
    expect(await compute("sum", [[[], [0, 2]]], { axes: [0] }, [1, 2])).toEqual([0, 0]);
    expect(await compute("max", [[[], [0, 2]]], { axes: [0] }, [1, 2])).toEqual([-Infinity, -Infinity]);
  });

  it("the first of equal maxima is the place; what is no number is a maximum", async () => {
    expect(await compute("argmax", [[[1, 3, 3, 2], [4]]], { axis: 0 }, [1])).toEqual([1]);
    expect(await compute("argmax", [[[1, 3, NaN, NaN], [4]]], { axis: 0 }, [1])).toEqual([2]);
    expect(await compute("max", [[[1, NaN], [2]]], { axes: [0] }, [1])).toEqual([NaN]);
  });
});

describe("places", () => {
  it("an index that is none reads NaN and adds nothing", async () => {
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

  it("a slice can walk backwards; place lays it back among zeros", async () => {
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

  it("padding never wins; the first of equals does; what is no number always does", async () => {
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

  it("an input under several windows gets the gradient of all that it wins", async () => {
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

  it("padding counts as zeros under a convolution: an infinite weight over it gives NaN", async () => {
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
