import { booleanOption, checkOptions, nearest, sameShape, showShape, UsageError, ValueError } from "@convlens/backend";
import { evaluate, type Variable } from "@convlens/tensor";
import { variables } from "./layer.ts";
import { checkReachable } from "./reachable.ts";
import { readSafetensors, writeSafetensors, type StoredTensor } from "./safetensors.ts";

/** The values of all variables of a model under their paths. */
export async function weightsOf(model: object): Promise<Map<string, StoredTensor>> {
  const found = [...variables(model)];
  const values = await evaluate(...found.map(([, variable]) => variable));
  return new Map(found.map(([path, variable], i) => [path, { shape: variable.shape, values: values[i]! }]));
}

/**
 * All variables of a model as a safetensors file, which other libraries read as well.
 *
 * @throws `UsageError` if there are none, as in a model that was neither built nor called yet, or where the model was seen to
 * use trainable variables that no path leads to.
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
  new UsageError(
    `${operation}: this model has no variables yet; layers make theirs at the first call, or in build(model, inputShape)`,
    { operation, fix: "build(model, inputShape)" },
  );

/** What {@link setWeights} may be told. */
export interface SetWeightsOptions {
  /**
   * Whether the names in the file and in the model must be the same. If not, what is in only one of them is left alone: for
   * the head of a model that is taught something new. Default: true.
   */
  readonly strict?: boolean;
}

/** What {@link setWeights} left alone, of a model and of a file that have not the same names. */
export interface LeftAlone {
  /** Paths of the model that the file lacks. */
  readonly missing: readonly string[];
  /** Names in the file that the model lacks. */
  readonly unknown: readonly string[];
}

/**
 * Gives the variables of a model the values of tensors of the same names. The model must have been built. Nothing is written
 * if anything does not fit.
 *
 * @throws `ValueError` for a name that is missing or that nobody knows (with the nearest that is known), or for another shape;
 * `UsageError` for a model without variables.
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
      throw new ValueError(
        `weights: "${path}" is ${showShape(variable.shape)} in this model, ${showShape(stored.shape)} in the file; ` +
          "are they the same model, built for the same input shape?",
        { path, expected: variable.shape, got: stored.shape, fix: "build the model for the same input shape" },
      );
    fitting.push([variable, stored]);
  }
  for (const [variable, { values }] of fitting) variable.write(values);
  return { missing, unknown };
}

function badName(names: readonly string[], problem: string, known: readonly string[]): ValueError {
  const hint = nearest(names[0]!, known);
  const fix = "is it the same model, and has it been built? With { strict: false }, names that differ are left alone";
  return new ValueError(
    `weights: "${names[0]}" ${problem}${names.length > 1 ? `, and ${names.length - 1} more` : ""}` +
      `${hint === undefined ? "" : ` (nearest: "${hint}")`}; ${fix}`,
    { operation: "setWeights", expected: known, got: names, fix },
  );
}

/**
 * Loads a file made by {@link saveWeights} (or by anyone, with the same names) into a model that has been built. Errors as
 * {@link setWeights} and {@link readSafetensors}.
 */
export const loadWeights = (model: object, file: Uint8Array, options?: SetWeightsOptions): LeftAlone =>
  setWeights(model, readSafetensors(file).tensors, options);
