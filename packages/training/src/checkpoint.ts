import { sameShape, showShape, ValueError, type Shape } from "@convlens/backend";
import { readSafetensors, setWeights, variables, writeSafetensors, type StoredTensor } from "@convlens/layers";
import { evaluate, type Variable } from "@convlens/tensor";
import { damaged, formatProgress, readProgress, type Progress } from "./progress.ts";

/** Parts of a checkpoint, in the order of the file. */
const parts = ["model", "optimizer", "best", "average", "gradient"] as const satisfies readonly (keyof Sections)[];
type Part = keyof Sections;

/** Tensors under their names. */
type Tensors = ReadonlyMap<string, StoredTensor>;

/**
 * The tensors of a checkpoint: weights of the model, state of the optimizer, best weights so far, moving averages of the
 * parameters, and accumulated gradients. A part that is not used is empty.
 */
export type Sections = Readonly<
  Record<"model" | "optimizer" | "best" | "average" | "gradient", ReadonlyMap<string, StoredTensor>>
>;

/** Content of a checkpoint's file. */
export interface Checkpoint {
  readonly weights: ReadonlyMap<string, StoredTensor>;
  readonly optimizer: ReadonlyMap<string, StoredTensor>;
  /** Best weights so far, if they are kept. */
  readonly best: ReadonlyMap<string, StoredTensor> | undefined;
  readonly progress: Progress;
}

const KIND = "convlens-checkpoint-3";

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

/** Writes a safetensors file of the parts, and the state of the loop as JSON. */
export function writeSections(sections: Sections, progress: string): Uint8Array {
  const tensors = new Map(
    parts.flatMap((part) =>
      Array.from(sections[part], ([name, stored]): [string, StoredTensor] => [`${part}.${name}`, stored]),
    ),
  );
  return writeSafetensors(tensors, { kind: KIND, progress, checksum: checksumOf(progress, tensors) });
}

/**
 * Reads what {@link writeSections} wrote.
 *
 * @throws `ValueError` for a file that is damaged or of another kind.
 */
export function readSections(file: Uint8Array): { readonly sections: Sections; readonly progress: string } {
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
  const sections = Object.fromEntries(parts.map((part) => [part, new Map<string, StoredTensor>()])) as Record<
    Part,
    Map<string, StoredTensor>
  >;
  for (const [name, stored] of tensors) {
    const part = parts.find((each) => name.startsWith(`${each}.`));
    if (part === undefined) throw damaged(`"${name}" belongs to no part of it`);
    sections[part].set(name.slice(part.length + 1), stored);
  }
  if (checksum !== checksumOf(progress, tensors)) throw damaged("its checksum does not fit its content");
  return { sections, progress };
}

/** Writes a checkpoint of {@link fit}. */
export const writeCheckpoint = (sections: Sections, progress: Progress): Uint8Array =>
  writeSections(sections, formatProgress(progress));

/**
 * Reads the parts of a checkpoint, and the progress of the loop.
 *
 * @throws `ValueError` for a file that is damaged or not a checkpoint.
 */
export function readTraining(file: Uint8Array): { readonly sections: Sections; readonly progress: Progress } {
  const { sections, progress } = readSections(file);
  return { sections, progress: readProgress(progress) };
}

/**
 * Reads a checkpoint that `fit(…).checkpoint()` returned.
 *
 * @throws `ValueError` for a file that is damaged or not a checkpoint.
 */
export function readCheckpoint(file: Uint8Array): Checkpoint {
  const { sections, progress } = readTraining(file);
  const { model, optimizer, best } = sections;
  return { weights: model, optimizer, best: best.size === 0 ? undefined : best, progress };
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
 * Checks that the parts of a checkpoint belong to a model and to what training keeps for it.
 *
 * @throws `ValueError` for a name or shape that differs.
 */
export function checkMatches(
  model: object,
  sections: Sections,
  kept: Readonly<Record<"optimizer" | "average" | "gradient", ReadonlyMap<string, Variable>>>,
): void {
  const found = variables(model);
  checkSame("model", found, sections.model);
  if (sections.best.size > 0) checkSame("model", found, sections.best);
  checkSame("optimizer", kept.optimizer, sections.optimizer);
  checkSame("option ema", kept.average, sections.average);
  checkSame("option accumulate", kept.gradient, sections.gradient);
}
