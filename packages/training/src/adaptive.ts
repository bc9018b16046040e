import { checkOptions, fractionOption, numberFrom } from "@convlens/backend";
import { add, divide, movingAverage, sgdStep, sqrt, square, type Tensor } from "@convlens/tensor";
import { optimizerOf, type LearningRateOption, type Optimizer } from "./optimizer.ts";
import { learningRateOption } from "./schedules.ts";
import { decayed } from "./sgd.ts";

/** Options of {@link adagrad}. */
export interface AdagradOptions extends LearningRateOption {
  /** Added to the divisor, at least 0. Default: 1e-10. */
  readonly epsilon?: number;
  /** Multiple of each parameter that is added to its gradient, at least 0. Default: 0. */
  readonly weightDecay?: number;
}

/** Options of {@link rmsProp}. */
export interface RmsPropOptions extends LearningRateOption {
  /** Decay of the mean square at each step, from 0 to below 1: `alpha` of PyTorch, `rho` of Keras. Default: 0.99. */
  readonly keep?: number;
  /** Added to the divisor, at least 0. Default: 1e-8. */
  readonly epsilon?: number;
  /** Multiple of each parameter that is added to its gradient, at least 0. Default: 0. */
  readonly weightDecay?: number;
}

const checks = {
  learningRate: learningRateOption,
  epsilon: /* @__PURE__ */ numberFrom(0),
  weightDecay: /* @__PURE__ */ numberFrom(0),
};

/** p ← p − learningRate · g / (√s + epsilon), where `remember` computes s from the squares of gradients. */
const make = (
  { learningRate, epsilon, weightDecay = 0 }: AdagradOptions & { readonly epsilon: number },
  remember: (squares: Tensor, fresh: Tensor) => Tensor,
): Optimizer =>
  optimizerOf({
    learningRate,
    slots: ["squares"],
    weightDecay,
    next: ({ parameter, gradient: raw, learningRate: rate, weightDecay: decay }, old) => {
      const gradient = decayed(raw, parameter, decay);
      const squares = remember(old.squares, square(gradient));
      return { parameter: sgdStep(parameter, divide(gradient, add(sqrt(squares), epsilon)), rate), squares };
    },
  });

/**
 * p ← p − learningRate · g / (√Σg² + epsilon): parameters that rarely have a gradient take larger steps (Duchi 2011).
 *
 * @throws `ValueError` for an option that is unknown or out of range.
 */
export function adagrad(options: AdagradOptions = {}): Optimizer {
  checkOptions("adagrad", options, checks);
  const { epsilon = 1e-10, ...others } = options;
  return make({ epsilon, ...others }, add);
}

/**
 * p ← p − learningRate · g / (√mean(g²) + epsilon), where the mean is a moving average (Hinton 2012).
 *
 * @throws `ValueError` for an option that is unknown or out of range.
 */
export function rmsProp(options: RmsPropOptions = {}): Optimizer {
  checkOptions("rmsProp", options, { ...checks, keep: fractionOption });
  const { keep = 0.99, epsilon = 1e-8, ...others } = options;
  return make({ epsilon, ...others }, (squares, fresh) => movingAverage(squares, fresh, keep));
}
