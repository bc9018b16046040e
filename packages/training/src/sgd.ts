import { booleanOption, checkOptions, fractionOption, numberFrom, ValueError } from "@convlens/backend";
import { add, momentumStep, multiply, sgdStep, type Tensor } from "@convlens/tensor";
import { optimizerOf, type Optimizer } from "./optimizer.ts";

/** Options of {@link sgd}. */
export interface SgdOptions {
  /** Share of the last step that is added to the next, from 0 to below 1. Default: 0. */
  readonly momentum?: number;
  /** Whether steps use the gradient after the momentum (Nesterov 1983). Needs a momentum. Default: false. */
  readonly nesterov?: boolean;
  /** Multiple of each parameter that is added to its gradient, at least 0. Default: 0. */
  readonly weightDecay?: number;
}

/** A parameter's gradient with the pull of weight decay towards 0. */
export const decayed = (gradient: Tensor, parameter: Tensor, weightDecay: number): Tensor =>
  weightDecay === 0 ? gradient : add(gradient, multiply(parameter, weightDecay));

/**
 * Stochastic gradient descent: p ← p − rate · v with v ← momentum · v + gradient, as PyTorch defines it.
 *
 * @throws `ValueError` for an option that is unknown or out of range.
 *
 * @example
 * ```ts
 * fit(model, data, { optimizer: sgd({ momentum: 0.9 }), rate: 0.01 });
 * ```
 */
export function sgd(options: SgdOptions = {}): Optimizer {
  checkOptions("sgd", options, { momentum: fractionOption, nesterov: booleanOption, weightDecay: numberFrom(0) });
  const { momentum = 0, nesterov = false, weightDecay = 0 } = options;
  if (nesterov && momentum === 0)
    throw new ValueError("sgd: nesterov needs a momentum above 0, such as 0.9", {
      operation: "sgd",
      axis: "momentum",
      expected: "above 0",
      got: momentum,
      fix: "momentum: 0.9",
    });
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
