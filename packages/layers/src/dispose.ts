import { disposeCompiled } from "./compiledFor.ts";
import { variables } from "./layer.ts";

/**
 * Frees the memory of a model at once: its variables, and what `predict` and `evaluateModel` have compiled for it. The model
 * cannot be used afterwards. Most programs do not need this, since memory is freed after its objects were collected as garbage;
 * programs that make many large models may.
 *
 * @example
 * ```ts
 * const model = lenet5();
 * const logits = await predict(model, zeros([1, 28, 28, 1]));
 * dispose(model);
 * logits.knownValues; // values that were computed before stay
 * ```
 */
export function dispose(model: object): void {
  disposeCompiled(model);
  for (const variable of variables(model).values()) variable.dispose();
}
