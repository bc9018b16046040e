import { add, divide, movingAverage, multiply, sgdStep, sqrt, square } from "@convlens/tensor";
import { OptimizerState, type Optimizer } from "./optimizer.ts";
import { decayed } from "./sgd.ts";

/** What {@link adagrad} may be told. */
export interface AdagradOptions {
  /** Keeps the divisor from 0. Default: 1e-10. */
  readonly epsilon?: number;
  /** So much of each parameter is added to its gradient. Default: 0. */
  readonly weightDecay?: number;
}

/** p ← p − rate · g / (√Σg² + epsilon): numbers that rarely have a gradient take larger steps (Duchi 2011). */
export function adagrad({ epsilon = 1e-10, weightDecay = 0 }: AdagradOptions = {}): Optimizer {
  const memory = new OptimizerState();
  return {
    state: (parameters) => memory.all(parameters, ["squares"]),
    update: (updates) => {
      for (const { path, parameter, gradient, rate } of updates) {
        const g = decayed(gradient, parameter, weightDecay);
        const squares = memory.get(`squares.${path}`, parameter.shape);
        squares.assign(add(squares, square(g)));
        parameter.assign(sgdStep(parameter, divide(g, add(sqrt(squares), epsilon)), rate));
      }
    },
  };
}

/** What {@link rmsProp} may be told. */
export interface RmsPropOptions extends AdagradOptions {
  /** The share of the mean square that stays at each step. Default: 0.99. */
  readonly keep?: number;
}

/** p ← p − rate · g / (√mean(g²) + epsilon), with a mean that forgets (Hinton 2012). */
export function rmsProp({ keep = 0.99, epsilon = 1e-8, weightDecay = 0 }: RmsPropOptions = {}): Optimizer {
  const memory = new OptimizerState();
  return {
    state: (parameters) => memory.all(parameters, ["squares"]),
    update: (updates) => {
      for (const { path, parameter, gradient, rate } of updates) {
        const g = decayed(gradient, parameter, weightDecay);
        const squares = memory.get(`squares.${path}`, parameter.shape);
        squares.assign(movingAverage(squares, multiply(g, g), keep));
        parameter.assign(sgdStep(parameter, divide(g, add(sqrt(squares), epsilon)), rate));
      }
    },
  };
}
