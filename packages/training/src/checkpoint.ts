import { sameShape, showShape, ValueError, type Shape } from "@convlens/backend";
import { readSafetensors, setWeights, variables, writeSafetensors, type StoredTensor } from "@convlens/layers";
import { evaluate, type Variable } from "@convlens/tensor";
import { damaged, formatProgress, readProgress, type Progress } from "./progress.ts";

/** Content of a checkpoint. */
export interface CheckpointParts {
  readonly weights: ReadonlyMap<string, StoredTensor>;
  /** State of the optimizer. */
  readonly optimizer: ReadonlyMap<string, StoredTensor>;
  /** Best weights so far, if they are kept. */
  readonly best: ReadonlyMap<string, StoredTensor> | undefined;
  readonly progress: Progress;
}

/** Content of a checkpoint's file. */
export interface Checkpoint {
  readonly weights: ReadonlyMap<string, StoredTensor>;
  readonly optimizer: ReadonlyMap<string, StoredTensor>;
  readonly best: ReadonlyMap<string, StoredTensor> | undefined;
  readonly progress: Progress;
}

type Tensors = ReadonlyMap<string, StoredTensor>;

const KIND = "convlens-checkpoint-2";
const prefixes = ["model", "optimizer", "best"] as const;
const prefixed = (prefix: (typeof prefixes)[number], tensors: Tensors): [string, StoredTensor][] =>
  [...tensors].map(([name, stored]) => [`${prefix}.${name}`, stored]);
const unprefixed = (prefix: (typeof prefixes)[number], tensors: Tensors): Map<string, StoredTensor> =>
  new Map(
    [...tensors]
      .filter(([name]) => name.startsWith(`${prefix}.`))
      .map(([name, stored]) => [name.slice(prefix.length + 1), stored]),
  );

/** 32-bit hash of the content of a checkpoint. Each step is one-to-one, so a single changed number changes the hash. */
export function checksumOf(progress: string, tensors: Tensors): string {
  const number = new Float64Array(1);
  const words = new Uint32Array(number.buffer);
  let hash = 0;
  const add = (word: number): void => {
    hash = Math.imul(hash ^ word, 0x85ebca6b);
    hash ^= hash >>> 13;
  };
  const addText = (text: string): void => {
    for (let i = 0; i < text.length; i++) add(text.charCodeAt(i));
  };
  addText(progress);
  for (const name of [...tensors.keys()].sort()) {
    const { shape, values } = tensors.get(name)!;
    addText(`${name} ${shape.join()} `);
    for (const value of values) {
      // Copying a NaN may change its bit pattern.
      number[0] = Number.isNaN(value) ? Infinity : value;
      add(words[0]!);
      add(words[1]!);
    }
  }
  return (hash >>> 0).toString(16);
}

/** Current values of variables. */
export async function storedValues(variables: ReadonlyMap<string, Variable>): Promise<Map<string, StoredTensor>> {
  const named = [...variables];
  const values = await evaluate(...named.map(([, variable]) => variable));
  return new Map(named.map(([name, { shape }], i) => [name, { shape, values: values[i]! }]));
}

/** Safetensors file with the weights, the state of the optimizer and the position in the data. */
export function writeCheckpoint({ weights, optimizer, best, progress }: CheckpointParts): Uint8Array {
  const tensors = new Map([
    ...prefixed("model", weights),
    ...prefixed("optimizer", optimizer),
    ...prefixed("best", best ?? new Map()),
  ]);
  const text = formatProgress(progress);
  return writeSafetensors(tensors, { kind: KIND, progress: text, checksum: checksumOf(text, tensors) });
}

/**
 * Reads a checkpoint that `fit(…).checkpoint()` returned.
 *
 * @throws `ValueError` for a file that is damaged or not a checkpoint.
 */
export function readCheckpoint(file: Uint8Array): Checkpoint {
  const {
    tensors,
    metadata: { kind, progress, checksum },
  } = readSafetensors(file);
  if (kind !== KIND || progress === undefined)
    throw new ValueError({
      operation: "readCheckpoint",
      expected: `a checkpoint of training (kind "${KIND}")`,
      got: kind,
      gotWords: kind === undefined ? "a file without a kind" : `the kind "${kind}"`,
      fix: "load weights alone with loadWeights",
    });
  const stray = [...tensors.keys()].find((name) => !prefixes.some((prefix) => name.startsWith(`${prefix}.`)));
  if (stray !== undefined) throw damaged(`"${stray}" belongs to no part of it`);
  const read = readProgress(progress);
  if (checksum !== checksumOf(progress, tensors)) throw damaged("its checksum does not fit its content");
  const best = unprefixed("best", tensors);
  return {
    weights: unprefixed("model", tensors),
    optimizer: unprefixed("optimizer", tensors),
    best: best.size === 0 ? undefined : best,
    progress: read,
  };
}

/**
 * Loads the weights of a checkpoint into a built model. If a name or shape does not match, nothing is written.
 *
 * @throws `ValueError` for a file that is damaged or not a checkpoint, or that belongs to another model.
 */
export function loadCheckpoint(model: object, file: Uint8Array): void {
  setWeights(model, readCheckpoint(file).weights);
}

/** @throws `ValueError` for stored tensors whose names or shapes are not those of the variables. */
function checkSame(what: string, variables: ReadonlyMap<string, { readonly shape: Shape }>, stored: Tensors): void {
  const differing =
    [...variables.keys()].find((name) => !stored.has(name)) ?? [...stored.keys()].find((name) => !variables.has(name));
  const fix = `resume with the same ${what}`;
  if (differing !== undefined)
    throw new ValueError({
      operation: "resume",
      problem: `the checkpoint was made with another ${what}: "${differing}" is only in one of the two`,
      fix,
    });
  for (const [name, { shape }] of variables) {
    const found = stored.get(name)!.shape;
    if (!sameShape(shape, found))
      throw new ValueError({
        operation: "resume",
        problem: `the checkpoint was made with another ${what}`,
        what: `"${name}"`,
        expected: `${showShape(shape)} as in this ${what}`,
        got: found,
        gotWords: `${showShape(found)} in the file`,
        fix,
      });
  }
}

/**
 * Restores a model and an optimizer from a checkpoint. If a name or shape does not match, nothing is written.
 *
 * @param prepare - Called between the checks and the first write.
 */
export function restoreCheckpoint(
  { weights, optimizer, best }: Checkpoint,
  model: object,
  memory: ReadonlyMap<string, Variable>,
  prepare: () => void,
): void {
  const found = variables(model);
  checkSame("model", found, weights);
  if (best !== undefined) checkSame("model", found, best);
  checkSame("optimizer", memory, optimizer);
  prepare();
  setWeights(model, weights);
  for (const [name, variable] of memory) variable.write(optimizer.get(name)!.values);
}
