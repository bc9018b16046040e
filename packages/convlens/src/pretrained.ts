import { ConvlensError, nearest, sameShape } from "@convlens/backend";
import { parameters, readSafetensors, setWeights, variables, type Layer, type StoredTensor } from "@convlens/layers";
import { readCheckpoint } from "@convlens/training";
import { stat } from "node:fs/promises";
import { reasonOf } from "./fileErrors.ts";
import { CommandLineError } from "./options.ts";
import { readRegular } from "./readRegular.ts";
import { LARGEST_CHECKPOINT, RunFolder } from "./runFolder.ts";

/** The word of `--freeze` for all parameters that `--from` gave. */
const LOADED = "loaded";

/**
 * Reads the weights of a run, given by its folder or checkpoint, or of any safetensors file.
 *
 * @throws `CommandLineError` for a file that cannot be read; `ValueError` for a file of another kind.
 */
export async function readPretrained(path: string): Promise<ReadonlyMap<string, StoredTensor>> {
  const file = await contentOf(path);
  const { tensors, metadata } = readSafetensors(file);
  return metadata["kind"]?.startsWith("convlens-checkpoint") ? readCheckpoint(file).model : tensors;
}

async function contentOf(path: string): Promise<Uint8Array> {
  try {
    const isFolder = (await stat(path)).isDirectory();
    return await readRegular(isFolder ? new RunFolder(path).checkpoint : path, LARGEST_CHECKPOINT);
  } catch (error) {
    if (error instanceof ConvlensError) throw error;
    throw new CommandLineError(`--from: ${path} cannot be read: ${reasonOf(error)}`);
  }
}

/** What a model took from other weights. */
export interface Taken {
  /** Paths of the variables that got values. */
  readonly taken: readonly string[];
  /** Paths that keep their first values, such as those of a head for other classes. */
  readonly left: readonly string[];
}

/**
 * Gives the variables of a model the values of the same names and shapes.
 *
 * @throws `CommandLineError` if there are none.
 */
export function takeWeights(model: Layer, from: ReadonlyMap<string, StoredTensor>): Taken {
  const found = [...variables(model)];
  const isFitting = ([path, { shape }]: (typeof found)[number]): boolean => {
    const stored = from.get(path);
    return stored !== undefined && sameShape(stored.shape, shape);
  };
  const taken = found.filter(isFitting).map(([path]) => path);
  if (taken.length === 0)
    throw new CommandLineError(
      `--from: no tensor of the file has the name and the shape of one of the model; it has ${some([...from.keys()])}, the model has ${some(found.map(([path]) => path))}`,
    );
  setWeights(model, new Map(taken.map((path) => [path, from.get(path)!])), { strict: false });
  return { taken, left: found.filter((each) => !isFitting(each)).map(([path]) => path) };
}

const some = (names: readonly string[]): string =>
  names.length === 0 ? "none" : `${names.slice(0, 3).join(", ")}${names.length > 3 ? ", …" : ""}`;

/**
 * Returns the paths of the parameters that a list such as `layers.0,layers.1` freezes; `loaded` stands for those in `taken`.
 *
 * @throws `CommandLineError` for a path that the model lacks, or if no parameter is left to train.
 */
export function frozenPaths(list: string, model: Layer, taken: readonly string[] | undefined): string[] {
  const paths = [...parameters(model).keys()];
  const frozen = new Set<string>();
  for (const word of list.split(",").map((each) => each.trim())) {
    if (word === LOADED && taken === undefined)
      throw new CommandLineError(`--freeze ${LOADED} needs --from, which names the file to load`);
    const known = word === LOADED ? new Set(taken) : undefined;
    const own = paths.filter((path) => known?.has(path) ?? (path === word || path.startsWith(`${word}.`)));
    if (own.length === 0) {
      const near = nearest(word, paths);
      throw new CommandLineError(
        `--freeze: "${word}" is the beginning of no path of a parameter${near === undefined ? "" : `; did you mean ${near}?`}; paths are ${paths.join(", ")}`,
      );
    }
    for (const path of own) frozen.add(path);
  }
  if (frozen.size === paths.length)
    throw new CommandLineError("--freeze leaves no parameter to train; give fewer paths");
  return paths.filter((path) => frozen.has(path));
}
