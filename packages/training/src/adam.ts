import { adamStep, movingAverage, multiply, square, subtract, type Variable } from "@convlens/tensor";
import { OptimizerState, type Optimizer } from "./optimizer.ts";
import { decayed } from "./sgd.ts";

/** What {@link adam} and {@link adamW} may be told. */
export interface AdamOptions {
  /** The share of the mean gradient that stays at each step. Default: 0.9. */
  readonly beta1?: number;
  /** The share of the mean square that stays. Default: 0.999. */
  readonly beta2?: number;
  /** Keeps the divisor from 0. Default: 1e-8. */
  readonly epsilon?: number;
  /** How strongly parameters are pulled towards 0. Default: 0 for Adam, 0.01 for AdamW. */
  readonly weightDecay?: number;
}

function make(
  { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 }: AdamOptions,
  decoupled: boolean,
): Optimizer {
  const memory = new OptimizerState();
  // βᵗ lives in variables: a number counted in JavaScript would be frozen into the recording.
  const powers = (): [Variable, Variable] => [memory.get("beta1^t", [], 1), memory.get("beta2^t", [], 1)];
  return {
    state: (parameters) => {
      powers();
      return memory.all(parameters, ["first", "second"]);
    },
    update: (updates) => {
      const [power1, power2] = powers();
      power1.assign(multiply(power1, beta1));
      power2.assign(multiply(power2, beta2));
      const [correction1, correction2] = [subtract(1, power1), subtract(1, power2)];
      for (const { path, parameter, gradient, rate } of updates) {
        if (decoupled) parameter.assign(multiply(parameter, subtract(1, multiply(rate, weightDecay))));
        const g = decoupled ? gradient : decayed(gradient, parameter, weightDecay);
        const first = memory.get(`first.${path}`, parameter.shape);
        const second = memory.get(`second.${path}`, parameter.shape);
        first.assign(movingAverage(first, g, beta1));
        second.assign(movingAverage(second, square(g), beta2));
        parameter.assign(adamStep(parameter, first, second, rate, correction1, correction2, epsilon));
      }
    },
  };
}

/** Steps along the mean gradient over the root of its mean square, both corrected for their start at 0 (Kingma 2015). */
export const adam = (options: AdamOptions = {}): Optimizer => make(options, false);

/** Adam with weight decay apart from the gradient (Loshchilov 2019). */
export const adamW = (options: AdamOptions = {}): Optimizer => make({ weightDecay: 0.01, ...options }, true);
