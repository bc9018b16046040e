import { ValueError } from "@convlens/backend";
import { readSafetensors, setWeights, weightsOf, writeSafetensors, type StoredTensor } from "@convlens/layers";
import { evaluate, type Variable } from "@convlens/tensor";
import type { EpochRecord } from "./records.ts";

/** Where training stands, but for the numbers in variables. */
export interface Progress {
  /** Decides order, augmentation and dropout. */
  readonly seed: number;
  readonly batchSize: number;
  /** Of the data, to notice when it is another. */
  readonly examples: number;
  epoch: number;
  /** Batches done in this epoch. */
  batch: number;
  step: number;
  /** Sums over this epoch's batches. */
  lossSum: number;
  accuracySum: number;
  history: EpochRecord[];
}

/** Everything that goes on from a checkpoint. */
export interface CheckpointParts {
  readonly model: object;
  /** What the optimizer keeps between steps. */
  readonly optimizer: ReadonlyMap<string, StoredTensor>;
  /** The best weights so far, if they are kept. */
  readonly best: ReadonlyMap<string, StoredTensor> | undefined;
  readonly progress: Progress;
}

const KIND = "convlens-checkpoint-1";
const prefixed = (prefix: string, tensors: ReadonlyMap<string, StoredTensor>): [string, StoredTensor][] =>
  [...tensors].map(([name, stored]) => [`${prefix}.${name}`, stored]);
const unprefixed = (prefix: string, tensors: ReadonlyMap<string, StoredTensor>): Map<string, StoredTensor> =>
  new Map(
    [...tensors]
      .filter(([name]) => name.startsWith(`${prefix}.`))
      .map(([name, stored]) => [name.slice(prefix.length + 1), stored]),
  );

/** Numbers that JSON has no word for. */
const replacer = (_: string, x: unknown): unknown =>
  typeof x === "number" && !Number.isFinite(x) ? { number: `${x}` } : x;
const reviver = (_: string, x: unknown): unknown => {
  const text = (x as { number?: unknown } | null)?.number;
  return typeof text === "string" ? Number(text) : x;
};

/** The values of variables, as they are now. */
export async function storedValues(variables: ReadonlyMap<string, Variable>): Promise<Map<string, StoredTensor>> {
  const named = [...variables];
  const values = await evaluate(...named.map(([, variable]) => variable));
  return new Map(named.map(([name, { shape }], i) => [name, { shape, values: values[i]! }]));
}

/** A safetensors file with weights, what the optimizer keeps and the place in the data. */
export async function writeCheckpoint({ model, optimizer, best, progress }: CheckpointParts): Promise<Uint8Array> {
  const tensors = new Map([
    ...prefixed("model", await weightsOf(model)),
    ...prefixed("optimizer", optimizer),
    ...prefixed("best", best ?? new Map()),
  ]);
  return writeSafetensors(tensors, { kind: KIND, progress: JSON.stringify(progress, replacer) });
}

/** The parts of a checkpoint's file. */
export interface Checkpoint {
  readonly weights: ReadonlyMap<string, StoredTensor>;
  readonly optimizer: ReadonlyMap<string, StoredTensor>;
  readonly best: ReadonlyMap<string, StoredTensor> | undefined;
  readonly progress: Progress;
}

/**
 * Reads what `fit(…).checkpoint()` has made.
 *
 * @throws `ValueError` for a file that is damaged or no checkpoint.
 */
export function readCheckpoint(file: Uint8Array): Checkpoint {
  const { tensors, metadata } = readSafetensors(file);
  if (metadata["kind"] !== KIND || metadata["progress"] === undefined)
    throw new ValueError(
      `checkpoint: the file is no checkpoint of training (its kind is ${metadata["kind"] ?? "not given"}); weights alone are loaded with loadWeights`,
      { operation: "readCheckpoint", expected: KIND, got: metadata["kind"], fix: "loadWeights" },
    );
  const best = unprefixed("best", tensors);
  return {
    weights: unprefixed("model", tensors),
    optimizer: unprefixed("optimizer", tensors),
    best: best.size === 0 ? undefined : best,
    progress: JSON.parse(metadata["progress"], reviver) as Progress,
  };
}

/** Loads the weights of a checkpoint into a model that has been built, to use it without training on. */
export function loadCheckpoint(model: object, file: Uint8Array): void {
  setWeights(model, readCheckpoint(file).weights);
}

/** Gives an optimizer's variables the values of a checkpoint. */
export function restoreOptimizer(
  variables: ReadonlyMap<string, Variable>,
  stored: ReadonlyMap<string, StoredTensor>,
): void {
  const differing = [...variables.keys()]
    .filter((name) => !stored.has(name))
    .concat([...stored.keys()].filter((name) => !variables.has(name)));
  if (differing.length > 0)
    throw new ValueError(
      `checkpoint: it was made with another optimizer: "${differing[0]}" is only in one of the two; resume with the same optimizer`,
      {
        operation: "resume",
        expected: [...variables.keys()],
        got: [...stored.keys()],
        fix: "resume with the same optimizer",
      },
    );
  for (const [name, variable] of variables) variable.write(stored.get(name)!.values);
}
