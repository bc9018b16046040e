import { checkOptions, fractionOption, numberFrom } from "@convlens/backend";
import { add, divide, movingAverage, sgdStep, sqrt, square, type Tensor } from "@convlens/tensor";
import { optimizerOf, type Optimizer } from "./optimizer.ts";
import { decayed } from "./sgd.ts";

/** Options of {@link adagrad}. */
export interface AdagradOptions {
  /** Added to the divisor, at least 0. Default: 1e-10. */
  readonly epsilon?: number;
  /** Multiple of each parameter that is added to its gradient, at least 0. Default: 0. */
  readonly weightDecay?: number;
}

/** Options of {@link rmsProp}. */
export interface RmsPropOptions {
  /** Share of the mean square that stays at each step, from 0 to below 1. Default: 0.99. */
  readonly keep?: number;
  /** Added to the divisor, at least 0. Default: 1e-8. */
  readonly epsilon?: number;
  /** Multiple of each parameter that is added to its gradient, at least 0. Default: 0. */
  readonly weightDecay?: number;
}

const checks = { epsilon: /* @__PURE__ */ numberFrom(0), weightDecay: /* @__PURE__ */ numberFrom(0) };

/** p ← p − rate · g / (√s + epsilon), where `remember` says how squares of gradients become s. */
const make = (
  { epsilon, weightDecay = 0 }: { readonly epsilon: number; readonly weightDecay?: number | undefined },
  remember: (squares: Tensor, fresh: Tensor) => Tensor,
): Optimizer =>
  optimizerOf({
    slots: ["squares"],
    next: ({ parameter, gradient, rate }, old) => {
      const slope = decayed(gradient, parameter, weightDecay);
      const squares = remember(old.squares, square(slope));
      return { parameter: sgdStep(parameter, divide(slope, add(sqrt(squares), epsilon)), rate), squares };
    },
  });

/**
 * p ← p − rate · g / (√Σg² + epsilon): numbers that rarely have a gradient take larger steps (Duchi 2011).
 *
 * @throws `ValueError` for an option that is unknown or out of range.
 */
export function adagrad(options: AdagradOptions = {}): Optimizer {
  checkOptions("adagrad", options, checks);
  const { epsilon = 1e-10, weightDecay } = options;
  return make({ epsilon, weightDecay }, add);
}

/**
 * p ← p − rate · g / (√mean(g²) + epsilon), with a mean that forgets (Hinton 2012).
 *
 * @throws As {@link adagrad}.
 */
export function rmsProp(options: RmsPropOptions = {}): Optimizer {
  checkOptions("rmsProp", options, { ...checks, keep: fractionOption });
  const { keep = 0.99, epsilon = 1e-8, weightDecay } = options;
  return make({ epsilon, weightDecay }, (squares, fresh) => movingAverage(squares, fresh, keep));
}
