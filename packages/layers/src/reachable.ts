import { UsageError } from "@convlens/backend";
import { variablesBehind, type Tensor, type Variable } from "@convlens/tensor";
import { variables } from "./layer.ts";

/** Trainable variables that a recording reads and that no path of the model leads to. */
export function unreachable(model: object, recorded: readonly Tensor[]): Variable[] {
  const known = new Set(variables(model).values());
  return variablesBehind(recorded).filter((variable) => variable.trainable && !known.has(variable));
}

/** The unreachable variables that the last recording of a model has shown. */
const hidden = /* @__PURE__ */ new WeakMap<object, readonly Variable[]>();

/** Remembers what a recording for predictions shows, where hidden variables do no harm: {@link checkReachable} reads it. */
export function noteRecording(model: object, recorded: readonly Tensor[]): void {
  hidden.set(model, unreachable(model, recorded));
}

/**
 * Refuses a model whose recording reads trainable variables that no path leads to: they would neither learn nor be saved.
 *
 * @param recorded - Default: what earlier recordings have shown.
 * @throws `UsageError` that names them.
 */
export function checkReachable(operation: string, model: object, recorded?: readonly Tensor[]): void {
  if (recorded !== undefined) noteRecording(model, recorded);
  const known = new Set(variables(model).values());
  const found = (hidden.get(model) ?? []).filter((variable) => variable.trainable && !known.has(variable));
  if (found.length === 0) return;
  const fix =
    "keep their layers in public fields, arrays, Maps or Sets of the model, not in closures or #private fields; " +
    "or set trainable = false on variables that shall not learn";
  throw new UsageError(
    `${operation}: the model uses ${describeVariables(found)}, which no path leads to, so ${found.length === 1 ? "it" : "they"} would neither learn nor be saved; ${fix}`,
    { operation, got: found.map(({ name }) => name), fix },
  );
}

/** `the variable "weights" [4, 2]`, or `3 variables ("weights" [4, 2], …)`. */
export function describeVariables(found: readonly Variable[]): string {
  const shown = found.slice(0, 4).map(({ name, shape }) => `"${name}" [${shape.join(", ")}]`);
  if (found.length === 1) return `the variable ${shown[0]!}`;
  return `${found.length} variables (${shown.join(", ")}${found.length > shown.length ? ", …" : ""})`;
}
