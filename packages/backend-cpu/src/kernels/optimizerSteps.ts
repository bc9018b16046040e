import type { Operations } from "@convlens/backend";
import { calculate4 } from "../assembler/expression.ts";
import type { Pointwise } from "./chain.ts";

type Step = "movingAverage" | "momentumStep" | "sgdStep" | "adamStep";

/** Steps of optimizers, each in one pass over its parameter. */
export const optimizerFormulas: { readonly [K in Step]: (attributes: Operations[K]) => Pointwise } = {
  movingAverage:
    ({ keep }) =>
    (f, old, fresh) =>
      calculate4("add", calculate4("mul", old!, f.constant4(keep)), calculate4("mul", fresh!, f.constant4(1 - keep))),
  momentumStep:
    ({ momentum }) =>
    (f, velocity, gradient) =>
      f.multiplyAdd4(velocity!, f.constant4(momentum), gradient!),
  sgdStep: () => (_, p, gradient, rate) => calculate4("sub", p!, calculate4("mul", rate!, gradient!)),
  adamStep:
    ({ epsilon }) =>
    (f, p, first, second, rate, correction1, correction2) => {
      const root = calculate4("sqrt", calculate4("div", second!, correction2!));
      const divisor = calculate4("add", root, f.constant4(epsilon));
      const step = calculate4("div", calculate4("div", first!, correction1!), divisor);
      return calculate4("sub", p!, calculate4("mul", rate!, step));
    },
};
