import {
  booleanOption,
  checkOptions,
  functionOption,
  oneOf,
  Random,
  seedOption,
  sizeOf,
  ValueError,
  wholeFrom,
  type OptionChecks,
} from "@convlens/backend";
import { tensor, type Tensor } from "@convlens/tensor";
import type { Augmentation } from "./augmentation.ts";
import type { Dataset } from "./dataset.ts";

/** A batch of examples. */
export interface Batch {
  /** Inputs `[n, …shape]`. */
  readonly inputs: Tensor;
  /** Labels `[n]`. */
  readonly labels: Tensor;
  /** Indices of the examples in the data set. */
  readonly indices: Uint32Array;
  /** Number of the batch in the epoch, from 0. */
  readonly batch: number;
}

/** Options of {@link batches}. */
export interface BatchesOptions {
  /** Examples in a batch. Default: 32. */
  readonly size?: number;
  /** Whether examples are in random order. Default: false. */
  readonly shuffle?: boolean;
  /** Seed of order and augmentation, together with the epoch. Default: 0. */
  readonly seed?: number;
  /** Number of the pass over the data. Default: 0. */
  readonly epoch?: number;
  /** Number of the first batch, to resume within an epoch. Default: 0. */
  readonly start?: number;
  /** Whether a last, smaller batch is kept or dropped. Default: `"keep"`. */
  readonly last?: "keep" | "drop";
  /** Augmentation of each example; its random numbers depend only on seed, epoch and example. */
  readonly augment?: Augmentation | undefined;
}

/** Number of batches of an epoch. */
export const batchCount = (size: number, batchSize: number, last: "keep" | "drop" = "keep"): number =>
  last === "keep" ? Math.ceil(size / batchSize) : Math.floor(size / batchSize);

const checks: OptionChecks<BatchesOptions> = {
  size: wholeFrom(1),
  shuffle: booleanOption,
  seed: seedOption,
  epoch: wholeFrom(0, 0xffffffff),
  start: wholeFrom(0),
  last: oneOf("keep", "drop"),
  augment: functionOption,
};

/** @throws `ValueError` for an invalid result of an augmentation. */
function checkAugmented(got: unknown, size: number): Float32Array {
  if (got instanceof Float32Array && got.length === size) return got;
  const what =
    got instanceof Promise
      ? "a promise (the function must not be async)"
      : got instanceof Float32Array
        ? `${got.length} numbers`
        : got === null || got === undefined
          ? `${got}`
          : (got.constructor?.name ?? typeof got);
  throw new ValueError({
    operation: "augment",
    expected: `a Float32Array of ${size} numbers for each example`,
    got,
    gotWords: what,
  });
}

/**
 * Yields the batches of one epoch. The same options give the same batches, whatever `start` is.
 *
 * @example
 * ```ts
 * for (const { inputs, labels } of batches(data, { size: 64, shuffle: true, seed: 1 })) …
 * ```
 */
export function* batches(data: Dataset, options: BatchesOptions = {}): Generator<Batch> {
  checkOptions("batches", options, checks);
  const { size = 32, shuffle = false, seed = 0, epoch = 0, start = 0, last = "keep", augment } = options;
  const random = new Random(seed).split("data").split(epoch);
  const order = shuffle
    ? random.split("order").permutation(data.size)
    : Uint32Array.from({ length: data.size }, (_, i) => i);
  const one = sizeOf(data.shape);
  const count = batchCount(data.size, size, last);
  for (let batch = start; batch < count; batch++) {
    const indices = order.subarray(batch * size, Math.min(data.size, (batch + 1) * size));
    const inputs = new Float32Array(indices.length * one);
    indices.forEach((index, i) => {
      const example = Float32Array.from(
        data.inputs.subarray(index * one, (index + 1) * one),
        (value) => value * data.scale,
      );
      const changed = augment?.(example, data.shape, random.split("augment").split(index));
      inputs.set(augment === undefined ? example : checkAugmented(changed, one), i * one);
    });
    const labels = Float32Array.from(indices, (index) => data.labels[index]!);
    yield {
      inputs: tensor(inputs, [indices.length, ...data.shape]),
      labels: tensor(labels),
      indices: indices.slice(),
      batch,
    };
  }
}
