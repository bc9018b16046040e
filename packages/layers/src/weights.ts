import { sameShape, showShape, ValueError } from "@convlens/backend";
import { evaluate } from "@convlens/tensor";
import { variables } from "./layer.ts";
import { settled } from "./parameter.ts";
import { readSafetensors, writeSafetensors, type StoredTensor } from "./safetensors.ts";

/** The values of all variables of a model under their paths. */
export async function weightsOf(model: object): Promise<Map<string, StoredTensor>> {
  const found = [...variables(model)];
  const values = await evaluate(...found.map(([, variable]) => variable));
  return new Map(found.map(([path, variable], i) => [path, { shape: variable.shape, values: values[i]! }]));
}

/** All variables of a model as a safetensors file. */
export const saveWeights = async (model: object, metadata?: Readonly<Record<string, string>>): Promise<Uint8Array> =>
  writeSafetensors(await weightsOf(model), metadata);

/** The name with the fewest differences, for a hint. */
function nearest(name: string, names: readonly string[]): string | undefined {
  const parts = new Set(name.split("."));
  const score = (other: string): number => other.split(".").filter((part) => parts.has(part)).length;
  return [...names].sort((a, b) => score(b) - score(a))[0];
}

/**
 * Gives the variables of a model the values of tensors of the same names. The model must have been built.
 *
 * @throws `ValueError` for a name that is missing or that nobody knows (with the nearest that is known), or for another shape.
 */
export function setWeights(model: object, tensors: ReadonlyMap<string, StoredTensor>): void {
  const found = variables(model);
  const missing = [...found.keys()].filter((path) => !tensors.has(path));
  const unknown = [...tensors.keys()].filter((name) => !found.has(name));
  if (missing.length > 0 || unknown.length > 0) {
    const [name, others, sentence] =
      unknown.length > 0
        ? ([unknown[0]!, [...found.keys()], `"${unknown[0]}" is not a variable of this model`] as const)
        : ([missing[0]!, [...tensors.keys()], `the file has no "${missing[0]}"`] as const);
    const hint = nearest(name, others);
    const more = Math.max(unknown.length, missing.length) - 1;
    throw new ValueError(
      `weights: ${sentence}${hint === undefined ? "" : ` (nearest: "${hint}")`}${more > 0 ? `, nor ${more} more` : ""}; ` +
        "is it the same model, and has it been built?",
      { expected: [...found.keys()], got: [...tensors.keys()] },
    );
  }
  for (const [path, variable] of found) {
    const stored = tensors.get(path)!;
    if (!sameShape(stored.shape, variable.shape))
      throw new ValueError(
        `weights: "${path}" is ${showShape(variable.shape)} in this model, ${showShape(stored.shape)} in the file`,
        {
          path,
          expected: variable.shape,
          got: stored.shape,
        },
      );
  }
  for (const [path, variable] of found) {
    variable.write(tensors.get(path)!.values);
    settled(variable);
  }
}

/** Loads a file made by {@link saveWeights} (or by anyone, with the same names) into a model that has been built. */
export const loadWeights = (model: object, file: Uint8Array): void => setWeights(model, readSafetensors(file).tensors);
