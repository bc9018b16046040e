import { booleanOption, oneOf, ValueError, wholeFrom, type OptionCheck, type OptionChecks } from "@convlens/backend";
import { batchCount } from "@convlens/datasets";
import type { EpochRecord } from "./records.ts";

/** Where training stands, apart from the values of variables. */
export interface Progress {
  /** Decides order, augmentation and dropout. */
  readonly seed: number;
  readonly batchSize: number;
  /** Number of examples in the data, to notice when it is another data set. */
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

// NaN and infinities belong to it: training may go on after them.
const anyNumber: OptionCheck = (value) => (typeof value === "number" ? undefined : "a number");
const orAbsent =
  (check: OptionCheck): OptionCheck =>
  (value) =>
    value === undefined ? undefined : check(value);
const whole = wholeFrom(0);

const progressChecks: OptionChecks<Progress> = {
  seed: wholeFrom(Number.MIN_SAFE_INTEGER),
  batchSize: wholeFrom(1),
  examples: wholeFrom(1),
  epoch: whole,
  batch: whole,
  step: whole,
  lossSum: anyNumber,
  accuracySum: anyNumber,
  history: (value) => (Array.isArray(value) ? undefined : "an array"),
};

const recordChecks: OptionChecks<EpochRecord> = {
  kind: oneOf("epoch"),
  epoch: whole,
  step: whole,
  loss: anyNumber,
  accuracy: anyNumber,
  testLoss: orAbsent(anyNumber),
  testAccuracy: orAbsent(anyNumber),
  imagesPerSecond: anyNumber,
  stopped: booleanOption,
};

/** The error of a checkpoint that cannot have been written by `fit`. */
export const damaged = (what: string, cause?: unknown): ValueError =>
  new ValueError(`checkpoint: the file is damaged: ${what}; resume from another checkpoint`, {
    operation: "readCheckpoint",
    fix: "resume from another checkpoint",
    ...(cause !== undefined && { cause }),
  });

function checkFields<T extends object>(name: string, value: unknown, checks: OptionChecks<T>): T {
  if (typeof value !== "object" || value === null) throw damaged(`${name} is not an object`);
  for (const [field, check] of Object.entries<OptionCheck>(checks)) {
    const found: unknown = Object.hasOwn(value, field) ? (value as Record<string, unknown>)[field] : undefined;
    const expected = check(found);
    if (expected !== undefined) throw damaged(`${field} of ${name} is not ${expected}`);
  }
  return value as T;
}

/** What {@link formatProgress} writes for the numbers that JSON does not have. */
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
 * @throws `ValueError` where a field is missing, of another type, or at odds with another field.
 */
export function readProgress(text: string): Progress {
  const progress = checkFields("its progress", parse(text), progressChecks);
  const { batchSize, examples, epoch, batch, step, lossSum, accuracySum, history } = progress;
  const count = batchCount(examples, batchSize, "drop");
  if (batch > count || step !== epoch * count + batch)
    throw damaged(`step ${step} is not batch ${batch} of ${count} in epoch ${epoch}`);
  if (batch === 0 && (lossSum !== 0 || accuracySum !== 0)) throw damaged("it has sums over no batches");
  if (history.length !== epoch) throw damaged(`its history has ${history.length} epochs, its progress ${epoch}`);
  for (const [i, entry] of history.entries()) {
    const record = checkFields(`epoch ${i} in its history`, entry, recordChecks);
    if (record.epoch !== i || record.step !== (i + 1) * count || (record.stopped && step !== record.step))
      throw damaged(`epoch ${i} in its history does not fit the others`);
  }
  return progress;
}
