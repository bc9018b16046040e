import { Random, type Shape } from "@convlens/backend";
import { streamFor, Variable } from "@convlens/tensor";
import { constant, type Fans, type Initializer } from "./initializers.ts";
import { currentPath, variables } from "./layer.ts";

/** What makes the first values of a parameter, until it is given any. */
interface First {
  readonly make: (random: Random) => ArrayLike<number>;
  random: Random;
}

const firsts = /* @__PURE__ */ new WeakMap<Variable, First>();
/** Those that were given their first values by `build`. */
const begun = /* @__PURE__ */ new WeakSet<Variable>();

/**
 * A parameter of a layer, for layers of one's own. {@link build} gives it first values by seed and path. Without `build` they
 * are decided by the seed of `setSeed`, and by its path in a model that is given to `predict`; else by the path that its layer
 * has so far, its name, its shape, and how many such parameters were made before, so that two equal layers differ.
 *
 * @param name - Name of the field that it is kept in.
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
  const first: First = {
    make: (random) => initializer(shape, fans, random),
    random: streamFor(`${currentPath()}${name} ${shape.join()}`),
  };
  // A copy, as a stream goes on with each number that is drawn.
  const variable = new Variable(() => first.make(Random.from(first.random.state)), shape, { name, trainable });
  firsts.set(variable, first);
  return variable;
}

/** A number of a layer's state that is not learned. */
export const statistic = (name: string, shape: Shape, value: number): Variable =>
  parameter(name, shape, constant(value), { in: 1, out: 1 }, false);

/** Gives a parameter the first values that seed and path decide; with `onlyFresh`, unless it was given any before. */
export function initialize(variable: Variable, path: string, seed: number, onlyFresh: boolean): void {
  const first = firsts.get(variable);
  if (first === undefined || (onlyFresh && (begun.has(variable) || !variable.isInitial))) return;
  begun.add(variable);
  variable.initialize(() => first.make(new Random(seed).split(path)));
}

/** Lets the paths of a model decide the first values of parameters that have not been used yet. */
export function beginByPath(model: object): void {
  for (const [path, variable] of variables(model)) {
    const first = firsts.get(variable);
    if (first !== undefined) first.random = streamFor(path, 0);
  }
}
