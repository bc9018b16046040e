import type { Shape } from "@convlens/backend";
import { zeros } from "@convlens/tensor";
import { apply, namePaths, variables, type Layer } from "./layer.ts";
import { initialize } from "./parameter.ts";

/** What {@link build} may be told. */
export interface BuildOptions {
  /** Decides all first values: each parameter's by the seed and its own path. Default: 0. */
  readonly seed?: number;
  /** Whether parameters that have been given values before keep them. Default: false. */
  readonly onlyFresh?: boolean;
}

/**
 * Makes all parameters of a model, as they are for inputs of this shape, and gives them their first values. Nothing is
 * computed. The same seed and paths give the same values, whatever order the model was put together in.
 *
 * @param inputShape - Of one example, `[height, width, channels]`.
 *
 * @example
 * ```ts
 * const model = build(sequential([new Conv2d({ filters: 8, kernelSize: 3 }), new Relu()]), [28, 28, 1], { seed: 42 });
 * ```
 */
export function build<M extends Layer>(
  model: M,
  inputShape: Shape,
  { seed = 0, onlyFresh = false }: BuildOptions = {},
): M {
  namePaths(model);
  apply(model, zeros([1, ...inputShape]));
  // Now that there are variables, they get names as well.
  namePaths(model);
  for (const [path, variable] of variables(model)) initialize(variable, path, seed, onlyFresh);
  return model;
}
