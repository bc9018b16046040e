import { checkOptions, checkValue, Random, seedOption, ValueError, wholeFrom } from "@convlens/backend";
import { subset, type Dataset } from "./dataset.ts";

/** Options of {@link split}. */
export interface SplitOptions {
  /** Decides which examples go to the test part, and the order of both parts. Default: 0. */
  readonly seed?: number;
}

/**
 * Two parts without a common example: of every `every` examples of a class, one that the seed picks goes to the test part.
 * Both are in random order, and hold each class in the same share, as far as whole examples allow. A class of a single example
 * stays in the training part.
 *
 * @param every - A whole number of at least 2.
 * @throws `ValueError` where there are too few examples for a test part.
 *
 * @example
 * ```ts
 * const { train, test } = split(digits, 5, { seed: 1 }); // 80 % and 20 %
 * ```
 */
export function split(
  from: Dataset,
  every: number,
  options: SplitOptions = {},
): { readonly train: Dataset; readonly test: Dataset } {
  checkValue("split", "every", every, wholeFrom(2));
  checkOptions("split", options, { seed: seedOption });
  const order = new Random(options.seed ?? 0).split("split").permutation(from.size);
  const byClass = new Map<number, number[]>();
  for (const index of order) {
    const label = from.labels[index]!;
    const found = byClass.get(label);
    if (found === undefined) byClass.set(label, [index]);
    else found.push(index);
  }
  // One count over all classes, one after the other: so each gives its share to within one example, and all together too.
  const tested = new Uint8Array(from.size);
  let count = 0;
  for (const [, indices] of [...byClass].sort(([a], [b]) => a - b))
    if (indices.length > 1) for (const index of indices) if (++count % every === 0) tested[index] = 1;
  if (count < every)
    throw new ValueError(
      `split: one example of ${every} needs at least ${every} in classes of two or more, got ${count}; split by a smaller number`,
      { operation: "split", expected: `at least ${every}`, got: count, fix: "a smaller number" },
    );
  return {
    train: subset(
      from,
      order.filter((index) => tested[index] === 0),
    ),
    test: subset(
      from,
      order.filter((index) => tested[index] === 1),
    ),
  };
}
