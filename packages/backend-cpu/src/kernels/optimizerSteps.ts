import { broadcastSteps, stepsOf, type Kernel, type KernelCall, type Operations } from "@convlens/backend";
import { calculate, calculate4, each4, number, type Arithmetic, type Expression } from "../assembler/expression.ts";
import type { Block, Heap } from "../heap.ts";
import { loopsOf, runLoops, type Pointwise } from "./loops.ts";

/** Arithmetic on one number or on four: the same formula serves both. */
interface Numbers<E> {
  readonly of: (x: number) => E;
  readonly do: (name: Arithmetic, ...x: E[]) => E;
}
type Formula = <E>(numbers: Numbers<E>, x: readonly E[]) => E;

const pointwiseOf = (formula: Formula): Pointwise => {
  const one: Numbers<Expression<"f32">> = { of: number, do: calculate };
  const four: Numbers<Expression<"v128">> = { of: (x) => each4(number(x)), do: calculate4 };
  return { one: (...x) => formula(one, x), four: (...x) => formula(four, x) };
};

type Step = "movingAverage" | "momentumStep" | "sgdStep" | "adamStep";

/** Steps of optimizers, each in one pass over its parameter, which may be its own result. */
export function optimizerKernels(heap: Heap): { readonly [K in Step]: Kernel<Block, Operations[K]> } {
  const kernel = (
    key: string,
    { inputs, output }: KernelCall<unknown>,
    formula: Formula,
  ): ReturnType<Kernel<Block, unknown>> => {
    if (output.includes(0)) return () => undefined;
    const steps = [...inputs.map((shape) => broadcastSteps(shape, output)), stepsOf(output)];
    const run = runLoops(heap, key, pointwiseOf(formula), loopsOf(output, steps));
    return (from, y) => run(...from.map(({ start }) => start), y.start);
  };
  return {
    movingAverage: (call) => {
      const { keep } = call.attributes;
      return kernel(`movingAverage ${keep}`, call, (n, [old, fresh]) =>
        n.do("add", n.do("mul", old!, n.of(keep)), n.do("mul", fresh!, n.of(1 - keep))),
      );
    },
    momentumStep: (call) => {
      const { momentum } = call.attributes;
      return kernel(`momentumStep ${momentum}`, call, (n, [velocity, gradient]) =>
        n.do("add", n.do("mul", velocity!, n.of(momentum)), gradient!),
      );
    },
    sgdStep: (call) =>
      kernel("sgdStep", call, (n, [p, gradient, rate]) => n.do("sub", p!, n.do("mul", rate!, gradient!))),
    adamStep: (call) => {
      const { epsilon } = call.attributes;
      return kernel(`adamStep ${epsilon}`, call, (n, [p, first, second, rate, correction1, correction2]) => {
        const divisor = n.do("add", n.do("sqrt", n.do("div", second!, correction2!)), n.of(epsilon));
        return n.do("sub", p!, n.do("mul", rate!, n.do("div", n.do("div", first!, correction1!), divisor)));
      });
    },
  };
}
