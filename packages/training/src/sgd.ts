import { add, momentumStep, multiply, sgdStep, type Tensor } from "@convlens/tensor";
import { optimizerOf, type Optimizer } from "./optimizer.ts";

/** Options of {@link sgd}. */
export interface SgdOptions {
  /** How much of the last step goes on. Default: 0. */
  readonly momentum?: number;
  /** Looks where the momentum will lead before it steps (Nesterov 1983). */
  readonly nesterov?: boolean;
  /** So much of each parameter is added to its gradient. Default: 0. */
  readonly weightDecay?: number;
}

/** A parameter's gradient with the pull of weight decay towards 0. */
export const decayed = (gradient: Tensor, parameter: Tensor, weightDecay: number): Tensor =>
  weightDecay === 0 ? gradient : add(gradient, multiply(parameter, weightDecay));

/**
 * Stochastic gradient descent: p ← p − rate · v with v ← momentum · v + gradient, as PyTorch defines it.
 *
 * @example
 * ```ts
 * fit(model, data, { optimizer: sgd({ momentum: 0.9 }), rate: 0.01 });
 * ```
 */
export function sgd({ momentum = 0, nesterov = false, weightDecay = 0 }: SgdOptions = {}): Optimizer {
  if (momentum === 0)
    return optimizerOf({
      slots: [],
      next: ({ parameter, gradient, rate }) => ({
        parameter: sgdStep(parameter, decayed(gradient, parameter, weightDecay), rate),
      }),
    });
  return optimizerOf({
    slots: ["velocity"],
    next: ({ parameter, gradient, rate }, old) => {
      const slope = decayed(gradient, parameter, weightDecay);
      const velocity = momentumStep(old.velocity, slope, momentum);
      const step = nesterov ? momentumStep(velocity, slope, momentum) : velocity;
      return { parameter: sgdStep(parameter, step, rate), velocity };
    },
  });
}
