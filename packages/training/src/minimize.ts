import { ValueError } from "@convlens/backend";
import { parameters as parametersOf } from "@convlens/layers";
import { gradients, type GradientsOptions, type Operand, type Tensor, type Variable } from "@convlens/tensor";
import { lengthOf, limited, type ClipOptions } from "./clip.ts";
import type { Optimizer } from "./optimizer.ts";

/** Options of {@link minimize}. */
export interface MinimizeOptions extends GradientsOptions {
  /** Learning rate of the step. Default: the optimizer's, if that is a number. */
  readonly learningRate?: Operand | undefined;
  /** Limits on the gradients. */
  readonly clip?: ClipOptions | undefined;
}

/**
 * Records a step of an optimizer that makes a loss smaller: gradients and updates of these parameters, and of no others. For training
 * loops of one's own within `compile`, such as those of several models.
 *
 * @param loss - A scalar.
 * @param learns - A model, or some parameters under their paths, such as those of `parameters(model)`.
 *
 * @example
 * ```ts
 * const optimizer = adam({ learningRate: 0.01 });
 * const step = compile((inputs: Tensor, labels: Tensor) => {
 *   const loss = crossEntropy(model.call(inputs, { training: true }), labels);
 *   minimize(optimizer, loss, model);
 *   return loss;
 * });
 * ```
 */
export function minimize(
  optimizer: Optimizer,
  loss: Tensor,
  learns: object | ReadonlyMap<string, Variable>,
  { learningRate, clip, ...options }: MinimizeOptions = {},
): void {
  const parameters = learns instanceof Map ? (learns as ReadonlyMap<string, Variable>) : parametersOf(learns);
  if (parameters.size === 0)
    throw new ValueError({
      operation: "minimize",
      problem: "there are no parameters, so nothing would learn",
      fix: "call or build the model first, and give one with parameters",
    });
  const learning = Array.from(parameters, ([path, parameter]) => ({ path, parameter, learningRate }));
  const raw = gradients(
    loss,
    learning.map(({ parameter }) => parameter),
    options,
  );
  const found = clip === undefined ? raw : limited(raw, lengthOf(raw), clip);
  optimizer.update(learning.map((each, i) => ({ ...each, gradient: found[i]! })));
}
