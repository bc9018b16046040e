import { add, momentumStep, multiply, sgdStep, type Tensor } from "@convlens/tensor";
import { OptimizerState, type Optimizer } from "./optimizer.ts";

/** What {@link sgd} may be told. */
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
  const memory = new OptimizerState();
  return {
    state: (parameters) => memory.all(parameters, momentum === 0 ? [] : ["velocity"]),
    update: (updates) => {
      for (const { path, parameter, gradient, rate } of updates) {
        let step = decayed(gradient, parameter, weightDecay);
        if (momentum !== 0) {
          const velocity = memory.get(`velocity.${path}`, parameter.shape);
          velocity.assign(momentumStep(velocity, step, momentum));
          step = nesterov ? momentumStep(velocity, step, momentum) : velocity.current;
        }
        parameter.assign(sgdStep(parameter, step, rate));
      }
    },
  };
}
