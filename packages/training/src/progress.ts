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
} from "@convlens/backend";
import { batchCount } from "@convlens/datasets";
import type { EpochRecord } from "./records.ts";

/** State of training, apart from the values of variables. */
export interface Progress {
  /** Seed of order, augmentation and dropout. */
  readonly seed: number;
  readonly batchSize: number;
  /** Number of examples, to recognize another data set. */
  readonly examples: number;
  epoch: number;
  /** Number of batches done in this epoch. */
  batch: number;
  step: number;
  /** Sums over the batches of this epoch, each times its size as a share of `batchSize`. */
  lossSum: number;
  accuracySum: number;
  history: EpochRecord[];
}

const whole = wholeFrom(0);

const isRecord = objectField<EpochRecord>({
  kind: oneOf("epoch"),
  epoch: whole,
  step: whole,
  loss: numberField,
  accuracy: optionalField(numberField),
  testLoss: optionalField(numberField),
  testAccuracy: optionalField(numberField),
  imagesPerSecond: numberField,
  stopped: booleanOption,
});

const isProgress = objectField<Progress>({
  seed: seedOption,
  batchSize: wholeFrom(1),
  examples: wholeFrom(1),
  epoch: whole,
  batch: whole,
  step: whole,
  // Training may go on after NaN and infinity.
  lossSum: numberField,
  accuracySum: numberField,
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

/** Progress as JSON. */
export const formatProgress = (progress: Progress): string =>
  JSON.stringify(progress, (_, x: unknown) => (typeof x === "number" && !Number.isFinite(x) ? { number: `${x}` } : x));

function parse(text: string): unknown {
  try {
    return JSON.parse(text, (_, x: unknown) => {
      const name = (x as { number?: unknown } | null)?.number;
      return typeof name === "string" && Object.hasOwn(numbers, name) ? numbers[name] : x;
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
  const { batchSize, examples, epoch, batch, step, lossSum, accuracySum, history } = progress;
  const count = batchCount(examples, batchSize);
  if (batch > count || step !== epoch * count + batch)
    throw damaged(`step ${step} is not batch ${batch} of ${count} in epoch ${epoch}`);
  if (batch === 0 && (lossSum !== 0 || accuracySum !== 0)) throw damaged("it has sums over no batches");
  if (history.length !== epoch) throw damaged(`its history has ${history.length} epochs, its progress ${epoch}`);
  for (const [i, record] of history.entries()) {
    if (record.epoch !== i || record.step !== (i + 1) * count || (record.stopped && step !== record.step))
      throw damaged(`epoch ${i} in its history does not fit the others`);
  }
  return progress;
}
