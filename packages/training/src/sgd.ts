import { booleanOption, checkOptions, fractionOption, numberFrom, ValueError } from "@convlens/backend";
import { add, momentumStep, multiply, sgdStep, type Tensor } from "@convlens/tensor";
import { optimizerOf, type LearningRateOption, type Optimizer } from "./optimizer.ts";
import { learningRateOption } from "./schedules.ts";

/** Options of {@link sgd}. */
export interface SgdOptions extends LearningRateOption {
  /** Share of the last velocity that is added to the gradient, from 0 to below 1. Default: 0. */
  readonly momentum?: number;
  /** Whether steps use the gradient after the momentum (Nesterov 1983). Needs a momentum. Default: false. */
  readonly nesterov?: boolean;
  /** Multiple of each parameter that is added to its gradient, at least 0. Default: 0. */
  readonly weightDecay?: number;
}

/** Gradient of a parameter with the pull of weight decay towards 0. */
export const decayed = (gradient: Tensor, parameter: Tensor, weightDecay: number): Tensor =>
  weightDecay === 0 ? gradient : add(gradient, multiply(parameter, weightDecay));

/**
 * Stochastic gradient descent: p ← p − learningRate · v with v ← momentum · v + gradient, as PyTorch defines it.
 *
 * @throws `ValueError` for an option that is unknown or out of range.
 *
 * @example
 * ```ts
 * fit(model, data, { optimizer: sgd({ learningRate: 0.01, momentum: 0.9 }) });
 * ```
 */
export function sgd(options: SgdOptions = {}): Optimizer {
  checkOptions("sgd", options, {
    learningRate: learningRateOption,
    momentum: fractionOption,
    nesterov: booleanOption,
    weightDecay: numberFrom(0),
  });
  const { learningRate, momentum = 0, nesterov = false, weightDecay = 0 } = options;
  if (nesterov && momentum === 0)
    throw new ValueError({
      operation: "sgd",
      what: "momentum",
      expected: "above 0 with nesterov",
      got: momentum,
      fix: "use one such as 0.9",
    });
  if (momentum === 0)
    return optimizerOf({
      learningRate,
      slots: [],
      weightDecay,
      next: ({ parameter, gradient, learningRate: rate, weightDecay: decay }) => ({
        parameter: sgdStep(parameter, decayed(gradient, parameter, decay), rate),
      }),
    });
  return optimizerOf({
    learningRate,
    slots: ["velocity"],
    weightDecay,
    next: ({ parameter, gradient: raw, learningRate: rate, weightDecay: decay }, old) => {
      const gradient = decayed(raw, parameter, decay);
      const velocity = momentumStep(old.velocity, gradient, momentum);
      const step = nesterov ? momentumStep(velocity, gradient, momentum) : velocity;
      return { parameter: sgdStep(parameter, step, rate), velocity };
    },
  });
}
