import type { Layer } from "./layer.ts";

/** Compiled functions kept for each model. A loss that is written where it is used is another one each time. */
const KEPT = 8;
const compiled = /* @__PURE__ */ new WeakMap<object, Map<object, { dispose(): void }>>();

/**
 * Returns the compiled function that belongs to a model and a key, and makes it where there is none. A few are kept for each
 * model, those used last; all are freed by `dispose(model)`, and when nobody can reach the model any more.
 *
 * @param key - What the function is made of besides the model, such as a loss; it always has the same type of function.
 */
export function compiledFor<
  C extends {
    /** Frees what the function holds. */
    dispose(): void;
  },
>(model: Layer, key: object, make: () => C): C {
  let own = compiled.get(model);
  if (own === undefined) compiled.set(model, (own = new Map()));
  const found = (own.get(key) as C | undefined) ?? make();
  own.delete(key);
  own.set(key, found);
  // Not disposed of: someone may be waiting for its results.
  if (own.size > KEPT) own.delete(own.keys().next().value!);
  return found;
}

/** Frees the compiled functions of a model. */
export function disposeCompiled(model: object): void {
  for (const each of compiled.get(model)?.values() ?? []) each.dispose();
  compiled.delete(model);
}
