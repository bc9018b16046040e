import { booleanOption, checkOptions, checkValue, seedOption, type OptionCheck, type Shape } from "@convlens/backend";
import {
  areShapes,
  isShape,
  mapTree,
  recordApart,
  tensorsIn,
  zeros,
  type ShapesOf,
  type Tensor,
  type Tensors,
} from "@convlens/tensor";
import { apply, layerOption, variables, type AnyLayer, type InputOf, type Layer } from "./layer.ts";
import { initialize, nameVariables } from "./parameter.ts";
import { checkReachable } from "./reachable.ts";
import { noteShapes } from "./recordedShapes.ts";

/** Options of {@link build}. */
export interface BuildOptions {
  /** A whole number from 0 to 2³² − 1. The seed and the path of a parameter decide its first values. Default: 0. */
  readonly seed?: number;
  /** Whether parameters keep values that they were given before. Default: false. */
  readonly onlyFresh?: boolean;
}

/** Accepts the shapes of one example, as a layer takes it. */
export const shapesOption: OptionCheck = (value) =>
  areShapes(value)
    ? undefined
    : "the shape of one example, an array of whole numbers such as [28, 28, 1], or a tuple or record of shapes";

/** Zeros that stand for a batch of examples of these shapes. */
export const zerosOf = (shapes: unknown, batch: number): Tensors =>
  mapTree(shapes, isShape, (shape: Shape) => zeros([batch, ...shape])) as Tensors;

/**
 * Makes all parameters of a model for inputs of these shapes and gives them their first values, also those of layers that are
 * called only in training. Nothing is computed. The same seed and paths give the same values, whatever order the model was
 * put together in.
 *
 * @param inputShape - Shape of one example, `[height, width, channels]`, or a tuple or record of shapes, as the model takes
 *   them.
 * @throws `UsageError` if the model uses trainable variables that no path leads to, as in closures and private fields.
 *
 * @example
 * ```ts
 * const model = build(sequential([new Conv2d({ filters: 8, kernelSize: 3 }), new ReLU()]), [28, 28, 1], { seed: 42 });
 * ```
 */
export function build<M extends Layer<Tensor, unknown>>(model: M, inputShape: Shape, options?: BuildOptions): M;
export function build<M extends AnyLayer>(model: M, inputShape: ShapesOf<InputOf<M>>, options?: BuildOptions): M;
export function build(model: AnyLayer, inputShape: unknown, options: BuildOptions = {}): AnyLayer {
  checkOptions("build", options, { seed: seedOption, onlyFresh: booleanOption });
  checkValue("build", "inputShape", inputShape, shapesOption);
  checkValue("build", "model", model, layerOption);
  const { seed = 0, onlyFresh = false } = options;
  // Each mode in a recording of its own, which is dropped with what it assigns to running statistics. Two examples in
  // training, since a loss may need pairs of them.
  for (const [batch, training] of [
    [1, false],
    [2, true],
  ] as const) {
    const x = zerosOf(inputShape, batch) as never;
    noteShapes(model, x);
    const y = recordApart(() => apply<never, unknown>(model, x, { training }));
    nameVariables(model);
    checkReachable("build", model, tensorsIn(y as Tensors));
  }
  for (const [path, variable] of variables(model)) initialize(variable, path, seed, onlyFresh);
  return model;
}
