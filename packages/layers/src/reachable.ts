import { UsageError } from "@convlens/backend";
import { variablesBehind, type Tensor, type Variable } from "@convlens/tensor";
import { variables } from "./layer.ts";

/** Returns the trainable variables that a recording reads and that no path of the model leads to. */
export function unreachable(model: object, recorded: readonly Tensor[]): Variable[] {
  const known = new Set(variables(model).values());
  return variablesBehind(recorded).filter((variable) => variable.trainable && !known.has(variable));
}

/** The unreachable variables in the last recording of each model. */
const hidden = /* @__PURE__ */ new WeakMap<object, readonly Variable[]>();

/**
 * Remembers the unreachable variables of a recording for predictions, where they do no harm, for {@link checkReachable}.
 */
export function noteRecording(model: object, recorded: readonly Tensor[]): void {
  hidden.set(model, unreachable(model, recorded));
}

/**
 * Checks that paths of the model lead to all trainable variables that it uses; others would neither be trained nor saved.
 *
 * @param recorded - Outputs of the model. Default: those of the last recording.
 * @throws `UsageError` that names the variables without a path.
 */
export function checkReachable(operation: string, model: object, recorded?: readonly Tensor[]): void {
  if (recorded !== undefined) noteRecording(model, recorded);
  const known = new Set(variables(model).values());
  const found = (hidden.get(model) ?? []).filter((variable) => variable.trainable && !known.has(variable));
  if (found.length === 0) return;
  const they = found.length === 1 ? "it" : "they";
  throw new UsageError({
    operation,
    problem: `the model uses ${describeVariables(found)}, which no path leads to, so ${they} would be neither trained nor saved`,
    got: found.map(({ name }) => name),
    fix:
      "keep their layers in public fields, arrays, Maps or Sets of the model, not in closures or #private fields; " +
      "or set trainable = false on variables that are not to be trained",
  });
}

/** `the variable "weights" [4, 2]`, or `3 variables ("weights" [4, 2], …)`. */
export function describeVariables(found: readonly Variable[]): string {
  const shown = found.slice(0, 4).map(({ name, shape }) => `"${name}" [${shape.join(", ")}]`);
  if (found.length === 1) return `the variable ${shown[0]!}`;
  return `${found.length} variables (${shown.join(", ")}${found.length > shown.length ? ", …" : ""})`;
}
