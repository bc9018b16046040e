import { Random, type Shape } from "@convlens/backend";
import { streamFor, Variable } from "@convlens/tensor";
import { constant, type Fans, type Initializer } from "./initializers.ts";
import { currentPath, variables } from "./layer.ts";

/** Makes the first values of a parameter. */
interface First {
  readonly make: (random: Random) => ArrayLike<number>;
  random: Random;
  /** Whether `build` has decided the values. */
  isBuilt?: boolean;
}

const firsts = /* @__PURE__ */ new WeakMap<Variable, First>();

/**
 * Makes a parameter of a layer, for your own layers. In {@link build} the seed and its path decide its first values. Without
 * `build`, the seed of `setSeed` decides them, with its path in a model that is given to `predict`, or else with the path of
 * its layer in the model that is called, its name, its shape, and the number of such parameters made before, so that two equal
 * layers differ.
 *
 * @param name - Name of the field that the layer keeps it in.
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
  // A copy, since each number that is drawn advances a stream.
  const variable = new Variable(() => first.make(Random.from(first.random.state)), shape, { name, trainable });
  firsts.set(variable, first);
  return variable;
}

/** Makes a variable of a layer that is not trained, such as a running mean, with the same number everywhere. */
export const statistic = (name: string, shape: Shape, value: number): Variable =>
  parameter(name, shape, constant(value), { in: 1, out: 1 }, false);

/** Gives a parameter the first values for a seed and a path; with `onlyFresh`, unless it was given values before. */
export function initialize(variable: Variable, path: string, seed: number, onlyFresh: boolean): void {
  const first = firsts.get(variable);
  if (first === undefined || (onlyFresh && (first.isBuilt || !variable.isInitial))) return;
  first.isBuilt = true;
  variable.initialize(() => first.make(new Random(seed).split(path)));
}

/** Names every variable of a model by its path, which also decides the first values of parameters that have none yet. */
export function nameVariables(model: object): void {
  for (const [path, variable] of variables(model)) {
    variable.name = path;
    const first = firsts.get(variable);
    if (first !== undefined) first.random = streamFor(path, 0);
  }
}
