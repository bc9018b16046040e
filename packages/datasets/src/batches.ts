import {
  booleanOption,
  checkOptions,
  checkValue,
  functionOption,
  oneOf,
  Random,
  seedOption,
  sizeOf,
  ValueError,
  wholeFrom,
  type OptionChecks,
} from "@convlens/backend";
import { showShapes, tensor, type Tensor } from "@convlens/tensor";
import { applyAugmentation, type Augmentation } from "./augmentation.ts";
import {
  checkIndices,
  isDataset,
  START,
  type Dataset,
  type Pass,
  type Position,
  type SizedDataset,
  type StreamDataset,
} from "./dataset.ts";
import { isNumbers, mapNumbers, numbersIn, partName, writeScaled, type Example, type Numbers } from "./example.ts";

/** A batch of examples. */
export interface Batch<Input = Tensor, Target = Tensor> {
  /** Inputs `[n, …]`. */
  readonly inputs: Input;
  /** Targets `[n, …]`. */
  readonly targets: Target;
  /** Weights `[n]`, if an example has one. */
  readonly weights: Tensor | undefined;
  /** Number of examples. */
  readonly size: number;
  /** Indices of the examples in the data set, or in the source of a stream. */
  readonly indices: Uint32Array;
  /** Position after this batch, to resume from. */
  readonly after: Position;
}

/** Options of {@link batches}. */
export interface BatchesOptions {
  /** Examples in a batch. Default: 32. */
  readonly size?: number;
  /**
   * Whether examples are in random order. A stream must not be: its order is that of the source, or of `shuffle(stream, …)`.
   * Default: false.
   */
  readonly shuffle?: boolean;
  /** Seed of order and random changes, together with the epoch. Default: 0. */
  readonly seed?: number;
  /** Number of the pass over the data. Default: 0. */
  readonly epoch?: number;
  /** Position to resume from: `after` of an earlier batch. Default: the start. */
  readonly from?: Position;
  /** Whether a last, smaller batch is kept or dropped. Default: `"keep"`. */
  readonly last?: "keep" | "drop";
  /** Augmentation of each example; its random numbers depend only on seed, epoch and example. */
  readonly augment?: Augmentation | undefined;
  /**
   * Number of batches that are made ahead of the one in use. It helps where examples wait for files or workers. Default: 0.
   */
  readonly prefetch?: number;
}

/** Number of batches of an epoch. */
export const batchCount = (size: number, batchSize: number, last: "keep" | "drop" = "keep"): number =>
  last === "keep" ? Math.ceil(size / batchSize) : Math.floor(size / batchSize);

const checks: OptionChecks<BatchesOptions> = {
  size: wholeFrom(1),
  shuffle: booleanOption,
  seed: seedOption,
  epoch: wholeFrom(0, 0xffffffff),
  from: (x) => (x !== undefined ? undefined : "a place"),
  last: oneOf("keep", "drop"),
  augment: functionOption,
  prefetch: wholeFrom(0, 64),
};

/** Accepts data sets. */
export const datasetOption = (x: unknown): string | undefined =>
  isDataset(x) ? undefined : "a data set, as arrays(…), classification(…) or fromStream(…) make it";

/** Yields functions that make the batches in their order. */
type Makers<Input, Target> = AsyncGenerator<() => Batch<Input, Target> | Promise<Batch<Input, Target>>, void, void>;

/**
 * Yields the batches of one pass over the data. The same options give the same batches, wherever they begin, and however many
 * are made ahead.
 *
 * @throws `ValueError` for an option that is unknown or wrong, or examples whose shapes differ.
 *
 * @example
 * ```ts
 * for await (const { inputs, targets } of batches(data, { size: 64, shuffle: true, seed: 1 })) …
 * ```
 */
export function batches<Input, Target>(
  data: Dataset<Input, Target>,
  options: BatchesOptions = {},
): AsyncGenerator<Batch<Input, Target>, void, void> {
  checkValue("batches", "the data", data, datasetOption);
  checkOptions("batches", options, checks);
  if (data.kind === "stream" && options.shuffle)
    throw new ValueError({
      operation: "batches",
      problem: "a stream has no random order",
      fix: "mix it with shuffle(stream, { buffer })",
    });
  const makers = data.kind === "sized" ? ofSized(data, options) : ofStream(data, options);
  const { prefetch = 0 } = options;
  return prefetch > 0 ? ahead(makers, prefetch) : inOrder(makers);
}

/** Order of the examples of a pass. */
export const orderOf = (size: number, shuffle: boolean, { seed, epoch }: Pass): Uint32Array =>
  shuffle
    ? new Random(seed).split("data").split(epoch).split("order").permutation(size)
    : Uint32Array.from({ length: size }, (_, i) => i);

async function* ofSized<Input, Target>(
  data: SizedDataset<Input, Target>,
  { size = 32, shuffle = false, seed = 0, epoch = 0, from = START, last = "keep", augment }: BatchesOptions,
): Makers<Input, Target> {
  const pass = { seed, epoch };
  const order = orderOf(data.size, shuffle, pass);
  const count = batchCount(data.size, size, last);
  checkValue("batches", "from", from, wholeFrom(0, count));
  const change = changer(augment, pass);
  for (let batch = from as number; batch < count; batch++)
    yield () => {
      const indices = order.slice(batch * size, Math.min(data.size, (batch + 1) * size));
      return collect(data, indices, pass, change, batch + 1);
    };
}

/** Reads examples side by side, since each may wait for a file, and stacks them. */
function collect<Input, Target>(
  data: SizedDataset<Input, Target>,
  indices: Uint32Array,
  pass: Pass,
  change: Change,
  after: Position,
): Batch<Input, Target> | Promise<Batch<Input, Target>> {
  const examples = Array.from(indices, (index) => data.example(index, pass));
  const made = (found: readonly Example<Input, Target>[]): Batch<Input, Target> =>
    stackExamples(
      found.map((example, i) => change(example, indices[i]!)),
      indices,
      after,
    );
  return examples.some((example) => example instanceof Promise)
    ? Promise.all(examples).then(made)
    : made(examples as Example<Input, Target>[]);
}

async function* ofStream<Input, Target>(
  data: StreamDataset<Input, Target>,
  { size = 32, seed = 0, epoch = 0, from = START, last = "keep", augment }: BatchesOptions,
): Makers<Input, Target> {
  const pass = { seed, epoch };
  const change = changer(augment, pass);
  let examples: Example<Input, Target>[] = [];
  let indices: number[] = [];
  const take = (after: Position): (() => Batch<Input, Target>) => {
    const [found, of] = [examples, Uint32Array.from(indices)];
    [examples, indices] = [[], []];
    return () => stackExamples(found, of, after);
  };
  let place: () => Position = () => from;
  for await (const { example, index, after } of data.open(pass, from)) {
    examples.push(change(example, index));
    indices.push(index);
    if (examples.length === size) yield take(after());
    else place = after;
  }
  if (examples.length > 0 && last === "keep") yield take(place());
}

/** Changes an example at random. */
type Change = <Input, Target>(example: Example<Input, Target>, index: number) => Example<Input, Target>;

const changer = (augment: Augmentation | undefined, { seed, epoch }: Pass): Change => {
  if (augment === undefined) return (example) => example;
  const random = new Random(seed).split("data").split(epoch).split("augment");
  return (example, index) => applyAugmentation(augment, example, () => random.split(index));
};

async function* inOrder<Input, Target>(
  makers: Makers<Input, Target>,
): AsyncGenerator<Batch<Input, Target>, void, void> {
  for await (const make of makers) yield await make();
}

/** Begins the next batches before they are asked for. */
async function* ahead<Input, Target>(
  makers: Makers<Input, Target>,
  count: number,
): AsyncGenerator<Batch<Input, Target>, void, void> {
  const begun: Promise<Batch<Input, Target> | undefined>[] = [];
  const begin = (): void => {
    const next = makers.next().then((made) => (made.done ? undefined : made.value()));
    // An error is thrown where the batch is awaited. Without a handler Node would end the process before.
    next.catch(() => undefined);
    begun.push(next);
  };
  try {
    for (let i = 0; i < count; i++) begin();
    for (;;) {
      begin();
      const batch = await begun.shift()!;
      if (batch === undefined) return;
      yield batch;
    }
  } finally {
    // Closes the source, also after `break`.
    await makers.return();
  }
}

/**
 * Makes a batch of these examples of a data set in memory.
 *
 * @param pass - Default: seed and epoch 0.
 * @throws `ValueError` for an index out of range, and for data whose examples must be awaited; use {@link batches} for those.
 *
 * @example
 * ```ts
 * const { inputs, targets } = batchOf(data, [0, 5, 9]);
 * ```
 */
export function batchOf<Input, Target>(
  data: SizedDataset<Input, Target>,
  indices: ArrayLike<number>,
  pass: Pass = { seed: 0, epoch: 0 },
): Batch<Input, Target> {
  checkIndices("batchOf", indices, data.size);
  const batch = collect(data, Uint32Array.from(indices), pass, (example) => example, START);
  if (!(batch instanceof Promise)) return batch;
  batch.catch(() => undefined);
  throw new ValueError({
    operation: "batchOf",
    problem: "the examples of this data set must be awaited",
    fix: "use for await (const batch of batches(data)), or cache the data first",
  });
}

/** Stacks examples along a new first axis. */
function stackExamples<Input, Target>(
  examples: readonly Example<Input, Target>[],
  indices: Uint32Array,
  after: Position,
): Batch<Input, Target> {
  const isWeighted = examples.some(({ weight }) => weight !== undefined);
  return {
    inputs: stackPart(examples, "input") as Input,
    targets: stackPart(examples, "target") as Target,
    weights: isWeighted ? tensor(Float32Array.from(examples, ({ weight = 1 }) => weight)) : undefined,
    size: examples.length,
    indices,
    after,
  };
}

function stackPart(examples: readonly Example<unknown, unknown>[], part: "input" | "target"): unknown {
  const [first] = examples;
  if (first === undefined) throw new ValueError({ operation: "batch", expected: "at least one example", got: 0 });
  const single = isNumbers(first[part]);
  const rows = examples.map((example) =>
    single ? [["", example[part] as Numbers] as const] : numbersIn(example[part]),
  );
  let next = 0;
  return mapNumbers(first[part], ({ shape }, path) => {
    const column = next++;
    const length = sizeOf(shape);
    const whole = new Float32Array(examples.length * length);
    for (const [i, row] of rows.entries()) {
      const [name, numbers] = row[column] ?? [path, undefined];
      if (numbers === undefined || name !== path || numbers.values?.length !== length)
        throw new ValueError({
          operation: "batch",
          what: `${partName(part, path)} of example ${i}`,
          expected: `of shape ${showShapes(shape)} like the first of its batch`,
          got: numbers?.shape,
          gotWords: numbers === undefined ? "none" : undefined,
        });
      writeScaled(numbers, whole, i * length, part);
    }
    return tensor(whole, [examples.length, ...shape]);
  });
}
