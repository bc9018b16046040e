import { sorted } from "./sorted.ts";
import type { Tensor } from "./tensor.ts";
import type { Variable } from "./variable.ts";

/**
 * Returns the variables that recorded tensors depend on, each once.
 *
 * @example
 * ```ts
 * const w = new Variable([1, 2], [2]);
 * variablesBehind([multiply(w, 2)]); // [w]
 * ```
 */
export function variablesBehind(tensors: readonly Tensor[]): Variable[] {
  const found = new Set<Variable>();
  for (const t of sorted(tensors, ({ inputs }) => inputs))
    if (t.source.kind === "variable") found.add(t as Variable);
    else if (t.source.kind === "read") found.add(t.source.variable);
  return [...found];
}
