import { fromPattern, type Sequential } from "@convlens/layers";

/** Description of a net, which is stored with its weights. */
export interface Recipe {
  /** In the notation of CS231n. */
  readonly pattern: string;
  /** Filters of each convolution. */
  readonly filters: readonly number[];
  /** Height and width of their windows. */
  readonly kernelSize: number;
  /** Shape of one example: `[height, width, channels]`. */
  readonly inputShape: readonly number[];
  /** Names of the classes. */
  readonly classes: readonly string[];
}

/** The pretrained net. */
export const openingRecipe: Recipe = {
  pattern: "INPUT -> [CONV -> RELU -> POOL]*2 -> FC",
  filters: [8, 16],
  kernelSize: 5,
  inputShape: [28, 28, 1],
  classes: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
};

/** The model of a recipe, without parameters. */
export const modelOf = (
  { pattern, filters, kernelSize, classes: names }: Recipe,
  classes: number = names.length,
): Sequential => fromPattern(pattern, { filters: (n) => filters[n] ?? filters.at(-1)!, kernelSize, classes });
