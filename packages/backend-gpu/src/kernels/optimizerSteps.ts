import type { Attributes, OptimizerSteps } from "@convlens/backend";

/** The formula of a step. Hyperparameters are arguments of its kernel, so that other values need no new kernel. */
export interface StepFormula<A> {
  /** Names of the numbers that come from the attributes. */
  readonly numbers: (attributes: A) => Readonly<Record<string, number>>;
  /** The expression, from the names of these numbers in the kernel and the expressions of the inputs. */
  readonly formula: (numbers: Readonly<Record<string, string>>, ...x: string[]) => string;
}

/** Steps of optimizers, each in one pass over the parameter. */
export const optimizerFormulas: { readonly [K in keyof OptimizerSteps]: StepFormula<Attributes<K>> } = {
  movingAverage: {
    numbers: ({ keep }) => ({ keep, share: 1 - keep }),
    formula: ({ keep, share }, old, fresh) => `(${keep} * ${old} + ${share} * ${fresh})`,
  },
  momentumStep: {
    numbers: ({ momentum }) => ({ momentum }),
    formula: ({ momentum }, velocity, gradient) => `(${momentum} * ${velocity} + ${gradient})`,
  },
  sgdStep: {
    numbers: () => ({}),
    formula: (_, parameter, gradient, rate) => `(${parameter} - ${rate} * ${gradient})`,
  },
  adamStep: {
    numbers: ({ epsilon }) => ({ epsilon }),
    formula: ({ epsilon }, parameter, first, second, rate, correction1, correction2) =>
      `(${parameter} - (${rate} * (${first} / ${correction1})) / (Math.sqrt(${second} / ${correction2}) + ${epsilon}))`,
  },
};
