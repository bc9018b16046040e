import { broadcastSteps, stepsOf, type Kernel, type KernelCall, type Operations } from "@convlens/backend";
import { calculate4, each4, number } from "../assembler/expression.ts";
import type { Block } from "../heap.ts";
import type { Team } from "../team.ts";
import { loopsOf, runLoops, type Pointwise } from "./loops.ts";

type Step = "movingAverage" | "momentumStep" | "sgdStep" | "adamStep";

/** Steps of optimizers, each in one pass over its parameter, which may be its own result. */
export function optimizerKernels(team: Team): { readonly [K in Step]: Kernel<Block, Operations[K]> } {
  const kernel = (
    key: string,
    { inputs, output }: KernelCall<unknown>,
    formula: Pointwise,
  ): ReturnType<Kernel<Block, unknown>> => {
    if (output.includes(0)) return () => undefined;
    const steps = [...inputs.map((shape) => broadcastSteps(shape, output)), stepsOf(output)];
    const run = runLoops(team, key, formula, loopsOf(output, steps));
    return (from, y) => run(...from.map(({ start }) => start), y.start);
  };
  return {
    movingAverage: (call) => {
      const { keep } = call.attributes;
      return kernel(`movingAverage ${keep}`, call, (f, old, fresh) =>
        calculate4(
          "add",
          calculate4("mul", old!, f.constant(each4(number(keep)))),
          calculate4("mul", fresh!, f.constant(each4(number(1 - keep)))),
        ),
      );
    },
    momentumStep: (call) => {
      const { momentum } = call.attributes;
      return kernel(`momentumStep ${momentum}`, call, (f, velocity, gradient) =>
        f.multiplyAdd4(velocity!, f.constant(each4(number(momentum))), gradient!),
      );
    },
    sgdStep: (call) =>
      kernel("sgdStep", call, (_, p, gradient, rate) => calculate4("sub", p!, calculate4("mul", rate!, gradient!))),
    adamStep: (call) => {
      const { epsilon } = call.attributes;
      return kernel(`adamStep ${epsilon}`, call, (f, p, first, second, rate, correction1, correction2) => {
        const root = calculate4("sqrt", calculate4("div", second!, correction2!));
        const divisor = calculate4("add", root, f.constant(each4(number(epsilon))));
        const step = calculate4("div", calculate4("div", first!, correction1!), divisor);
        return calculate4("sub", p!, calculate4("mul", rate!, step));
      });
    },
  };
}
