import {
  BackendError,
  broadcastSteps,
  sizeOf,
  type ChainStep,
  type Kernel,
  type KernelCall,
  type KernelsOf,
  type OperationName,
  type Operations,
} from "@convlens/backend";
import type { Buffer, Launch, Launcher } from "../launcher.ts";
import { indexOf, joinedAxes, placesOf } from "./axes.ts";
import { elementwiseFormulas } from "./elementwise.ts";
import { optimizerFormulas, type StepFormula } from "./optimizerSteps.ts";
import { foldedElements } from "./reduce.ts";
import { summed } from "./summed.ts";

type Single = keyof typeof elementwiseFormulas | keyof typeof optimizerFormulas;

const formulas: { readonly [name in OperationName]?: StepFormula<never> } = {
  ...Object.fromEntries(
    Object.entries(elementwiseFormulas).map(([name, expression]) => [
      name,
      { numbers: () => ({}), formula: (_: unknown, ...x: string[]) => expression(...x) },
    ]),
  ),
  ...optimizerFormulas,
};

/** Reads an element `x0`, `x1`, … of each input, which broadcast to the output's shape, and runs statements on them. */
export function pointwise(
  gpu: Launcher,
  name: string,
  { inputs, output }: Pick<KernelCall, "inputs" | "output">,
  statements: string,
  numbers: Readonly<Record<string, number>> = {},
): Launch {
  const { sizes, steps } = joinedAxes(
    output,
    inputs.map((shape) => broadcastSteps(shape, output)),
  );
  const reads = inputs.map((_, i) => `const x${i} = xs${i}[${indexOf(steps[i]!)}];`);
  return gpu.prepare({
    name,
    inputs: Object.fromEntries(inputs.map((shape, i) => [`xs${i}`, sizeOf(shape)])),
    length: sizeOf(output),
    numbers,
    body: [placesOf("this.thread.x", sizes), ...reads, statements].join("\n"),
  });
}

/** Statements that compute a chain over `x0`, `x1`, …, the numbers that they need, and the name of the result. */
function chainOf(
  steps: readonly ChainStep[],
  inputs: number,
): { readonly statements: string; readonly numbers: Record<string, number>; readonly result: string } {
  const numbers: Record<string, number> = {};
  const statements = steps.map(({ operation, attributes, inputs: operands }, i) => {
    const step = formulas[operation];
    if (step === undefined)
      throw new BackendError({ operation, problem: "it is not elementwise, and cannot be part of a chain" });
    const own = Object.entries(step.numbers(attributes as never)).map(([name, value]) => {
      numbers[`${name}${i}`] = value;
      return [name, `${name}${i}`] as const;
    });
    const x = operands.map((operand) => `x${operand}`);
    return `const x${inputs + i} = ${step.formula(Object.fromEntries(own), ...x)};`;
  });
  return { statements: statements.join("\n"), numbers, result: `x${inputs + steps.length - 1}` };
}

/** A chain of operations in one kernel. */
function chain(gpu: Launcher, steps: readonly ChainStep[], call: KernelCall): Launch {
  const { statements, numbers, result } = chainOf(steps, call.inputs.length);
  return pointwise(gpu, steps.at(-1)!.operation, call, `${statements}\nreturn ${result};`, numbers);
}

/** The sum of the results of a chain. */
const chainSum =
  (gpu: Launcher): Kernel<Buffer, Operations["pointwiseSum"]> =>
  ({ inputs, output, attributes: { steps, axes, shape } }) => {
    const { at, ...fold } = foldedElements(shape, axes);
    const { statements, numbers, result } = chainOf(steps, inputs.length);
    const reads = inputs.map((input, i) => `const x${i} = xs${i}[${sizeOf(input) === 1 ? 0 : "at"}];`);
    return summed(gpu, {
      name: "pointwiseSum",
      inputs: Object.fromEntries(inputs.map((input, i) => [`xs${i}`, sizeOf(input)])),
      length: sizeOf(output),
      numbers,
      ...fold,
      term: [at, ...reads, statements, `total = total + ${result};`].join("\n"),
    });
  };

/** Kernels of elementwise operations, alone or in chains. */
export function pointwiseKernels(gpu: Launcher): KernelsOf<Buffer, Single | "pointwise" | "pointwiseSum" | "copy"> {
  const single =
    (operation: Single): Kernel<Buffer, Operations[Single]> =>
    (call) =>
      chain(gpu, [{ operation, attributes: call.attributes, inputs: call.inputs.map((_, i) => i) }], call);
  const names = Object.keys(formulas) as Single[];
  return {
    ...(Object.fromEntries(names.map((name) => [name, single(name)])) as KernelsOf<Buffer, Single>),
    pointwise: (call) => chain(gpu, call.attributes.steps, call),
    pointwiseSum: chainSum(gpu),
    copy:
      () =>
      ([x], output) =>
        gpu.share(x, output),
  };
}
