import { sizeOf, type ChainStep, type Instruction, type Program, type Shape, type Values } from "@convlens/backend";
import { reference } from "@convlens/backend-reference";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cpu } from "../src/index.ts";

/** Shapes and axes of all kinds: short and long rows, few and many columns. */
const folds = fc
  .tuple(
    fc.array(
      fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constantFrom(8, 12, 16, 32, 33, 36, 64), fc.integer({ max: 400 })),
      { minLength: 1, maxLength: 4 },
    ),
    fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
  )
  .map(([sizes, isFolded]) => {
    const shape = sizes.map((size) => Math.max(1, size));
    while (sizeOf(shape) > 60_000) shape.pop();
    return { shape, axes: shape.flatMap((_, axis) => (isFolded[axis] ? [axis] : [])) };
  });
/** One of each kind: long rows with a rest, rows of each example, short rows that are joined, neighbours. */
const kinds = [
  { shape: [50, 70], axes: [0] },
  { shape: [3, 37, 100], axes: [1] },
  { shape: [72, 6], axes: [0] },
  { shape: [5, 303], axes: [1] },
  { shape: [7, 40_003], axes: [0, 1] },
];
const folded = ({ shape, axes }: { readonly shape: Shape; readonly axes: readonly number[] }): Shape =>
  shape.map((size, axis) => (axes.includes(axis) ? 1 : size));

const programOf = (feeds: readonly Shape[], instructions: readonly Instruction[]): Program => ({
  feeds,
  variables: [],
  constants: [],
  instructions,
  outputs: [feeds.length + instructions.length - 1],
  updates: [],
});
const numbers = (size: number, seed: number): Float32Array =>
  Float32Array.from({ length: size }, (_, i) => Math.sin(seed + 12.9898 * (i + 1)) * 2);

describe("reductions of the cpu backend", async () => {
  const [one, three, exact] = [
    await cpu({ threads: 1 }),
    await cpu({ threads: 3 }),
    reference({ precision: "float64" }),
  ];
  const run = async (backend: typeof one, program: Program): Promise<Values> => {
    const executable = backend.compile(program);
    const [result] = await executable.run(
      program.feeds.map((shape, i) => numbers(sizeOf(shape), i)),
      [],
    );
    executable.dispose();
    return result!;
  };
  /** Expects the same bits, without printing large arrays. */
  const expectSame = (got: Values, want: Values): void => {
    const at = got.findIndex((x, i) => !Object.is(x, want[i]));
    expect(`element ${at}: ${got[at]}`).toBe(`element -1: ${want[at]}`);
  };

  it("of long and short rows agree with the reference, on any number of threads", async () => {
    await fc.assert(
      fc.asyncProperty(folds, fc.constantFrom("sum", "max"), async (fold, operation) => {
        const program = programOf(
          [fold.shape],
          [{ operation, inputs: [0], attributes: { axes: fold.axes }, shape: folded(fold) }],
        );
        const [got, want] = [await run(one, program), await run(exact, program)];
        // The error of a sum is some units of the sum of its absolute terms.
        const most = operation === "sum" ? 1e-6 * Math.sqrt(sizeOf(fold.shape) / want.length) : 1e-7;
        want.forEach((x, i) => expect(Math.abs(got[i]! - x)).toBeLessThanOrEqual(most * (2 + Math.abs(x))));
        expectSame(await run(three, program), got);
      }),
      { numRuns: 100, examples: kinds.map((fold) => [fold, "sum"]) },
    );
  });

  it("of a chain have the same bits as those of its stored results", async () => {
    const steps: ChainStep[] = [
      { operation: "subtract", inputs: [0, 1], attributes: {} },
      { operation: "exp", inputs: [2], attributes: {} },
      { operation: "multiply", inputs: [3, 4], attributes: {} },
      { operation: "multiply", inputs: [5, 1], attributes: {} },
    ];
    await fc.assert(
      fc.asyncProperty(folds, async ({ shape, axes }) => {
        const output = folded({ shape, axes });
        const [inputs, feeds] = [
          [0, 1, 2],
          [shape, shape, [1]],
        ];
        const together = programOf(feeds, [
          { operation: "pointwiseSum", inputs, attributes: { steps, axes, shape }, shape: output },
        ]);
        const apart = programOf(feeds, [
          { operation: "pointwise", inputs, attributes: { steps }, shape },
          { operation: "sum", inputs: [3], attributes: { axes }, shape: output },
        ]);
        const got = await run(one, together);
        expectSame(got, await run(one, apart));
        expectSame(await run(three, together), got);
      }),
      { numRuns: 100 },
    );
  });

  it("of empty tensors are zeros or empty", async () => {
    const of = (axes: number[], shape: Shape): Promise<Values> =>
      run(
        one,
        programOf(
          [[0, 3]],
          [
            {
              operation: "pointwiseSum",
              inputs: [0],
              attributes: { steps: [{ operation: "exp", inputs: [0], attributes: {} }], axes, shape: [0, 3] },
              shape,
            },
          ],
        ),
      );
    expect([...(await of([0], [1, 3]))]).toEqual([0, 0, 0]);
    expect([...(await of([1], [0, 1]))]).toEqual([]);
  });
});
