import {
  booleanOption,
  checkOptions,
  checkValue,
  numberAbove,
  Random,
  seedOption,
  ValueError,
  wholeFrom,
} from "@convlens/backend";
import { subset, type SizedDataset, type TrainAndTest } from "./dataset.ts";

/** Options of {@link split}. */
export interface SplitOptions {
  /** Share of the examples in the test part, above 0 and below 1. */
  readonly test: number;
  /** Decides which examples go to the test part, and the order of both parts. Default: 0. */
  readonly seed?: number;
  /**
   * Whether both parts hold each class in the same share, as far as whole examples allow. Needs classes. Default: true where
   * targets are classes.
   */
  readonly stratify?: boolean;
}

const checkShare = numberAbove(0, 1);

/**
 * Splits a data set into two parts without a common example, both in random order. A class never goes to the test part whole
 * if it is stratified: a class of one example stays in the training part.
 *
 * @throws `ValueError` for an option that is unknown or wrong, or where the test part would be empty.
 *
 * @example
 * ```ts
 * const { train, test } = split(digits, { test: 0.2, seed: 1 });
 * ```
 */
export function split<D extends SizedDataset<unknown, unknown>>(from: D, options: SplitOptions): TrainAndTest<D> {
  checkOptions("split", options, { test: checkShare, seed: seedOption, stratify: booleanOption });
  checkValue("split", "test", options.test, checkShare);
  const { test: share, seed = 0, stratify = from.labels !== undefined } = options;
  const order = new Random(seed).split("split").permutation(from.size);
  const isTest = new Uint8Array(from.size);
  // One count over all groups, one after the other: each gives its share to within one example, and so do all together.
  let seen = 0;
  let tested = 0;
  for (const group of stratify ? byClass("split", from, order) : [order]) {
    if (stratify && group.length === 1) continue;
    let left = group.length;
    for (const index of group) {
      // A product such as 100 · 0.29 is a little less than the whole number it stands for.
      if (Math.floor(++seen * share + 1e-9) <= tested || left === 1) continue;
      isTest[index] = 1;
      tested++;
      left--;
    }
  }
  if (tested === 0)
    throw new ValueError({
      operation: "split",
      problem: `a test share of ${share} of ${seen} examples in classes of two or more is less than one example`,
      fix: "use a larger share or more examples",
    });
  const part = (wanted: number): D =>
    subset(
      from,
      order.filter((index) => isTest[index] === wanted),
    );
  return { train: part(0), test: part(1) };
}

/** Options of {@link kFolds}. */
export interface FoldsOptions {
  /** Number of folds, at least 2. */
  readonly folds: number;
  /** Decides which examples go to which fold, and their order. Default: 0. */
  readonly seed?: number;
  /** Whether all folds hold each class in the same share. Default: true where targets are classes. */
  readonly stratify?: boolean;
}

/**
 * Splits a data set for cross-validation: in each of `folds` splits another part is the test part, and each example is tested on
 * once. The sizes of the parts differ by one example at most.
 *
 * @throws `ValueError` for an option that is unknown or wrong, or more folds than examples.
 *
 * @example
 * ```ts
 * for (const { train, test } of kFolds(digits, { folds: 5, seed: 1 })) {
 *   const net = sequential([new Flatten(), new Dense({ units: 10 })]);
 *   await fit(net, train, { validation: test });
 * }
 * ```
 */
export function kFolds<D extends SizedDataset<unknown, unknown>>(from: D, options: FoldsOptions): TrainAndTest<D>[] {
  checkOptions("kFolds", options, { folds: wholeFrom(2), seed: seedOption, stratify: booleanOption });
  checkValue("kFolds", "folds", options.folds, wholeFrom(2, from.size));
  const { folds, seed = 0, stratify = from.labels !== undefined } = options;
  const order = new Random(seed).split("split").permutation(from.size);
  // Dealt out class by class, each where the last one stopped.
  const dealt = (stratify ? byClass("kFolds", from, order) : [Array.from(order)]).flat();
  const foldOf = new Uint32Array(from.size);
  for (const [i, index] of dealt.entries()) foldOf[index] = i % folds;
  return Array.from({ length: folds }, (_, fold) => ({
    train: subset(
      from,
      order.filter((index) => foldOf[index] !== fold),
    ),
    test: subset(
      from,
      order.filter((index) => foldOf[index] === fold),
    ),
  }));
}

/** The examples of each class, in the given order; classes in the order of their labels. */
function byClass(operation: string, { labels }: SizedDataset<unknown, unknown>, order: Uint32Array): number[][] {
  if (labels === undefined)
    throw new ValueError({
      operation,
      problem: "stratify needs classes, and the targets of this data set are none",
      fix: "make it with classification(…), or pass stratify: false",
    });
  const groups = new Map<number, number[]>();
  for (const index of order) {
    const label = labels[index]!;
    const group = groups.get(label);
    if (group === undefined) groups.set(label, [index]);
    else group.push(index);
  }
  return [...groups].sort(([a], [b]) => a - b).map(([, group]) => group);
}
