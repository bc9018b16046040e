import {
  BackendError,
  broadcastSteps,
  stepsOf,
  type ChainStep,
  type KernelCall,
  type OperationName,
  type PreparedKernel,
} from "@convlens/backend";
import type { Block } from "../heap.ts";
import type { Runtime, CpuKernel, CpuKernels } from "../runtime.ts";
import type { Link, Pointwise } from "./chain.ts";
import { elementwiseFormulas } from "./elementwise.ts";
import { defineChain, loopsOf, runOverBlocks } from "./loops.ts";
import { optimizerFormulas } from "./optimizerSteps.ts";

/** The formula of each elementwise operation, for some attributes. */
const formulas: { readonly [name in OperationName]?: (attributes: never) => Pointwise } = {
  ...Object.fromEntries(Object.entries(elementwiseFormulas).map(([name, formula]) => [name, () => formula])),
  ...optimizerFormulas,
};

/** The links of a chain. */
export const linksOf = (steps: readonly ChainStep[]): Link[] =>
  steps.map(({ operation, attributes, inputs }) => {
    const formula = formulas[operation]?.(attributes as never);
    if (formula === undefined)
      throw new BackendError({ operation, problem: "it is not elementwise, and cannot be part of a chain" });
    return { formula, operands: inputs };
  });

const pointwise = defineChain("pointwise", linksOf);

type Single = keyof typeof elementwiseFormulas | keyof typeof optimizerFormulas;

/** Elementwise operations, alone or in chains: one pass over memory. The result may overwrite an input of its shape. */
export function pointwiseKernels(runtime: Runtime): CpuKernels<Single | "pointwise"> {
  const kernel = (steps: readonly ChainStep[], { inputs, output }: KernelCall): PreparedKernel<Block> => {
    if (output.includes(0)) return () => undefined;
    const strides = [...inputs.map((shape) => broadcastSteps(shape, output)), stepsOf(output)];
    return runOverBlocks(runtime, pointwise, steps, loopsOf(output, strides));
  };
  const single =
    (operation: Single): CpuKernel<Single> =>
    (call) =>
      kernel([{ operation, attributes: call.attributes, inputs: call.inputs.map((_, i) => i) }], call);
  const names = Object.keys(formulas) as Single[];
  return {
    ...(Object.fromEntries(names.map((name) => [name, single(name)])) as CpuKernels<Single>),
    pointwise: (call) => kernel(call.attributes.steps, call),
  };
}
