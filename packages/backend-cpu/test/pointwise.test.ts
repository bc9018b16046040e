import {
  broadcastShapes,
  sizeOf,
  type ChainStep,
  type Instruction,
  type OperationName,
  type Program,
  type Shape,
  type Values,
} from "@convlens/backend";
import { reference } from "@convlens/backend-reference";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cpu } from "../src/index.ts";

const operands: Readonly<Record<1 | 2 | 3, readonly OperationName[]>> = {
  1: [
    ...(["negate", "absolute", "sign", "exp", "expm1", "log", "log1p", "sqrt", "reciprocal"] as const),
    ...(["sin", "cos", "tanh", "erf", "sigmoid", "relu", "floor"] as const),
  ],
  2: [
    ...(["add", "subtract", "multiply", "divide", "power", "maximum", "minimum"] as const),
    ...(["equal", "greater", "greaterEqual", "movingAverage", "momentumStep"] as const),
  ],
  3: ["where", "sgdStep"],
};
const attributesOf = (operation: OperationName): object =>
  operation === "movingAverage" ? { keep: 0.9 } : operation === "momentumStep" ? { momentum: 0.8 } : {};

/** A shape and others that broadcast to it; rows are long enough for loops of all kinds. */
const shapes = fc
  .tuple(
    fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 2 }),
    fc.integer({ min: 1, max: 150 }),
    fc.array(fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }), { maxLength: 7 }),
  )
  .map(([leading, row, stretched]): Shape[] => {
    const shape = [...leading, row];
    return [shape, ...stretched.map((isOne) => shape.map((size, axis) => (isOne[axis] ? 1 : size)))];
  });

/** A random chain of operations on inputs and earlier results; the last one has the shape of the first input. */
const chains = shapes.chain((inputs) =>
  fc
    .array(fc.tuple(fc.constantFrom(1, 2, 3, 2, 2), fc.nat(), fc.tuple(...[0, 1, 2].map(() => fc.nat({ max: 30 })))), {
      maxLength: 15,
    })
    .map((choices) => {
      const all = [...inputs];
      const steps: ChainStep[] = [];
      const take = (operation: OperationName, from: number[]): void => {
        steps.push({ operation, inputs: from, attributes: attributesOf(operation) });
        all.push(from.map((operand) => all[operand]!).reduce((a, b) => broadcastShapes("test", a, b)));
      };
      for (const [count, which, from] of choices) {
        const names = operands[count];
        take(
          names[which % names.length]!,
          from.slice(0, count).map((back) => Math.max(0, all.length - 1 - back)),
        );
      }
      take("add", [all.length - 1, 0]);
      return { inputs, steps, shapes: all };
    }),
);
type TestChain = typeof chains extends fc.Arbitrary<infer T> ? T : never;

const programOf = (feeds: readonly Shape[], instructions: readonly Instruction[]): Program => ({
  feeds,
  variables: [],
  constants: [],
  instructions,
  outputs: [feeds.length + instructions.length - 1],
  updates: [],
});
const asOne = ({ inputs, steps }: TestChain): Program =>
  programOf(inputs, [
    { operation: "pointwise", inputs: inputs.map((_, i) => i), attributes: { steps }, shape: inputs[0]! },
  ]);
const asMany = ({ inputs, steps, shapes: all }: TestChain): Program =>
  programOf(
    inputs,
    steps.map((step, i) => ({ ...step, shape: all[inputs.length + i]! })),
  );

/** Numbers of all kinds, the same for the same seed. */
const numbers = (size: number, seed: number): Float32Array =>
  Float32Array.from({ length: size }, (_, i) => {
    const x = Math.sin(seed + 12.9898 * (i + 1)) * 3;
    return [x, x, x, x, Math.round(x), 0, -0, x * 1e-3, x * 30][(i * 7 + seed) % 9]!;
  });

/** Expects the same bits, where every NaN equals every other, without printing large arrays. */
function expectSame(got: Values, want: Values): void {
  expect(got).toHaveLength(want.length);
  const at = got.findIndex((x, i) => !Object.is(x, want[i]));
  expect(`element ${at}: ${got[at]}`).toBe(`element -1: ${want[at]}`);
}

describe("elementwise operations of the cpu backend", async () => {
  const [one, three, other] = [await cpu({ threads: 1 }), await cpu({ threads: 3 }), reference()];
  const run = async (backend: typeof one, program: Program): Promise<Values> => {
    const executable = backend.compile(program);
    const [result] = await executable.run(
      program.feeds.map((shape, i) => numbers(sizeOf(shape), i)),
      [],
    );
    executable.dispose();
    return result!;
  };

  it("in a chain give the same bits as one by one", async () => {
    await fc.assert(
      fc.asyncProperty(chains, async (chain) => {
        expectSame(await run(one, asOne(chain)), await run(one, asMany(chain)));
      }),
      { numRuns: 150 },
    );
  });

  it("in a chain give the same bits on any number of threads, also if the threads share the work", async () => {
    const large: TestChain = {
      inputs: [[70, 33, 37], [37], [33, 1], []],
      shapes: [[70, 33, 37], [37], [33, 1], [], [33, 37], [70, 33, 37], [], [70, 33, 37]],
      steps: [
        { operation: "multiply", inputs: [1, 2], attributes: {} },
        { operation: "tanh", inputs: [0], attributes: {} },
        { operation: "exp", inputs: [3], attributes: {} },
        { operation: "where", inputs: [4, 5, 6], attributes: {} },
      ],
    };
    const flat = { ...large, inputs: large.inputs.map(() => [90_001]), shapes: large.shapes.map(() => [90_001]) };
    for (const chain of [large, flat]) {
      const result = await run(one, asOne(chain));
      expectSame(result, await run(one, asMany(chain)));
      expectSame(await run(three, asOne(chain)), result);
    }
  });

  it("agree with the reference for long rows and for rows of any length", async () => {
    await fc.assert(
      fc.asyncProperty(
        shapes,
        fc.constantFrom("add", "subtract", "multiply", "maximum", "greater"),
        async ([shape, stretched = shape!], operation) => {
          const feeds = [shape!, stretched];
          const program = programOf(feeds, [{ operation, inputs: [0, 1], attributes: {}, shape: shape! }]);
          expectSame(await run(one, program), await run(other, program));
        },
      ),
      { numRuns: 150 },
    );
  });

  it("refuse other operations in a chain", () => {
    const steps = [{ operation: "sum", inputs: [0], attributes: { axes: [0] } }] as const;
    const program = programOf([[3]], [{ operation: "pointwise", inputs: [0], attributes: { steps }, shape: [3] }]);
    expect(() => one.compile(program)).toThrow("sum: it is not elementwise, and cannot be part of a chain");
  });
});
