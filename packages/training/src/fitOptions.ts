import {
  checkOptions,
  checkValue,
  functionOption,
  numberAbove,
  numberFrom,
  oneOf,
  wholeFrom,
  booleanOption,
  type OptionCheck,
  type OptionChecks,
} from "@convlens/backend";
import { datasetOption, isDataset, type Augmentation, type Dataset } from "@convlens/datasets";
import { layerOption } from "@convlens/layers";
import type { Tensor } from "@convlens/tensor";
import type { Checkpoint } from "./checkpoint.ts";
import { checkClip } from "./clip.ts";
import { earlyStoppingOption, checkEarlyStopping, type EarlyStopping } from "./earlyStopping.ts";
import { checkGroups } from "./groups.ts";
import type { Loss } from "./loss.ts";
import { trainerChecks, type TrainerOptions } from "./trainerOptions.ts";

/** Option `checkpoints` of {@link fit}. */
export interface CheckpointOptions {
  /** Keeps a checkpoint, for example the file that `writeCheckpoint` makes of it; training goes on when it has ended. */
  readonly write: (
    checkpoint: Checkpoint,
    at: { readonly epoch: number; readonly step: number },
  ) => void | Promise<void>;
  /** Number of epochs between two checkpoints. Default: 1, if there is no other interval. */
  readonly everyEpochs?: number | undefined;
  /** Number of steps between two checkpoints. */
  readonly everySteps?: number | undefined;
  /** Number of seconds between two checkpoints. */
  readonly everySeconds?: number | undefined;
}

/** Options of {@link fit}, beside those of a {@link Trainer}. */
export interface FitOptions<Input = Tensor, Output = Tensor, Target = Tensor, M = undefined> extends Omit<
  TrainerOptions<Output, Target, M>,
  "loss"
> {
  /** Compares outputs with targets. Default: `crossEntropy`. */
  readonly loss?: Loss<Output, Target> | undefined;
  /** Number of passes over the data, at least 1. Default: 1. */
  readonly epochs?: number | undefined;
  /** Examples in a step. The last batch of an epoch holds those that are left. Default: 32. */
  readonly batchSize?: number | undefined;
  /** Seed of initial weights, order of the data, augmentation and dropout. Default: 0. */
  readonly seed?: number | undefined;
  /** Whether examples of a data set of known size are in random order. Default: true. */
  readonly shuffle?: boolean | undefined;
  /** Augmentation of the training examples. */
  readonly augment?: Augmentation | undefined;
  /** Data on which the model is evaluated after each epoch, or the share of the data to set apart for it, such as 0.2. */
  readonly validation?: Dataset<Input, Target> | number | undefined;
  /** Largest number of batches in an epoch. An endless stream needs it, and a schedule over a stream, too. */
  readonly stepsPerEpoch?: number | undefined;
  /** Number of batches made ahead, for data that comes from files or workers. Default: 0. */
  readonly prefetch?: number | undefined;
  /** Early stopping. Default: none. */
  readonly earlyStopping?: EarlyStopping | undefined;
  /** Checkpoints during training. Default: none. */
  readonly checkpoints?: CheckpointOptions | undefined;
  /** Aborts between two steps. */
  readonly signal?: AbortSignal | undefined;
  /** Checkpoint to resume from, with the same data and options. */
  readonly resume?: Checkpoint | undefined;
  /** What to do if the loss is NaN or infinite. Default: `"error"`. */
  readonly onNaN?: "error" | "continue" | undefined;
}

const fieldsOption =
  (what: string, ...fields: readonly string[]): OptionCheck =>
  (value) =>
    typeof value === "object" && value !== null && fields.every((field) => field in value) ? undefined : what;

/** @throws `ValueError` if the model is not a layer or the data not a data set. */
export function checkSubject(owner: string, model: unknown, data: unknown): void {
  checkValue(owner, "the model", model, layerOption);
  checkValue(owner, "the data", data, datasetOption);
}

/** @throws `ValueError` for an option that is unknown or wrong. */
export function checkFitOptions(options: object): void {
  const checks = {
    ...trainerChecks,
    epochs: wholeFrom(1),
    batchSize: wholeFrom(1),
    shuffle: booleanOption,
    augment: functionOption,
    validation: (value) =>
      isDataset(value) || numberAbove(0)(value) === undefined
        ? typeof value === "number" && value >= 1
          ? "a share below 1"
          : undefined
        : "a data set, or a share of the data above 0 and below 1",
    stepsPerEpoch: wholeFrom(1),
    prefetch: wholeFrom(0, 64),
    earlyStopping: earlyStoppingOption,
    checkpoints: fieldsOption("an object { write, everyEpochs, everySteps, everySeconds }", "write"),
    signal: fieldsOption("an AbortSignal", "aborted"),
    resume: fieldsOption("a checkpoint, as readCheckpoint reads it from its file", "model", "optimizer", "progress"),
    onNaN: oneOf("error", "continue"),
  } satisfies OptionChecks<FitOptions>;
  checkOptions("fit", options as FitOptions, checks);
  const { clip, groups, earlyStopping, checkpoints } = options as FitOptions;
  if (clip !== undefined) checkClip("fit: clip", clip);
  if (groups !== undefined) checkGroups(groups);
  if (earlyStopping !== undefined) checkEarlyStopping(earlyStopping);
  if (checkpoints !== undefined)
    checkOptions("fit: checkpoints", checkpoints, {
      write: functionOption,
      everyEpochs: wholeFrom(1),
      everySteps: wholeFrom(1),
      everySeconds: numberFrom(0),
    });
}
