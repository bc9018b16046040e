import { Random, type Shape } from "@convlens/backend";
import { Variable } from "@convlens/tensor";
import { constant, type Fans, type Initializer } from "./initializers.ts";

/** What makes the first values of each parameter. */
const initializers = /* @__PURE__ */ new WeakMap<Variable, (random: Random) => ArrayLike<number>>();
/** Those that were given their first values by seed and path. */
const begun = /* @__PURE__ */ new WeakSet<Variable>();

/**
 * A parameter of a layer, for layers of one's own. Until {@link build} gives it values by seed and path, it begins with those
 * of seed 0, its own name and shape: the same at each run, but the same in layers of the same shape, too.
 *
 * @param name - Of the field that it is kept in.
 *
 * @example
 * ```ts
 * class Scale implements Layer {
 *   factor: Variable | undefined;
 *   call(x: Tensor): Tensor {
 *     this.factor ??= parameter("factor", x.shape.slice(-1), onesInitializer);
 *     return multiply(x, this.factor);
 *   }
 * }
 * ```
 */
export function parameter(
  name: string,
  shape: Shape,
  initializer: Initializer,
  fans: Fans = { in: 1, out: 1 },
  trainable = true,
): Variable {
  const make = (random: Random): ArrayLike<number> => initializer(shape, fans, random);
  const variable = new Variable(() => make(new Random(0).split(`${name} ${shape.join()}`)), shape, { name, trainable });
  initializers.set(variable, make);
  return variable;
}

/** A number of a layer's state that is not learned. */
export const statistic = (name: string, shape: Shape, value: number): Variable =>
  parameter(name, shape, constant(value), { in: 1, out: 1 }, false);

/** Gives a parameter the first values that seed and path decide; with `onlyFresh`, unless it was given any before. */
export function initialize(variable: Variable, path: string, seed: number, onlyFresh: boolean): void {
  const make = initializers.get(variable);
  if (make === undefined || (onlyFresh && (begun.has(variable) || !variable.isInitial))) return;
  begun.add(variable);
  variable.initialize(() => make(new Random(seed).split(path)));
}
