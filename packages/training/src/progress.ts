import {
  arrayField,
  booleanOption,
  numberField,
  objectField,
  oneOf,
  optionalField,
  seedOption,
  ValueError,
  wholeFrom,
  wrongField,
  type OptionCheck,
} from "@convlens/backend";
import type { Position } from "@convlens/datasets";
import type { EpochRecord } from "./records.ts";
import type { TrainingSums } from "./measured.ts";

/** State of a loop of training, apart from the values of variables. */
export interface Progress {
  /** Seed of order, augmentation and dropout. */
  readonly seed: number;
  readonly batchSize: number;
  /** Number of examples, to recognize another data set; `null` for a stream. */
  readonly examples: number | null;
  /** Number of batches of an epoch; `null` for a stream whose length is not known. */
  readonly batchesPerEpoch: number | null;
  /** Batches for one update. */
  readonly accumulate: number;
  epoch: number;
  /** Number of batches done in this epoch. */
  batch: number;
  /** Number of updates. */
  step: number;
  /** Number of batches of all epochs. */
  batches: number;
  /** Position in the data of this epoch. */
  place: Position;
  /** Sums over the batches of this epoch; `null` before the first. */
  sums: TrainingSums | null;
  history: EpochRecord<Readonly<Record<string, unknown>>>[];
}

const whole = wholeFrom(0);

const isObject: OptionCheck = (x) =>
  typeof x === "object" && x !== null && !Array.isArray(x) ? undefined : "an object";

/** Accepts objects whose values all pass a check. */
const recordField =
  (check: OptionCheck): OptionCheck =>
  (x) => {
    if (isObject(x) !== undefined) return "an object";
    const wrong = Object.entries(x as object).find(([, value]) => check(value) !== undefined);
    return wrong === undefined ? undefined : `.${wrong[0]} is not ${check(wrong[1])}`;
  };

const isRecord = objectField<EpochRecord>({
  kind: oneOf("epoch"),
  epoch: whole,
  step: whole,
  loss: numberField,
  metrics: isObject,
  validation: optionalField(objectField({ loss: numberField, metrics: isObject })),
  examplesPerSecond: numberField,
  stopped: booleanOption,
});

const isSums = objectField<TrainingSums>({
  // Training may go on after NaN and infinity.
  loss: numberField,
  weight: numberField,
  metrics: recordField(recordField((x) => (x instanceof Float64Array ? undefined : "an array of numbers"))),
});

const isProgress = objectField<Progress>({
  seed: seedOption,
  batchSize: wholeFrom(1),
  examples: (x) => (x === null ? undefined : wholeFrom(1)(x)),
  batchesPerEpoch: (x) => (x === null ? undefined : wholeFrom(1)(x)),
  accumulate: wholeFrom(1),
  epoch: whole,
  batch: whole,
  step: whole,
  batches: whole,
  place: (x) => (x === undefined ? "a place" : undefined),
  sums: (x) => (x === null ? undefined : isSums(x)),
  history: arrayField(isRecord),
});

/** Error for a checkpoint that `fit` cannot have written. */
export const damaged = (what: string, cause?: unknown): ValueError =>
  new ValueError({
    operation: "readCheckpoint",
    problem: `the file is damaged: ${what}`,
    fix: "resume from another checkpoint",
    cause,
  });

/** Numbers that JSON does not have, by the names that {@link formatProgress} writes. */
const numbers: Readonly<Record<string, number>> = { NaN, Infinity, "-Infinity": -Infinity };

/** Progress as JSON. Numbers keep all their bits. */
export const formatProgress = (progress: Progress): string =>
  JSON.stringify(progress, (_, x: unknown) =>
    typeof x === "number" && !Number.isFinite(x)
      ? { number: `${x}` }
      : x instanceof Float64Array
        ? { float64: Array.from(x) }
        : x,
  );

function parse(text: string): unknown {
  try {
    return JSON.parse(text, (_, x: unknown) => {
      const { number, float64 } = (x ?? {}) as { readonly number?: unknown; readonly float64?: unknown };
      if (typeof number === "string" && Object.hasOwn(numbers, number)) return numbers[number];
      if (Array.isArray(float64) && float64.every((value) => typeof value === "number"))
        return Float64Array.from(float64);
      return x;
    });
  } catch (cause) {
    // Text that is not JSON, or nested so deep that the stack overflows.
    throw damaged("its progress is not JSON", cause);
  }
}

/**
 * Reads progress from JSON.
 *
 * @throws `ValueError` for a field that is missing, of another type, or in contradiction to another field.
 */
export function readProgress(text: string): Progress {
  const progress = parse(text) as Progress;
  const wrong = wrongField("progress", progress, isProgress);
  if (wrong !== undefined) throw damaged(wrong);
  const { batchesPerEpoch: count, accumulate, epoch, batch, step, batches, sums, history } = progress;
  if (step !== Math.floor(batches / accumulate)) throw damaged(`step ${step} does not fit ${batches} batches`);
  if (count !== null && (batch > count || batches !== epoch * count + batch))
    throw damaged(`batch ${batches} is not batch ${batch} of ${count} in epoch ${epoch}`);
  if (batch > batches) throw damaged(`batch ${batch} of epoch ${epoch} is not among ${batches} batches`);
  if (batch === 0 && sums !== null) throw damaged("it has sums over no batches");
  if (batch > 0 && sums === null) throw damaged("it has no sums over its batches");
  if (progress.examples !== null && progress.place !== batch)
    throw damaged(`place ${JSON.stringify(progress.place)} is not that after batch ${batch}`);
  if (history.length !== epoch) throw damaged(`its history has ${history.length} epochs, its progress ${epoch}`);
  let last = 0;
  for (const [i, record] of history.entries()) {
    const isRight =
      record.epoch === i &&
      record.step >= last &&
      record.step <= step &&
      (count === null || record.step === Math.floor(((i + 1) * count) / accumulate)) &&
      !(record.stopped && step !== record.step);
    if (!isRight) throw damaged(`epoch ${i} in its history does not fit the others`);
    last = record.step;
  }
  return progress;
}
