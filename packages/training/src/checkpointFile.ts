import { ValueError } from "@convlens/backend";
import { readSafetensors, setWeights, writeSafetensors, type StoredTensor } from "@convlens/layers";
import type { Checkpoint, StoredTensors, TrainerState } from "./checkpoint.ts";
import { damaged, formatProgress, readProgress } from "./progress.ts";

/** Parts of a checkpoint that are tensors, in the order of the file. */
const parts = ["model", "optimizer", "best", "average", "gradient"] as const satisfies readonly (keyof Checkpoint)[];
type Parts = Pick<Checkpoint, (typeof parts)[number]>;

const KIND = "convlens-checkpoint-3";

/** 32-bit hash of the content of a checkpoint. Each step is one-to-one, so a single changed number changes the hash. */
export function checksumOf(progress: string, tensors: StoredTensors): string {
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

/** Writes a safetensors file of the parts, with what else there is as JSON. */
function writeParts(tensorsOf: Parts, progress: string): Uint8Array {
  const tensors = new Map(
    parts.flatMap((part) =>
      Array.from(tensorsOf[part], ([name, stored]): [string, StoredTensor] => [`${part}.${name}`, stored]),
    ),
  );
  return writeSafetensors(tensors, { kind: KIND, progress, checksum: checksumOf(progress, tensors) });
}

/**
 * Reads what {@link writeParts} wrote.
 *
 * @throws `ValueError` for a file that is damaged or of another kind.
 */
function readParts(file: Uint8Array): { readonly found: Parts; readonly progress: string } {
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
  const found = Object.fromEntries(parts.map((part) => [part, new Map<string, StoredTensor>()])) as Record<
    keyof Parts,
    Map<string, StoredTensor>
  >;
  for (const [name, stored] of tensors) {
    const part = parts.find((each) => name.startsWith(`${each}.`));
    if (part === undefined) throw damaged(`"${name}" belongs to no part of it`);
    found[part].set(name.slice(part.length + 1), stored);
  }
  if (checksum !== checksumOf(progress, tensors)) throw damaged("its checksum does not fit its content");
  return { found, progress };
}

/**
 * Writes a checkpoint of {@link fit} to a file, a safetensors file with more than the weights.
 *
 * @example
 * ```ts
 * const training = fit(model, data, { epochs: 2 });
 * for await (const record of training) if (record.step === 3) break;
 * const file = writeCheckpoint(await training.checkpoint());
 * await fit(model, data, { epochs: 2, resume: readCheckpoint(file) });
 * ```
 */
export const writeCheckpoint = (checkpoint: Checkpoint): Uint8Array =>
  writeParts(checkpoint, formatProgress(checkpoint.progress));

/**
 * Reads a file of {@link writeCheckpoint}.
 *
 * @throws `ValueError` for a file that is damaged or not a checkpoint.
 */
export function readCheckpoint(file: Uint8Array): Checkpoint {
  const { found, progress: text } = readParts(file);
  const progress = readProgress(text);
  return { ...found, batches: progress.batches, progress };
}

/**
 * Loads the weights of a checkpoint's file into a built model. If a name or shape does not match, nothing is written.
 *
 * @throws `ValueError` for a file that is damaged or not a checkpoint, or that belongs to another model.
 */
export function loadCheckpoint(model: object, file: Uint8Array): void {
  setWeights(model, readCheckpoint(file).model);
}

/** Writes the state of a {@link Trainer} to a file. */
export const writeTrainerState = (state: TrainerState): Uint8Array =>
  writeParts({ ...state, best: new Map() }, JSON.stringify({ batches: state.batches }));

/**
 * Reads a file of {@link writeTrainerState}.
 *
 * @throws `ValueError` for a file that is damaged or not the state of a trainer.
 */
export function readTrainerState(file: Uint8Array): TrainerState {
  const { found, progress } = readParts(file);
  const { model, optimizer, average, gradient } = found;
  const { batches } = JSON.parse(progress) as { readonly batches?: unknown };
  if (Number.isSafeInteger(batches)) return { model, optimizer, average, gradient, batches: batches as number };
  throw new ValueError({
    operation: "readTrainerState",
    problem: "the file is not a state of a Trainer",
    fix: "read it with readCheckpoint",
  });
}
