import { add, divide, movingAverage, sgdStep, sqrt, square, type Tensor } from "@convlens/tensor";
import { OptimizerState, type Optimizer } from "./optimizer.ts";
import { decayed } from "./sgd.ts";

/** What {@link adagrad} may be told. */
export interface AdagradOptions {
  /** Keeps the divisor from 0. Default: 1e-10. */
  readonly epsilon?: number;
  /** So much of each parameter is added to its gradient. Default: 0. */
  readonly weightDecay?: number;
}

/** What {@link rmsProp} may be told. */
export interface RmsPropOptions extends AdagradOptions {
  /** The share of the mean square that stays at each step. Default: 0.99. */
  readonly keep?: number;
}

/** p ← p − rate · g / (√s + epsilon), where s remembers squares of gradients in one way or another. */
function make(
  { epsilon, weightDecay = 0 }: { readonly epsilon: number; readonly weightDecay?: number | undefined },
  remember: (squares: Tensor, fresh: Tensor) => Tensor,
): Optimizer {
  const memory = new OptimizerState();
  return {
    state: (parameters) => memory.all(parameters, ["squares"]),
    update: (updates) => {
      for (const { path, parameter, gradient, rate } of updates) {
        const g = decayed(gradient, parameter, weightDecay);
        const squares = memory.get(`squares.${path}`, parameter.shape);
        squares.assign(remember(squares, square(g)));
        parameter.assign(sgdStep(parameter, divide(g, add(sqrt(squares), epsilon)), rate));
      }
    },
  };
}

/** p ← p − rate · g / (√Σg² + epsilon): numbers that rarely have a gradient take larger steps (Duchi 2011). */
export const adagrad = ({ epsilon = 1e-10, weightDecay }: AdagradOptions = {}): Optimizer =>
  make({ epsilon, weightDecay }, add);

/** p ← p − rate · g / (√mean(g²) + epsilon), with a mean that forgets (Hinton 2012). */
export const rmsProp = ({ keep = 0.99, epsilon = 1e-8, weightDecay }: RmsPropOptions = {}): Optimizer =>
  make({ epsilon, weightDecay }, (squares, fresh) => movingAverage(squares, fresh, keep));
