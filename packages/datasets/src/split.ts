import {
  booleanOption,
  checkOptions,
  checkValue,
  numberAbove,
  Random,
  seedOption,
  ValueError,
} from "@convlens/backend";
import { subset, type Dataset } from "./dataset.ts";
import type { TrainAndTest } from "./mnist.ts";

/** Options of {@link split}. */
export interface SplitOptions {
  /** Share of the examples in the test part, above 0 and below 1. */
  readonly test: number;
  /** Decides which examples go to the test part, and the order of both parts. Default: 0. */
  readonly seed?: number;
  /** Whether both parts hold each class in the same share, as far as whole examples allow. Default: true. */
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
export function split(from: Dataset, options: SplitOptions): TrainAndTest {
  checkOptions("split", options, { test: checkShare, seed: seedOption, stratify: booleanOption });
  checkValue("split", "test", options.test, checkShare);
  const { test: share, seed = 0, stratify = true } = options;
  const order = new Random(seed).split("split").permutation(from.size);
  const isTest = new Uint8Array(from.size);
  // One count over all groups, one after the other: each gives its share to within one example, and so do all together.
  let seen = 0;
  let tested = 0;
  for (const group of stratify ? byClass(from, order) : [order]) {
    if (group.length === 1) continue;
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
  const part = (wanted: number): Dataset =>
    subset(
      from,
      order.filter((index) => isTest[index] === wanted),
    );
  return { train: part(0), test: part(1) };
}

/** The examples of each class, in the given order; classes in the order of their labels. */
function byClass({ labels }: Dataset, order: Uint32Array): number[][] {
  const groups = new Map<number, number[]>();
  for (const index of order) {
    const label = labels[index]!;
    const group = groups.get(label);
    if (group === undefined) groups.set(label, [index]);
    else group.push(index);
  }
  return [...groups].sort(([a], [b]) => a - b).map(([, group]) => group);
}
