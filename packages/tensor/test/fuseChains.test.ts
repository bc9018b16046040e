import {
  checked,
  fuseChains,
  type Backend,
  type Chain,
  type Instruction,
  type Program,
  type Values,
} from "@convlens/backend";
import { cpu } from "@convlens/backend-cpu";
import fc from "fast-check";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import {
  add,
  adamStep,
  batchNorm,
  compile,
  dropout,
  evaluate,
  exp,
  gelu,
  gradients,
  greater,
  log,
  matmul,
  max,
  momentumStep,
  movingAverage,
  multiply,
  negate,
  relu,
  reshape,
  sgdStep,
  sigmoid,
  sqrt,
  square,
  subtract,
  sum,
  swish,
  tanh,
  tensor,
  Tensor,
  transpose,
  useBackend,
  Variable,
  where,
  zeros,
  type Results,
} from "../src/index.ts";

const backend = await cpu({ threads: 1 });
afterAll(() => backend.dispose());
beforeEach(() => useBackend(backend));
/** The same backend without fusion of elementwise operations. */
const apart: Backend = { ...backend, join: (program) => program };

/** Program of a function over feeds of these shapes. */
async function programOf(fn: (...x: Tensor[]) => Results, ...shapes: number[][]): Promise<Program> {
  const f = compile(fn);
  await f(...shapes.map((shape) => zeros(shape)));
  return [...f.programs.values()][0]!.program;
}
/** An instruction as text: its name, or the names of its steps. */
const textOf = ({ operation, attributes }: Instruction): string => {
  if (!operation.startsWith("pointwise")) return operation;
  const steps = (attributes as Chain).steps.map((step) => step.operation).join(" ");
  return operation === "pointwise" ? steps : `${steps} sum`;
};
const textsOf = async (fn: (...x: Tensor[]) => Results, ...shapes: number[][]): Promise<string[]> =>
  (await programOf(fn, ...shapes)).instructions.filter(({ operation }) => operation !== "reshape").map(textOf);

describe("elementwise instructions", () => {
  it("are joined if one follows the other", async () => {
    expect(await textsOf((x) => negate(sqrt(exp(x))), [4])).toEqual(["exp sqrt negate"]);
    expect(await textsOf((x, y) => multiply(tanh(x), add(y, exp(x))), [4], [4])).toEqual(["tanh exp add multiply"]);
  });

  it("stay separate if the value in between is an output, updates a variable, or has other readers", async () => {
    const v = new Variable([0, 0], [2]);
    expect(await textsOf((x) => [exp(x), negate(exp(x))], [2])).toEqual(["exp", "negate"]);
    expect(await textsOf((x) => (v.assign(exp(x)), negate(v)), [2])).toEqual(["exp", "negate"]);
    expect(await textsOf((x) => [negate(exp(x)), transpose(exp(x))], [2, 2])).toEqual(["exp", "negate", "transpose"]);
  });

  it("are computed by each of their elementwise readers, if that is cheap and reads no more", async () => {
    const twice = (made: Tensor): Tensor[] => [sqrt(made), tanh(made)];
    expect(await textsOf((x) => twice(square(x)), [4])).toEqual(["multiply sqrt", "multiply tanh"]);
    expect(await textsOf((x) => twice(exp(x)), [4])).toEqual(["exp", "sqrt", "tanh"]);
    expect(await textsOf((x, y) => twice(add(x, y)), [4], [4])).toEqual(["add", "sqrt", "tanh"]);
    expect(await textsOf((x) => [...twice(square(x)), transpose(square(x))], [2, 2])).toEqual([
      ...["multiply", "sqrt", "tanh", "transpose"],
    ]);
  });

  it("of a smaller shape are not computed more often; a scalar is, before all others", async () => {
    expect(await textsOf((x, y) => add(x, exp(y)), [4, 3], [3])).toEqual(["exp", "add"]);
    expect(await textsOf((x, y) => add(x, multiply(y, y)), [4, 3], [3])).toEqual(["multiply", "add"]);
    expect(await textsOf((x, y) => add(x, exp(y)), [4, 3], [1])).toEqual(["exp add"]);
  });

  it("are summed during their computation, if all inputs are read in the same way", async () => {
    expect(await textsOf((x) => sum(square(x)), [4, 3])).toEqual(["multiply sum"]);
    expect(await textsOf((x, y) => sum(multiply(exp(x), y), 0), [4, 3], [])).toEqual(["exp multiply sum"]);
    expect(await textsOf((x, y) => sum(multiply(x, y), 0), [4, 3], [3])).toEqual(["multiply", "sum"]);
    expect(await textsOf((x) => [sum(square(x)), sqrt(square(x))], [4])).toEqual(["multiply sum", "multiply sqrt"]);
    expect(await textsOf((x) => [sum(exp(x)), negate(exp(x))], [4])).toEqual(["exp", "sum", "negate"]);
    expect(await textsOf((x) => max(square(x)), [4])).toEqual(["multiply", "max"]);
  });

  it("are not recomputed by other readers if one reader has to write them", async () => {
    // The sum cannot compute the product, which broadcasts each row; so the root reads the stored product, too.
    expect(await textsOf((x, y) => [sum(exp(multiply(x, y)), 0), sqrt(multiply(x, y))], [4, 3], [3])).toEqual([
      ...["multiply", "exp sum", "sqrt"],
    ]);
  });

  it("join at most 16 steps and 8 inputs, or fewer if the backend requires it", async () => {
    const long = await textsOf((x) => Array.from({ length: 20 }).reduce<Tensor>((y) => negate(exp(y)), x), [2]);
    expect(long.map((each) => each.split(" ").length)).toEqual([8, 16, 16]);
    const wide = await programOf((...x) => x.reduce((a, b) => add(a, b)), ...Array.from({ length: 12 }, () => [2]));
    expect(wide.instructions.map(({ inputs }) => inputs.length)).toEqual([5, 8]);
    useBackend({ ...backend, join: (program) => fuseChains(program, { mostInputs: 7, canSum: true }) });
    const narrow = await programOf((...x) => x.reduce((a, b) => add(a, b)), ...Array.from({ length: 12 }, () => [2]));
    expect(narrow.instructions.map(({ inputs }) => inputs.length)).toEqual([6, 7]);
  });

  it("of training are joined: the gradient of ReLU, operations after a normalisation, dropout, gates", async () => {
    const slope = (fn: (x: Tensor) => Tensor) => (x: Tensor, dy: Tensor) => gradients(fn(x), [x], { seed: dy });
    const backward = async (fn: (x: Tensor) => Tensor): Promise<string[]> => textsOf(slope(fn), [4, 4], [4, 4]);
    expect(await backward((x) => relu(transpose(x)))).toEqual(["transpose", "relu greater where", "transpose"]);
    expect(await backward(gelu)).toHaveLength(1);
    expect(await backward(swish)).toHaveLength(1);
    const affine = await textsOf(
      (x, scale, shift, m, v) => relu(batchNorm(x, { scale, shift, mean: m, variance: v })),
      ...[[5, 3], [3], [3], [3], [3]],
    );
    expect(affine).toEqual(["add sqrt divide", "subtract multiply add relu"]);
    expect(await textsOf((x) => transpose(dropout(x, 0.5)), [2, 2])).toEqual([
      ...["randomUniform", "greaterEqual divide multiply", "transpose"],
    ]);
  });
});

describe("an optimizer's step", () => {
  it("is one pass for each variable, in the variable's own memory", async () => {
    const [p, v] = [new Variable([1, 2, 3], [3]), new Variable([0, 0, 0], [3])];
    const step = compile((g: Tensor, rate: Tensor) => {
      v.assign(momentumStep(v, add(g, multiply(p, 0.1)), 0.9));
      p.assign(sgdStep(p, v, multiply(rate, 0.5)));
    });
    await step(tensor([1, 1, 1]), 0.1);
    const { program, executable } = [...step.programs.values()][0]!;
    expect(program.instructions.map(textOf)).toEqual(["multiply add momentumStep", "multiply sgdStep"]);
    // Only feeds have their own places: two rates and seeds, three numbers, in lines of 64 bytes.
    expect(executable.memory.peak).toBe(3 * 64);
    const [velocity, parameter] = await evaluate(v, p);
    expect([...velocity].map((x) => x.toFixed(4))).toEqual(["1.1000", "1.2000", "1.3000"]);
    expect([...parameter].map((x) => x.toFixed(4))).toEqual(["0.9450", "1.9400", "2.9350"]);
  });

  it("of Adam computes the square of the gradient in the same pass", async () => {
    const [p, first, second] = [0, 0, 0].map(() => new Variable([1, 2], [2])) as [Variable, Variable, Variable];
    const texts = await textsOf(
      (g, rate) => {
        first.assign(movingAverage(first, g, 0.9));
        second.assign(movingAverage(second, square(g), 0.999));
        p.assign(adamStep(p, first, second, rate, 0.1, 0.001, 1e-8));
      },
      [2],
      [],
    );
    expect(texts).toEqual(["movingAverage", "multiply movingAverage", "adamStep"]);
  });
});

describe("a checked backend", () => {
  it("names the operation in the middle of a chain", async () => {
    useBackend(checked(backend));
    await expect(negate(exp(log(tensor([1, -1])))).data()).rejects.toThrow(
      "log: element 1 of [2] must be finite, got NaN",
    );
  });
});

/** Numbers that define a random program, and its results: two training steps, all intermediate values, and the variables. */
async function trained(on: Backend, choices: readonly number[]): Promise<Values[]> {
  useBackend(on);
  const shape = [4, 6];
  const ramp = (size: number, slope: number): Float32Array =>
    Float32Array.from({ length: size }, (_, i) => Math.sin(i * slope) * 1.5);
  const [w, velocity] = [new Variable(ramp(24, 0.7), shape), new Variable(new Float32Array(24), shape)];
  const small = new Variable(ramp(6, 2), [6]);
  const step = compile(
    (x: Tensor, rate: Tensor) => {
      const values: Tensor[] = [x, w.current, multiply(x, w)];
      const kept: Tensor[] = [];
      choices.forEach((choice, i) => {
        const pick = (by: number): Tensor => values[Math.max(0, values.length - 1 - (Math.floor(choice / by) % 4))]!;
        const [a, b] = [pick(64), pick(512)];
        const made = [
          () => add(a, b),
          () => multiply(a, b),
          () => subtract(a, small),
          () => relu(a),
          () => tanh(a),
          () => exp(negate(square(a))),
          () => sigmoid(multiply(a, rate)),
          () => where(greater(a, b), a, small),
          () => multiply(a, sum(square(b), 1, { keepAxes: true })),
          () => subtract(a, max(b, [0, 1])),
          () => reshape(transpose(a), shape),
          () => matmul(multiply(matmul(a, b, { transposeB: true }), 0.1), a),
          () => multiply(a, add(sum(b), exp(rate))),
          () => gelu(a),
          () => dropout(a, 0.25),
          () => batchNorm(a, { scale: small }),
        ][choice % 16]!();
        values.push(made);
        if (choice % 7 === 0) kept.push(made);
        if (i % 5 === 4) values.push(tanh(made));
      });
      const loss = sum(square(values.at(-1)!));
      const [dw, ds] = gradients(loss, [w, small], { unused: "zeros" });
      velocity.assign(momentumStep(velocity, add(dw, multiply(w, 0.01)), 0.9));
      w.assign(sgdStep(w, velocity, multiply(rate, 1e-3)));
      small.assign(sgdStep(small, ds, multiply(rate, 1e-3)));
      return [loss, sqrt(add(sum(square(dw)), sum(square(ds)))), ...kept];
    },
    { seed: 7 },
  );
  const x = tensor(ramp(24, 1.3), shape);
  const results = [...(await step(x, 0.1)), ...(await step(x, 0.2))].map((each) => each.knownValues);
  return [...results, ...(await evaluate(w, velocity, small))];
}

describe("a program with chains", () => {
  it("computes the same bits as one without, for any program", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(), { minLength: 1, maxLength: 25 }), async (choices) => {
        expect(await trained(backend, choices)).toEqual(await trained(apart, choices));
      }),
      { numRuns: 100 },
    );
  });
});
