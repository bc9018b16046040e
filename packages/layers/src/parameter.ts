import { Random, type Shape } from "@convlens/backend";
import { Variable } from "@convlens/tensor";
import { constant, type Fans, type Initializer } from "./initializers.ts";

/** How each parameter gets its first values, until they have been set. */
const fresh = /* @__PURE__ */ new WeakMap<Variable, (random: Random) => ArrayLike<number>>();
const initializers = /* @__PURE__ */ new WeakMap<Variable, (random: Random) => ArrayLike<number>>();

/**
 * A parameter of a layer. Until {@link build} gives it values by seed and path, it would begin with those of seed 0 and its
 * own name and shape.
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
  fresh.set(variable, make);
  return variable;
}

/** A number of a layer's state that is not learned. */
export const statistic = (name: string, shape: Shape, value: number): Variable =>
  parameter(name, shape, constant(value), { in: 1, out: 1 }, false);

/** Gives a parameter the first values that seed and path decide; with `onlyFresh`, unless it was given any before. */
export function initialize(variable: Variable, path: string, seed: number, onlyFresh: boolean): void {
  const make = (onlyFresh ? fresh : initializers).get(variable);
  if (make === undefined) return;
  fresh.delete(variable);
  variable.initialize(() => make(new Random(seed).split(path)));
}

/** Notes that a parameter was given values, which must not be replaced by first ones. */
export function settled(variable: Variable): void {
  fresh.delete(variable);
}
