import type { Sequential } from "@convlens/layers";
import { modelOf, openingRecipe } from "./recipe.ts";

/** What a net is, and how it begins: with the data and the settings, all that decides its weights. */
export interface LearningRecipe {
  /** Filters of the first convolution; the second has twice as many. */
  readonly filters: number;
  /** Decides first weights and the order of examples. */
  readonly seed: number;
  /** Examples in a step. */
  readonly batchSize: number;
}

/** How filters are corrected. */
export const optimizerNames = ["adam", "momentum", "sgd"] as const;
/** One of them. */
export type OptimizerName = (typeof optimizerNames)[number];

/** From a step on: by which optimizer, and how far. */
export interface LearningChange {
  /** Steps done when it begins to hold. */
  readonly step: number;
  readonly optimizer: OptimizerName;
  readonly rate: number;
}

/** What holds after so many steps. The first change is at step 0, and they are in order. */
export const settingsAt = (changes: readonly LearningChange[], step: number): LearningChange =>
  changes.findLast((change) => change.step <= step) ?? changes[0]!;

/** The net that the page opens with, of another size: `[n, 28, 28, 1] → [n, classes]`. */
export const learningNet = (filters: number, classes: number): Sequential =>
  modelOf({ ...openingRecipe, filters: [filters, 2 * filters] }, classes);
