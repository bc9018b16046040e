import { booleanOption, checkOptions, fractionOption, numberFrom } from "@convlens/backend";
import {
  add,
  divide,
  maximum,
  momentumStep,
  movingAverage,
  multiply,
  sgdStep,
  sqrt,
  square,
  subtract,
} from "@convlens/tensor";
import { optimizerOf, type LearningRateOption, type Optimizer } from "./optimizer.ts";
import { learningRateOption } from "./schedules.ts";
import { decayed } from "./sgd.ts";

/** Options of {@link adagrad}. */
export interface AdagradOptions extends LearningRateOption {
  /** Added to the divisor, at least 0. Default: 1e-10. */
  readonly epsilon?: number;
  /** Multiple of each parameter that is added to its gradient, at least 0. Default: 0. */
  readonly weightDecay?: number;
  /** The learning rate of step t is divided by 1 + (t − 1) · decay. Default: 0. */
  readonly decay?: number;
  /** Initial sum of the squares, at least 0. Default: 0. */
  readonly initial?: number;
}

/** Options of {@link rmsProp}. */
export interface RmsPropOptions extends LearningRateOption {
  /** Decay of the mean square at each step, from 0 to below 1: `alpha` of PyTorch, `rho` of Keras. Default: 0.99. */
  readonly keep?: number;
  /** Added to the divisor, at least 0. Default: 1e-8. */
  readonly epsilon?: number;
  /** Multiple of each parameter that is added to its gradient, at least 0. Default: 0. */
  readonly weightDecay?: number;
  /** Share of the last step that is added to a step, from 0 to below 1. Default: 0. */
  readonly momentum?: number;
  /** Whether to divide by the standard deviation of the gradient in place of the root of its mean square. Default: false. */
  readonly centered?: boolean;
}

const checks = {
  learningRate: learningRateOption,
  epsilon: /* @__PURE__ */ numberFrom(0),
  weightDecay: /* @__PURE__ */ numberFrom(0),
};

/**
 * p ← p − learningRate · g / (√Σg² + epsilon): parameters that rarely have a gradient take larger steps (Duchi 2011).
 *
 * @throws `ValueError` for an option that is unknown or out of range.
 */
export function adagrad(options: AdagradOptions = {}): Optimizer {
  checkOptions("adagrad", options, { ...checks, decay: numberFrom(0), initial: numberFrom(0) });
  const { learningRate, epsilon = 1e-10, weightDecay = 0, decay = 0, initial = 0 } = options;
  return optimizerOf({
    learningRate,
    slots: ["squares"],
    counts: decay > 0,
    weightDecay,
    next: ({ parameter, gradient: raw, learningRate: rate, weightDecay: pull, count }, old) => {
      const gradient = decayed(raw, parameter, pull);
      const squares = add(old.squares, square(gradient));
      const divisor = add(sqrt(initial === 0 ? squares : add(squares, initial)), epsilon);
      const slowed = decay === 0 ? rate : divide(rate, add(multiply(subtract(count, 1), decay), 1));
      return { parameter: sgdStep(parameter, divide(gradient, divisor), slowed), squares };
    },
  });
}

/**
 * p ← p − learningRate · g / (√mean(g²) + epsilon), where the mean is a moving average (Hinton 2012).
 *
 * @throws `ValueError` for an option that is unknown or out of range.
 */
export function rmsProp(options: RmsPropOptions = {}): Optimizer {
  checkOptions("rmsProp", options, {
    ...checks,
    keep: fractionOption,
    momentum: fractionOption,
    centered: booleanOption,
  });
  const { learningRate, keep = 0.99, epsilon = 1e-8, weightDecay = 0, momentum = 0, centered = false } = options;
  return optimizerOf({
    learningRate,
    slots: ["squares", ...(centered ? (["means"] as const) : []), ...(momentum > 0 ? (["velocity"] as const) : [])],
    weightDecay,
    next: ({ parameter, gradient: raw, learningRate: rate, weightDecay: pull }, old) => {
      const gradient = decayed(raw, parameter, pull);
      const squares = movingAverage(old.squares, square(gradient), keep);
      const means = centered ? movingAverage(old.means, gradient, keep) : undefined;
      // A variance below 0 can only be a rounding error.
      const spread = means === undefined ? squares : maximum(subtract(squares, square(means)), 0);
      const scaled = divide(gradient, add(sqrt(spread), epsilon));
      const velocity = momentum > 0 ? momentumStep(old.velocity, scaled, momentum) : undefined;
      return {
        parameter: sgdStep(parameter, velocity ?? scaled, rate),
        squares,
        ...(means && { means }),
        ...(velocity && { velocity }),
      };
    },
  });
}
