import type { Attributes, OptimizerSteps } from "@convlens/backend";
import { f32x4 } from "../assembler/instructions.ts";
import type { Pointwise } from "./chain.ts";

/** Steps of optimizers, each in one pass over the parameter. */
export const optimizerFormulas: { readonly [K in keyof OptimizerSteps]: (attributes: Attributes<K>) => Pointwise } = {
  movingAverage:
    ({ keep }) =>
    (f, old, fresh) =>
      f32x4.add(f32x4.mul(old, f.constant4(keep)), f32x4.mul(fresh, f.constant4(1 - keep))),
  momentumStep:
    ({ momentum }) =>
    (f, velocity, gradient) =>
      f.multiplyAdd4(velocity, f.constant4(momentum), gradient),
  sgdStep: () => (_, p, gradient, rate) => f32x4.sub(p, f32x4.mul(rate, gradient)),
  adamStep:
    ({ epsilon }) =>
    (f, p, first, second, rate, correction1, correction2) => {
      const root = f32x4.sqrt(f32x4.div(second, correction2));
      const divisor = f32x4.add(root, f.constant4(epsilon));
      const step = f32x4.div(f32x4.div(first, correction1), divisor);
      return f32x4.sub(p, f32x4.mul(rate, step));
    },
};
