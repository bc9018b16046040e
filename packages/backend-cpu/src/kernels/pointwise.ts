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
import type { FurtherFunction } from "./furtherFunctions.ts";
import { defineChain, loopsOf, runOverBlocks } from "./loops.ts";
import { optimizerFormulas } from "./optimizerSteps.ts";

/** The formula of each elementwise operation, for some attributes. */
type Formulas = { [name in OperationName]?: (attributes: never) => Pointwise };

const withoutAttributes = (formulas: { readonly [name in OperationName]?: Pointwise }): Formulas =>
  Object.fromEntries(Object.entries(formulas).map(([name, formula]) => [name, () => formula]));

/** The formulas that are loaded. */
const formulas: Formulas = { ...withoutAttributes(elementwiseFormulas), ...optimizerFormulas };

/** The links of a chain. */
export const linksOf = (steps: readonly ChainStep[]): Link[] =>
  steps.map(({ operation, attributes, inputs }) => {
    const formula = formulas[operation]?.(attributes as never);
    if (formula === undefined)
      throw new BackendError({ operation, problem: "it is not elementwise, and cannot be part of a chain" });
    return { formula, operands: inputs };
  });

const pointwise = defineChain("pointwise", linksOf);

type Common = keyof typeof elementwiseFormulas | keyof typeof optimizerFormulas;

/** Computes a chain in one pass over memory. The result may overwrite an input of its shape. */
function chainKernel(
  runtime: Runtime,
  steps: readonly ChainStep[],
  { inputs, output }: KernelCall,
): PreparedKernel<Block> {
  if (output.includes(0)) return () => undefined;
  const strides = [...inputs.map((shape) => broadcastSteps(shape, output)), stepsOf(output)];
  return runOverBlocks(runtime, pointwise, steps, loopsOf(output, strides));
}

/** A kernel for each operation, which is a chain of one step. */
const singleKernels = <K extends Common | FurtherFunction>(runtime: Runtime, names: readonly string[]): CpuKernels<K> =>
  Object.fromEntries(
    (names as readonly K[]).map((operation): [K, CpuKernel<K>] => [
      operation,
      (call) =>
        chainKernel(runtime, [{ operation, attributes: call.attributes, inputs: call.inputs.map((_, i) => i) }], call),
    ]),
  ) as unknown as CpuKernels<K>;

/** Elementwise operations that most models need, alone or in chains. */
export const pointwiseKernels = (runtime: Runtime): CpuKernels<Common | "pointwise"> => ({
  ...singleKernels<Common>(runtime, Object.keys({ ...elementwiseFormulas, ...optimizerFormulas })),
  pointwise: (call) => chainKernel(runtime, call.attributes.steps, call),
});

/** Further elementwise operations, from here on also in chains. */
export function furtherPointwiseKernels(
  runtime: Runtime,
  further: Readonly<Record<FurtherFunction, Pointwise>>,
): CpuKernels<FurtherFunction> {
  Object.assign(formulas, withoutAttributes(further));
  return singleKernels<FurtherFunction>(runtime, Object.keys(further));
}
