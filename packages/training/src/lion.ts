import { checkOptions, fractionOption, numberFrom } from "@convlens/backend";
import { add, movingAverage, multiply, sgdStep, sign } from "@convlens/tensor";
import { optimizerOf, type LearningRateOption, type Optimizer } from "./optimizer.ts";
import { learningRateOption } from "./schedules.ts";

/** Options of {@link lion}. */
export interface LionOptions extends LearningRateOption {
  /** Share of the mean gradient in the direction of a step, from 0 to below 1. Default: 0.9. */
  readonly beta1?: number;
  /** Decay of the mean gradient at each step, from 0 to below 1. Default: 0.99. */
  readonly beta2?: number;
  /** Weight decay apart from the gradient, at least 0. Default: 0. */
  readonly weightDecay?: number;
}

/**
 * Lion (Chen 2023): steps of one length along the sign of a mean of gradients. It keeps half as much as Adam; its learning rates are
 * 3 to 10 times smaller. The default is 1e-4.
 *
 * @throws `ValueError` for an option that is unknown or out of range.
 *
 * @example
 * ```ts
 * fit(model, data, { optimizer: lion({ learningRate: 3e-4, weightDecay: 0.1 }) });
 * ```
 */
export function lion(options: LionOptions = {}): Optimizer {
  checkOptions("lion", options, {
    learningRate: learningRateOption,
    beta1: fractionOption,
    beta2: fractionOption,
    weightDecay: numberFrom(0),
  });
  const { learningRate = 1e-4, beta1 = 0.9, beta2 = 0.99, weightDecay = 0 } = options;
  return optimizerOf({
    learningRate,
    slots: ["mean"],
    weightDecay,
    next: ({ parameter, gradient, learningRate: rate, weightDecay: decay }, { mean }) => {
      const direction = sign(movingAverage(mean, gradient, beta1));
      const step = decay === 0 ? direction : add(direction, multiply(parameter, decay));
      return { parameter: sgdStep(parameter, step, rate), mean: movingAverage(mean, gradient, beta2) };
    },
  });
}
