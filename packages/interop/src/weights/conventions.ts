/** Libraries whose weights are read and written. */
export type WeightSource = "pytorch" | "keras" | "flax";

/** How a library names and orders the weights of a layer. */
export interface Convention {
  /** Names of a variable there, by its field here. */
  readonly names: Readonly<Record<string, readonly string[]>>;
  /** Names of tensors that say nothing about the model. */
  readonly ignored: readonly string[];
  /** Whether filters and dense weights have their outputs first: `[filters, channels, …]`, `[units, inputs]`. */
  readonly outputsFirst: boolean;
  /** The layer and the name of a variable in the name of a tensor. */
  readonly split: (name: string) => readonly [layer: string, variable: string];
}

/** Splits a name at its last dot or slash. */
const splitLast = (name: string): readonly [string, string] => {
  const at = Math.max(name.lastIndexOf("."), name.lastIndexOf("/"));
  return at < 0 ? ["", name] : [name.slice(0, at), name.slice(at + 1)];
};

export const conventions: Readonly<Record<WeightSource, Convention>> = {
  pytorch: {
    names: {
      filters: ["weight"],
      weights: ["weight"],
      bias: ["bias"],
      scale: ["weight"],
      shift: ["bias"],
      mean: ["running_mean"],
      variance: ["running_var"],
      negativeSlope: ["weight"],
    },
    ignored: ["num_batches_tracked"],
    outputsFirst: true,
    split: splitLast,
  },
  keras: {
    names: {
      filters: ["kernel", "depthwise_kernel"],
      weights: ["kernel"],
      bias: ["bias"],
      scale: ["gamma"],
      shift: ["beta"],
      mean: ["moving_mean"],
      variance: ["moving_variance"],
      negativeSlope: ["alpha"],
    },
    ignored: [],
    outputsFirst: false,
    // Keras 2 ends names in ":0".
    split: (name) => splitLast(name.replace(/:\d+$/, "")),
  },
  flax: {
    names: {
      filters: ["kernel"],
      weights: ["kernel"],
      bias: ["bias"],
      scale: ["scale"],
      shift: ["bias"],
      mean: ["mean"],
      variance: ["var"],
      negativeSlope: ["negative_slope"],
    },
    ignored: [],
    outputsFirst: false,
    // Parameters and statistics of one layer are in two collections.
    split: (name) => splitLast(name.replace(/^(params|batch_stats)[./]/, "")),
  },
};
