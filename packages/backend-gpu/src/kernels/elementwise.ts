import { broadcastSteps, sizeOf, type Kernel, type KernelCall, type None, type OperationName } from "@convlens/backend";
import type { Buffer, Launch, Launcher } from "../launcher.ts";
import { indexOf, joinedAxes, placesOf } from "./axes.ts";

type Name = Extract<
  OperationName,
  | ("negate" | "absolute" | "sign" | "exp" | "expm1" | "log" | "log1p" | "sqrt" | "reciprocal" | "sin" | "cos")
  | ("tanh" | "erf" | "sigmoid" | "relu" | "add" | "subtract" | "multiply" | "divide" | "power" | "maximum")
  | ("minimum" | "equal" | "greater" | "greaterEqual" | "where")
>;

/** 1 where it holds, else 0. */
const comparison = (operator: string): string => `if (a ${operator} b) { return 1; } return 0;`;

/** Statements that make one number of x, of a and b, or of a condition, a and b. Written so that a NaN goes through. */
const formulas: Readonly<Record<Name, string>> = {
  negate: "return -x;",
  absolute: "return Math.abs(x);",
  sign: "if (x > 0) { return 1; } if (x < 0) { return -1; } return x;",
  exp: "return exponential(x);",
  expm1: "return exponentialLess1(x);",
  log: "return logarithm(x);",
  log1p: "return logarithmOf1And(x);",
  sqrt: "return Math.sqrt(x);",
  reciprocal: "return 1 / x;",
  sin: "return sine(x);",
  cos: "return cosine(x);",
  tanh: "return hyperbolicTangent(x);",
  erf: "return errorFunction(x);",
  sigmoid: "return logistic(x);",
  relu: "if (x < 0) { return 0; } return x;",
  add: "return a + b;",
  subtract: "return a - b;",
  multiply: "return a * b;",
  divide: "return a / b;",
  power: "return powerOf(a, b);",
  maximum: "if (a > b) { return a; } if (b >= a) { return b; } return a + b;",
  minimum: "if (a < b) { return a; } if (b <= a) { return b; } return a + b;",
  equal: comparison("==="),
  greater: comparison(">"),
  greaterEqual: comparison(">="),
  where: "if (condition === 0) { return b; } return a;",
};

const namesOf = (inputs: number): readonly string[] =>
  inputs === 1 ? ["x"] : inputs === 2 ? ["a", "b"] : ["condition", "a", "b"];

/**
 * One number of each input, all of which broadcast to the output's shape, makes one number.
 *
 * @param names - What the formula calls the numbers of the inputs.
 * @param formula - Statements that return the result.
 */
export function elementwise(
  gpu: Launcher,
  name: string,
  { inputs, output }: Pick<KernelCall<unknown>, "inputs" | "output">,
  names: readonly string[],
  formula: string,
  numbers: Readonly<Record<string, number>> = {},
): Launch {
  const { sizes, steps } = joinedAxes(
    output,
    inputs.map((shape) => broadcastSteps(shape, output)),
  );
  const reads = names.map((each, i) => `const ${each} = ${each}s[${indexOf(steps[i]!)}];`);
  return gpu.prepare({
    name,
    inputs: Object.fromEntries(names.map((each, i) => [`${each}s`, sizeOf(inputs[i]!)])),
    length: sizeOf(output),
    numbers,
    body: [placesOf("this.thread.x", sizes), ...reads, formula].join("\n"),
  });
}

/** Kernels of what takes one number of each input and gives one. */
export function elementwiseKernels(
  gpu: Launcher,
): Record<Name, Kernel<Buffer, None>> & { readonly copy: Kernel<Buffer, None> } {
  const kernel =
    (name: Name): Kernel<Buffer, None> =>
    (call) =>
      elementwise(gpu, name, call, namesOf(call.inputs.length), formulas[name]);
  const names = Object.keys(formulas) as Name[];
  return {
    ...(Object.fromEntries(names.map((name) => [name, kernel(name)])) as Record<Name, Kernel<Buffer, None>>),
    copy: () => (inputs, output) => gpu.share(inputs[0]!, output),
  };
}
