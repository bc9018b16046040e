import { booleanOption, checkOptions, nearest, sameShape, showShape, UsageError, ValueError } from "@convlens/backend";
import { evaluate, type Variable } from "@convlens/tensor";
import { variables } from "./layer.ts";
import { checkReachable } from "./reachable.ts";
import { readSafetensors, writeSafetensors, type StoredTensor } from "./safetensors.ts";

/** Reads the values of all variables of a model, under their paths. */
export async function weightsOf(model: object): Promise<Map<string, StoredTensor>> {
  const found = [...variables(model)];
  const values = await evaluate(...found.map(([, variable]) => variable));
  return new Map(found.map(([path, variable], i) => [path, { shape: variable.shape, values: values[i]! }]));
}

/**
 * Writes all variables of a model to a safetensors file, which other libraries read, too.
 *
 * @throws `UsageError` for a model without variables, which was neither built nor called yet, and for one that uses trainable
 *   variables that no path leads to.
 *
 * @example
 * ```ts
 * const trained = build(lenet5(), [28, 28, 1]);
 * const file = await saveWeights(trained);
 * loadWeights(build(lenet5(), [28, 28, 1]), file);
 * ```
 */
export async function saveWeights(model: object, metadata?: Readonly<Record<string, string>>): Promise<Uint8Array> {
  checkReachable("saveWeights", model);
  if (variables(model).size === 0) throw notBuilt("saveWeights");
  return writeSafetensors(await weightsOf(model), metadata);
}

const notBuilt = (operation: string): UsageError =>
  new UsageError({
    operation,
    problem: "this model has no variables yet",
    fix: "call it once, or use build(model, inputShape)",
  });

/** Options of {@link setWeights}. */
export interface SetWeightsOptions {
  /**
   * Whether the names in the file and in the model must be the same. If not, those in only one of them are ignored, for
   * example to replace the head of a trained model. Default: true.
   */
  readonly strict?: boolean;
}

/** Names that {@link setWeights} ignored, since they are not in both the model and the file. */
export interface LeftAlone {
  /** Paths of the model that the file lacks. */
  readonly missing: readonly string[];
  /** Names in the file that the model lacks. */
  readonly unknown: readonly string[];
}

/**
 * Gives the variables of a model the values of tensors of the same names. The model must have been built. If a name or a
 * shape does not fit, nothing is written.
 *
 * @throws `ValueError` for a missing or unknown name (with the nearest known one) and for another shape; `UsageError` for a
 *   model without variables.
 */
export function setWeights(
  model: object,
  tensors: ReadonlyMap<string, StoredTensor>,
  options: SetWeightsOptions = {},
): LeftAlone {
  checkOptions("setWeights", options, { strict: booleanOption });
  const { strict = true } = options;
  const found = variables(model);
  if (found.size === 0 && tensors.size > 0) throw notBuilt("setWeights");
  const missing = [...found.keys()].filter((path) => !tensors.has(path));
  const unknown = [...tensors.keys()].filter((name) => !found.has(name));
  if (strict && unknown.length > 0) throw badName(unknown, "is not a variable of this model", [...found.keys()]);
  if (strict && missing.length > 0) throw badName(missing, "is missing in the file", [...tensors.keys()]);
  const fitting: [Variable, StoredTensor][] = [];
  for (const [path, variable] of found) {
    const stored = tensors.get(path);
    if (stored === undefined) continue;
    if (!sameShape(stored.shape, variable.shape))
      throw new ValueError({
        operation: "setWeights",
        what: `the shape of "${path}"`,
        expected: `${showShape(variable.shape)} as in this model`,
        got: stored.shape,
        fix: "build the same model for the same input shape",
      });
    fitting.push([variable, stored]);
  }
  for (const [variable, { values }] of fitting) variable.write(values);
  return { missing, unknown };
}

function badName(names: readonly string[], problem: string, known: readonly string[]): ValueError {
  const hint = nearest(names[0]!, known);
  const more = names.length > 1 ? `, and ${names.length - 1} more` : "";
  return new ValueError({
    operation: "setWeights",
    problem: `"${names[0]}" ${problem}${more}${hint === undefined ? "" : ` (nearest: "${hint}")`}`,
    got: names,
    fix: "use the same model, and build it first; { strict: false } ignores names that differ",
  });
}

/**
 * Loads a safetensors file, such as one of {@link saveWeights}, into a model that has been built.
 *
 * @throws the errors of {@link setWeights} and {@link readSafetensors}.
 */
export const loadWeights = (model: object, file: Uint8Array, options?: SetWeightsOptions): LeftAlone =>
  setWeights(model, readSafetensors(file).tensors, options);
