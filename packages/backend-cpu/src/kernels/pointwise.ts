import {
  BackendError,
  broadcastSteps,
  stepsOf,
  type ChainStep,
  type Kernel,
  type KernelCall,
  type OperationName,
  type Operations,
} from "@convlens/backend";
import type { Block } from "../heap.ts";
import type { Runtime } from "../runtime.ts";
import type { Link, Pointwise } from "./chain.ts";
import { elementwiseFormulas } from "./elementwise.ts";
import { loopsOf, runOverBlocks } from "./loops.ts";
import { optimizerFormulas } from "./optimizerSteps.ts";

/** How each is computed, where need be from attributes. */
const formulas: { readonly [name in OperationName]?: (attributes: never) => Pointwise } = {
  ...Object.fromEntries(Object.entries(elementwiseFormulas).map(([name, formula]) => [name, () => formula])),
  ...optimizerFormulas,
};

/** The links of a chain. */
export const linksOf = (steps: readonly ChainStep[]): Link[] =>
  steps.map(({ operation, attributes, inputs }) => {
    const formula = formulas[operation]?.(attributes as never);
    if (formula === undefined)
      throw new BackendError(`${operation} is not computed number by number, and cannot be part of a chain`, {
        operation,
      });
    return { formula, operands: inputs };
  });

type Single = keyof typeof elementwiseFormulas | keyof typeof optimizerFormulas;

/**
 * What takes one number of each input and gives one, alone or in chains: one pass over the memory. The result may lie where an
 * input of its shape does.
 */
export function pointwiseKernels(runtime: Runtime): {
  readonly [K in Single | "pointwise"]: Kernel<Block, Operations[K]>;
} {
  const kernel = (
    steps: readonly ChainStep[],
    { inputs, output }: KernelCall<unknown>,
  ): ReturnType<Kernel<Block, unknown>> => {
    if (output.includes(0)) return () => undefined;
    const paces = [...inputs.map((shape) => broadcastSteps(shape, output)), stepsOf(output)];
    const name = steps.map(({ operation }) => operation).join(" ");
    return runOverBlocks(runtime, `${name} ${JSON.stringify(steps)}`, linksOf(steps), loopsOf(output, paces));
  };
  const single =
    (operation: Single): Kernel<Block, Operations[Single]> =>
    (call) =>
      kernel([{ operation, attributes: call.attributes, inputs: call.inputs.map((_, i) => i) }], call);
  const names = Object.keys(formulas) as Single[];
  return {
    ...(Object.fromEntries(names.map((name) => [name, single(name)])) as {
      readonly [K in Single]: Kernel<Block, Operations[K]>;
    }),
    pointwise: (call) => kernel(call.attributes.steps, call),
  };
}
