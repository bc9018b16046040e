import { booleanOption, checkOptions, fractionOption, numberFrom } from "@convlens/backend";
import { log } from "@convlens/backend/math";
import {
  adamStep,
  expm1,
  maximum,
  movingAverage,
  multiply,
  negate,
  square,
  subtract,
  type Tensor,
} from "@convlens/tensor";
import { optimizerOf, type LearningRateOption, type Optimizer } from "./optimizer.ts";
import { learningRateOption } from "./schedules.ts";
import { decayed } from "./sgd.ts";

/** Options of {@link adam} and {@link adamW}. */
export interface AdamOptions extends LearningRateOption {
  /** Decay of the mean gradient at each step, from 0 to below 1. Default: 0.9. */
  readonly beta1?: number;
  /** Decay of the mean square of gradients, from 0 to below 1. Default: 0.999. */
  readonly beta2?: number;
  /** Added to the divisor, at least 0. Default: 1e-8. */
  readonly epsilon?: number;
  /** Weight decay, at least 0. Default: 0 for Adam, 0.01 for AdamW. */
  readonly weightDecay?: number;
  /** Whether to divide by the largest mean square so far in place of the current one (Reddi 2018). Default: false. */
  readonly amsgrad?: boolean;
}

/** 1 − βᵗ. A power of a β near 1 would lose its last digits in float32. */
function correction(beta: number, count: Tensor): Tensor {
  // ln 0 is −∞; e⁻¹⁰⁰⁰ is 0 as well.
  return negate(expm1(multiply(count, Math.max(log(beta), -1000))));
}

function make(owner: "adam" | "adamW", options: AdamOptions): Optimizer {
  checkOptions(owner, options, {
    learningRate: learningRateOption,
    beta1: fractionOption,
    beta2: fractionOption,
    epsilon: numberFrom(0),
    weightDecay: numberFrom(0),
    amsgrad: booleanOption,
  });
  const decoupled = owner === "adamW";
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = decoupled ? 0.01 : 0, amsgrad = false } = options;
  return optimizerOf({
    learningRate: options.learningRate,
    slots: ["first", "second", ...(amsgrad ? (["largest"] as const) : [])],
    counts: true,
    weightDecay,
    next: ({ parameter, gradient, learningRate, count, weightDecay: decay }, old) => {
      const isDecoupled = decoupled && decay > 0;
      const from = isDecoupled ? multiply(parameter, subtract(1, multiply(learningRate, decay))) : parameter;
      const decayedGradient = decoupled ? gradient : decayed(gradient, parameter, decay);
      const first = movingAverage(old.first, decayedGradient, beta1);
      const second = movingAverage(old.second, square(decayedGradient), beta2);
      const largest = amsgrad ? maximum(old.largest, second) : undefined;
      const [correction1, correction2] = [correction(beta1, count), correction(beta2, count)];
      return {
        parameter: adamStep(from, first, largest ?? second, learningRate, correction1, correction2, epsilon),
        first,
        second,
        ...(largest && { largest }),
      };
    },
  });
}

/**
 * Adam (Kingma 2015): steps along the mean gradient divided by the root of its mean square, both corrected for their start
 * at 0.
 *
 * @throws `ValueError` for an option that is unknown or out of range.
 *
 * @example
 * ```ts
 * fit(model, data, { optimizer: adam({ learningRate: 3e-4 }) });
 * ```
 */
export const adam = (options: AdamOptions = {}): Optimizer => make("adam", options);

/**
 * Adam with weight decay apart from the gradient (Loshchilov 2019).
 *
 * @throws `ValueError` for an option that is unknown or out of range.
 */
export const adamW = (options: AdamOptions = {}): Optimizer => make("adamW", options);
