import { UsageError } from "@convlens/backend";
import { describeVariables, nameVariables } from "@convlens/layers";
import { tensorsIn, variablesBehind, type Tensors, type Variable } from "@convlens/tensor";

/**
 * Trainable variables that a model uses.
 *
 * @param before - Variables of the first recording.
 * @throws `UsageError` if there are others now: the optimizer does not update them, so they would not learn.
 */
export function checkUnchanged(
  model: object,
  outputs: unknown,
  before: ReadonlySet<Variable> | undefined,
): ReadonlySet<Variable> {
  const now = variablesBehind(tensorsIn(outputs as Tensors)).filter(({ trainable }) => trainable);
  const fresh = before === undefined ? [] : now.filter((variable) => !before.has(variable));
  if (fresh.length === 0) return before ?? new Set(now);
  nameVariables(model);
  throw new UsageError({
    operation: "fit",
    problem: `the model has changed during training: ${describeVariables(fresh)} ${fresh.length === 1 ? "was" : "were"} not there when it began`,
    fix: "begin a new fit",
  });
}
