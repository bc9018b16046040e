import type { Attributes, OptimizerSteps } from "@convlens/backend";

/** How a step is computed. What is set once for a training is an argument of its kernel, and needs no new one. */
export interface StepFormula<A> {
  /** Names of the numbers that the attributes give. */
  readonly numbers: (attributes: A) => Readonly<Record<string, number>>;
  /** From the names of those numbers in the kernel, and the expressions of what is read. */
  readonly formula: (numbers: Readonly<Record<string, string>>, ...x: string[]) => string;
}

/** Steps of optimizers, each in one pass over its parameter. */
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
