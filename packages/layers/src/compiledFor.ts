/** Number of compiled functions kept for each model. A loss that is written where it is used is a new key at each call. */
const KEPT = 8;
const compiled = /* @__PURE__ */ new WeakMap<object, Map<object, { dispose(): void }>>();

/**
 * Returns the compiled function of a model and a key, and makes it if there is none. Those used last are kept for each model;
 * all are freed by `dispose(model)`, and once the model was collected as garbage.
 *
 * @param key - What the function is made of besides the model, such as a loss. One key always has the same type of function.
 */
export function compiledFor<
  C extends {
    /** Frees what the function holds. */
    dispose(): void;
  },
>(model: object, key: object, make: () => C): C {
  let own = compiled.get(model);
  if (own === undefined) compiled.set(model, (own = new Map()));
  const found = (own.get(key) as C | undefined) ?? make();
  own.delete(key);
  own.set(key, found);
  // Not disposed, since results of it may still be awaited.
  if (own.size > KEPT) own.delete(own.keys().next().value!);
  return found;
}

/** Frees the compiled functions of a model. */
export function disposeCompiled(model: object): void {
  for (const each of compiled.get(model)?.values() ?? []) each.dispose();
  compiled.delete(model);
}
