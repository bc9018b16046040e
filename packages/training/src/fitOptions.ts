import {
  booleanOption,
  checkOptions,
  checkValue,
  functionOption,
  numberFrom,
  oneOf,
  seedOption,
  wholeFrom,
  type OptionCheck,
} from "@convlens/backend";
import type { Augmentation, Dataset } from "@convlens/datasets";
import { layerOption, type Layer } from "@convlens/layers";
import { checkClip, type ClipOptions } from "./clip.ts";
import type { EarlyStopping } from "./earlyStopping.ts";
import { checkGroups, groupsOption, type ParameterGroup } from "./groups.ts";
import type { Loss } from "./losses.ts";
import { optimizerOption, type Optimizer } from "./optimizer.ts";

/** Options of {@link fit}. */
export interface FitOptions {
  /** Number of passes over the data, at least 1. Default: 1. */
  readonly epochs?: number;
  /** Examples in a step. The last batch of an epoch holds those that are left. Default: 32. */
  readonly batchSize?: number;
  /**
   * Updates the parameters, with its learning rate. Each run starts with a fresh copy, which has kept nothing of other runs.
   * Default: `adam()`, with a learning rate of 1e-3.
   */
  readonly optimizer?: Optimizer;
  /** Scalar loss of outputs and targets. Default: `crossEntropy`. */
  readonly loss?: Loss;
  /** Seed of initial weights, order of the data, augmentation and dropout. Default: 0. */
  readonly seed?: number;
  /** Augmentation of the training examples. */
  readonly augment?: Augmentation;
  /** Test set, of the same shape, on which the model is evaluated after each epoch. */
  readonly test?: Dataset;
  /** Limits on the gradients. */
  readonly clip?: ClipOptions;
  /** Parameters that have learning rates of their own or are frozen. */
  readonly groups?: readonly ParameterGroup[];
  /** Early stopping. Default: none. */
  readonly earlyStopping?: EarlyStopping;
  /** Aborts between two steps. */
  readonly signal?: AbortSignal;
  /** Checkpoint to resume from, with the same data and options. */
  readonly resume?: Uint8Array | undefined;
  /** Whether to measure how far the parameters move. Default: true. */
  readonly diagnostics?: boolean;
  /** What to do if the loss is NaN or infinite. Default: `"error"`. */
  readonly onNaN?: "error" | "continue";
}

const objectOption =
  (what: string, ...fields: readonly string[]): OptionCheck =>
  (value) =>
    typeof value === "object" && value !== null && fields.every((field) => field in value) ? undefined : what;

const datasetOption = /* @__PURE__ */ objectOption("a data set", "shape", "inputs", "labels");

/** @throws `ValueError` if the model is not a layer or the data not a data set. */
export function checkSubject(owner: string, model: Layer, data: Dataset): void {
  checkValue(owner, "the model", model, layerOption);
  checkValue(owner, "the data", data, datasetOption);
}

/** @throws `ValueError` for an option that is unknown or wrong. */
export function checkFitOptions(options: FitOptions): void {
  checkOptions("fit", options, {
    epochs: wholeFrom(1),
    batchSize: wholeFrom(1),
    optimizer: optimizerOption,
    loss: functionOption,
    seed: seedOption,
    augment: functionOption,
    test: datasetOption,
    clip: objectOption("an object { value, norm }"),
    groups: groupsOption,
    earlyStopping: objectOption("an object { patience, minimumDelta, restoreBest }"),
    signal: objectOption("an AbortSignal", "aborted"),
    resume: (value) => (value instanceof Uint8Array ? undefined : "a Uint8Array, the bytes of a checkpoint"),
    diagnostics: booleanOption,
    onNaN: oneOf("error", "continue"),
  });
  const { clip, groups, earlyStopping } = options;
  if (clip !== undefined) checkClip("fit: clip", clip);
  if (groups !== undefined) checkGroups(groups);
  if (earlyStopping === undefined) return;
  const owner = "fit: earlyStopping";
  const patience = wholeFrom(0);
  checkOptions(owner, earlyStopping, { patience, minimumDelta: numberFrom(0), restoreBest: booleanOption });
  checkValue(owner, "patience", earlyStopping.patience, patience);
}
