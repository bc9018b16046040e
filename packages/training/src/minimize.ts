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
 * @param parameters - Parameters that learn under their paths, such as `parameters(model)`.
 *
 * @example
 * ```ts
 * const optimizer = adam({ learningRate: 0.01 });
 * const step = compile((inputs: Tensor, labels: Tensor) => {
 *   const loss = crossEntropy(model.call(inputs, { training: true }), labels);
 *   minimize(optimizer, loss, parameters(model));
 *   return loss;
 * });
 * ```
 */
export function minimize(
  optimizer: Optimizer,
  loss: Tensor,
  parameters: ReadonlyMap<string, Variable>,
  { learningRate, clip, ...options }: MinimizeOptions = {},
): void {
  const learning = Array.from(parameters, ([path, parameter]) => ({ path, parameter, learningRate }));
  const raw = gradients(
    loss,
    learning.map(({ parameter }) => parameter),
    options,
  );
  const found = clip === undefined ? raw : limited(raw, lengthOf(raw), clip);
  optimizer.update(learning.map((each, i) => ({ ...each, gradient: found[i]! })));
}
