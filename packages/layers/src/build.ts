import { booleanOption, checkOptions, checkValue, type OptionCheck, seedOption, type Shape } from "@convlens/backend";
import { recordApart, zeros } from "@convlens/tensor";
import { apply, isLayer, namePaths, notLayer, variables, type Layer, type Mode } from "./layer.ts";
import { initialize } from "./parameter.ts";
import { checkReachable } from "./reachable.ts";

/** Options of {@link build}. */
export interface BuildOptions {
  /** A whole number from 0 to 2³² − 1 that decides all first values: each parameter's by the seed and its own path. Default: 0. */
  readonly seed?: number;
  /** Whether parameters that have been given values before keep them. Default: false. */
  readonly onlyFresh?: boolean;
}

const shapeOption: OptionCheck = (value) =>
  Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0)
    ? undefined
    : "the shape of one example, an array of whole numbers such as [28, 28, 1]";

/**
 * Makes all parameters of a model, as they are for inputs of this shape, and gives them their first values: also those of
 * layers that are called only in training. Nothing is computed. The same seed and paths give the same values, whatever order
 * the model was put together in.
 *
 * @param inputShape - Shape of one example, `[height, width, channels]`.
 * @throws `UsageError` where the model uses trainable variables that no path leads to, as in closures and private fields.
 *
 * @example
 * ```ts
 * const model = build(sequential([new Conv2d({ filters: 8, kernelSize: 3 }), new Relu()]), [28, 28, 1], { seed: 42 });
 * ```
 */
export function build<M extends Layer>(model: M, inputShape: Shape, options: BuildOptions = {}): M {
  checkOptions("build", options, { seed: seedOption, onlyFresh: booleanOption });
  checkValue("build", "inputShape", inputShape, shapeOption);
  if (!isLayer(model)) throw notLayer("build", model);
  const { seed = 0, onlyFresh = false } = options;
  namePaths(model);
  // Each mode in a recording of its own, which is dropped with what it assigns to running statistics. Two examples, as a loss
  // may need pairs of them.
  const record = (count: number, mode: Mode): void => {
    const y = recordApart(() => apply(model, zeros([count, ...inputShape]), mode));
    // Now that there are variables, they get names as well.
    namePaths(model);
    checkReachable("build", model, [y]);
  };
  record(1, {});
  record(2, { training: true });
  for (const [path, variable] of variables(model)) initialize(variable, path, seed, onlyFresh);
  return model;
}
