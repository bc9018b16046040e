import { disposeCompiled } from "./compiledFor.ts";
import { variables } from "./layer.ts";

/**
 * Frees the memory of a model at once: that of its variables, and what `predict` and `evaluateModel` have compiled for it. It
 * cannot be used afterwards. Most programs need not call this: memory that nobody can reach is freed after the engine has
 * collected garbage. It is for those who cannot wait, as where large models follow each other.
 *
 * @example
 * ```ts
 * const model = lenet5();
 * const logits = await predict(model, zeros([1, 28, 28, 1]));
 * dispose(model);
 * logits.values; // what was computed before stays
 * ```
 */
export function dispose(model: object): void {
  disposeCompiled(model);
  for (const variable of variables(model).values()) variable.dispose();
}
