import { checkValue, UsageError, type OptionCheck } from "@convlens/backend";
import { add, detach, type Operand, type Tensor, type Variable } from "@convlens/tensor";
import { learningRateOption, type Schedule } from "./schedules.ts";
import { stateVariable } from "./stateVariable.ts";

/** Option of all optimizers. */
export interface LearningRateOption {
  /** Learning rate of at least 0, or a {@link Schedule} of it. Default: 1e-3. */
  readonly learningRate?: number | Schedule | undefined;
}

/** A parameter that learns. */
export interface LearningParameter {
  /** Name in the model, for messages. */
  readonly path: string;
  readonly parameter: Variable;
  /** Number or scalar tensor. Default: the optimizer's learning rate, if that is a number. */
  readonly learningRate?: Operand | undefined;
  /** Weight decay in place of the optimizer's. */
  readonly weightDecay?: number | undefined;
}

/** A parameter, and its gradient in one step. */
export interface ParameterUpdate extends LearningParameter {
  /** Gradient of the loss, of the parameter's shape. */
  readonly gradient: Tensor;
}

/** What an {@link OptimizerRule} computes a step of one parameter from. */
export interface OptimizerStep {
  readonly parameter: Tensor;
  /** Gradient of the loss, of the parameter's shape. */
  readonly gradient: Tensor;
  /** Number or scalar tensor. */
  readonly learningRate: Operand;
  /** Number of this step, from 1: a scalar. */
  readonly count: Tensor;
  /** Weight decay of this parameter, at least 0. */
  readonly weightDecay: number;
}

/** Rule by which an optimizer computes the next value of a parameter. It has no memory of its own. */
export interface OptimizerRule<Slot extends string> extends LearningRateOption {
  /** Names of the tensors kept for each parameter between steps. They have its shape, and begin as zeros. */
  readonly slots: readonly Slot[];
  /** Whether `count` is used. Default: false. */
  readonly counts?: boolean;
  /** Weight decay of parameters that have none of their own. Default: 0. */
  readonly weightDecay?: number;
  /** Returns the next value of the parameter and of its slots. */
  readonly next: (
    step: OptimizerStep,
    slots: Readonly<Record<Slot, Tensor>>,
  ) => { readonly parameter: Tensor } & { readonly [S in Slot]?: Tensor };
}

/**
 * Updates parameters from their gradients. What it keeps between steps belongs to each variable, not to its path, so one
 * optimizer can serve several models. {@link fit} never changes the optimizer that it is given: each run uses a
 * {@link Optimizer.fresh} one.
 */
export interface Optimizer {
  /** Learning rate, or a schedule of it, which {@link fit} evaluates at each step. */
  readonly learningRate: number | Schedule;
  /**
   * Records the next value of each parameter and of its slots. No gradient flows through the update.
   *
   * @throws `UsageError` for an update without a learning rate, where that of the optimizer is a schedule.
   *
   * @example
   * ```ts
   * const optimizer = adam({ learningRate: 0.1 });
   * const weight = new Variable([1, 2], [2], { name: "weight" });
   * const step = compile((x: Tensor) => {
   *   const loss = mean(square(multiply(x, weight)));
   *   const [gradient] = gradients(loss, [weight]);
   *   optimizer.update([{ path: "weight", parameter: weight, gradient: gradient! }]);
   *   return loss;
   * });
   * ```
   */
  update(updates: readonly ParameterUpdate[]): void;
  /**
   * Variables that hold what is kept for these parameters, under names like `velocity.layers.0.filters`, to be saved,
   * restored or disposed of. Parameters that begin together, here or in an update, share one count of steps.
   */
  state(parameters: ReadonlyMap<string, Variable>): ReadonlyMap<string, Variable>;
  /** Returns an optimizer with the same rule and options that has kept nothing yet. */
  fresh(): Optimizer;
}

/** Accepts optimizers. */
export const optimizerOption: OptionCheck = (value) => {
  const given = value as Record<string, unknown> | null | undefined;
  return ["update", "state", "fresh"].every((name) => typeof given?.[name] === "function") &&
    learningRateOption(given?.["learningRate"]) === undefined
    ? undefined
    : "an optimizer, such as adam()";
};

/** What is kept for one parameter. */
interface Kept<Slot extends string> {
  readonly slots: Readonly<Record<Slot, Variable>>;
  /** Number of steps, and the path of the first parameter that shares it. */
  readonly count: { readonly variable: Variable; readonly path: string };
}

/**
 * Makes an optimizer from a rule.
 *
 * @throws `ValueError` for a learning rate that is negative or not finite.
 *
 * @example
 * ```ts
 * // Steps of a fixed length along the sign of each gradient.
 * const signDescent = optimizerOf({
 *   learningRate: 0.01,
 *   slots: [],
 *   next: ({ parameter, gradient, learningRate }) => ({
 *     parameter: subtract(parameter, multiply(learningRate, sign(gradient))),
 *   }),
 * });
 * ```
 */
export function optimizerOf<Slot extends string>(rule: OptimizerRule<Slot>): Optimizer {
  const { learningRate = 1e-3 } = rule;
  checkValue("optimizerOf", "learningRate", learningRate, learningRateOption);
  const memory = new WeakMap<Variable, Kept<Slot>>();

  /** Returns what is kept for each of these parameters. */
  function keptOf(parameters: Iterable<readonly [path: string, parameter: Variable]>): Kept<Slot>[] {
    let count: Kept<Slot>["count"] | undefined;
    return Array.from(parameters, ([path, parameter]) => {
      let kept = memory.get(parameter);
      if (kept === undefined) {
        count ??= { variable: stateVariable(`count.${path}`, []), path };
        const slots = rule.slots.map((slot) => [slot, stateVariable(`${slot}.${path}`, parameter.shape)]);
        kept = { slots: Object.fromEntries(slots) as Record<Slot, Variable>, count };
        memory.set(parameter, kept);
      }
      return kept;
    });
  }

  return {
    learningRate,
    update: (updates) => {
      const kept = keptOf(updates.map(({ path, parameter }) => [path, parameter]));
      if (rule.counts)
        for (const count of new Set(kept.map(({ count: { variable } }) => variable))) count.assign(add(count, 1));
      updates.forEach(({ path, parameter, gradient, learningRate: own = learningRate, weightDecay }, i) => {
        if (typeof own === "function") throw needsRate(path);
        const { slots, count } = kept[i]!;
        const next = rule.next(
          {
            parameter: parameter.current,
            gradient: detach(gradient),
            learningRate: own,
            count: count.variable,
            weightDecay: weightDecay ?? rule.weightDecay ?? 0,
          },
          slots,
        );
        parameter.assign(detach(next.parameter));
        for (const slot of rule.slots) {
          const value = next[slot];
          if (value !== undefined) slots[slot].assign(detach(value));
        }
      });
    },
    state: (parameters) => {
      const named = new Map<string, Variable>();
      const kept = keptOf(parameters);
      [...parameters.keys()].forEach((path, i) => {
        const { slots, count } = kept[i]!;
        if (rule.counts) named.set(`count.${count.path}`, count.variable);
        for (const slot of rule.slots) named.set(`${slot}.${path}`, slots[slot]);
      });
      return named;
    },
    fresh: () => optimizerOf(rule),
  };
}

const needsRate = (path: string): UsageError =>
  new UsageError({
    operation: "update",
    problem: `the update of ${path} needs a learningRate, as that of the optimizer is a schedule`,
    fix: "give each update the rate of the step",
  });
