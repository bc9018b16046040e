import type { Sequential } from "@convlens/layers";
import { modelOf, openingRecipe } from "./recipe.ts";

/** A net and its start. Together with data and settings it determines all weights. */
export interface LearningRecipe {
  /** Filters of the first convolution; the second has twice as many. */
  readonly filters: number;
  /** Seed of the initial weights and the order of examples. */
  readonly seed: number;
  /** Batch size. */
  readonly batchSize: number;
}

/** Names of the optimizers. */
export const optimizerNames = ["adam", "momentum", "sgd"] as const;
/** One of them. */
export type OptimizerName = (typeof optimizerNames)[number];

/** Optimizer and learning rate from a step on. */
export interface LearningChange {
  /** First step with these settings. */
  readonly step: number;
  readonly optimizer: OptimizerName;
  readonly rate: number;
}

/** The settings at step 0, and their later changes, in order. */
export type Changes = readonly [LearningChange, ...LearningChange[]];

/** The settings at a step. */
export const settingsAt = ([first, ...later]: Changes, step: number): LearningChange =>
  later.findLast((change) => change.step <= step) ?? first;

/** The architecture of the pretrained net with another size: `[n, 28, 28, 1] → [n, classes]`. */
export const learningNet = (filters: number, classes: number): Sequential =>
  modelOf({ ...openingRecipe, filters: [filters, 2 * filters] }, classes);
