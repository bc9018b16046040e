import { add, divide, movingAverage, sgdStep, sqrt, square, type Tensor } from "@convlens/tensor";
import { optimizerOf, type Optimizer } from "./optimizer.ts";
import { decayed } from "./sgd.ts";

/** Options of {@link adagrad}. */
export interface AdagradOptions {
  /** Keeps the divisor from 0. Default: 1e-10. */
  readonly epsilon?: number;
  /** So much of each parameter is added to its gradient. Default: 0. */
  readonly weightDecay?: number;
}

/** Options of {@link rmsProp}. */
export interface RmsPropOptions extends AdagradOptions {
  /** The share of the mean square that stays at each step. Default: 0.99. */
  readonly keep?: number;
}

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

/** p ← p − rate · g / (√Σg² + epsilon): numbers that rarely have a gradient take larger steps (Duchi 2011). */
export const adagrad = ({ epsilon = 1e-10, weightDecay }: AdagradOptions = {}): Optimizer =>
  make({ epsilon, weightDecay }, add);

/** p ← p − rate · g / (√mean(g²) + epsilon), with a mean that forgets (Hinton 2012). */
export const rmsProp = ({ keep = 0.99, epsilon = 1e-8, weightDecay }: RmsPropOptions = {}): Optimizer =>
  make({ epsilon, weightDecay }, (squares, fresh) => movingAverage(squares, fresh, keep));
