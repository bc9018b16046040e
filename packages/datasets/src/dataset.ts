import { checkValue, ValueError, wholeFrom } from "@convlens/backend";
import type { Tensor } from "@convlens/tensor";
import type { Example, ExampleShapes } from "./example.ts";

/** A pass over the data. It decides the order of the examples and all random changes of them. */
export interface Pass {
  /** A whole number from 0 to 2³² − 1. */
  readonly seed: number;
  /** Number of the pass, from 0. */
  readonly epoch: number;
}

/** Position within a pass, as JSON: with the pass it decides everything that follows. */
export type Position = number | string | null | readonly Position[] | { readonly [name: string]: Position };

/** What all data sets have. */
export interface DatasetParts<Input, Target> {
  /** Shapes of one example. */
  readonly shapes: ExampleShapes<Input, Target>;
  /** Class of each example, where targets are classes: an index of `classes`. */
  readonly labels?: ArrayLike<number> | undefined;
  /** Names of the classes. */
  readonly classes?: readonly string[] | undefined;
}

/** A data set of known size, whose examples can be read in any order. */
export interface SizedDataset<Input = Tensor, Target = Tensor> extends DatasetParts<Input, Target> {
  readonly kind: "sized";
  /** Number of examples. */
  readonly size: number;
  /** Returns an example. The same index and pass give the same example. */
  readonly example: (index: number, pass: Pass) => Example<Input, Target> | Promise<Example<Input, Target>>;
}

/** An example of a stream. */
export interface Streamed<Input = Tensor, Target = Tensor> {
  readonly example: Example<Input, Target>;
  /** Number of the example in the source, from 0. It decides random changes. */
  readonly index: number;
  /** Returns the place after this example. It is asked for before the next example is read. */
  readonly after: () => Position;
}

/** A data set that is read one example after the other, such as the lines of a file. */
export interface StreamDataset<Input = Tensor, Target = Tensor> extends DatasetParts<Input, Target> {
  readonly kind: "stream";
  /** Reads from a place on. The same pass and place give the same examples. */
  readonly open: (pass: Pass, from: Position) => AsyncIterable<Streamed<Input, Target>>;
}

/**
 * Examples to train on or to evaluate with: of known size and in any order, or a stream.
 *
 * @typeParam Input - What the model takes: a tensor, or a tuple or record of tensors.
 * @typeParam Target - What the loss takes beside the output.
 */
export type Dataset<Input = Tensor, Target = Tensor> = SizedDataset<Input, Target> | StreamDataset<Input, Target>;

/** Data whose targets are classes. */
export interface Classification<Input = Tensor> extends SizedDataset<Input> {
  readonly labels: Uint8Array | Uint16Array | Int32Array;
  readonly classes: readonly string[];
}

/** A training set and a test set of one kind. */
export interface TrainAndTest<D = Classification> {
  readonly train: D;
  readonly test: D;
}

/** Start of a pass. */
export const START: Position = 0;

/** Whether a value is a data set. */
export const isDataset = (x: unknown): x is Dataset => {
  const { kind, shapes } = (x ?? {}) as Partial<Dataset>;
  return (kind === "sized" || kind === "stream") && typeof shapes === "object";
};

/**
 * Examples with these indices, in this order. Nothing is copied but the labels.
 *
 * @throws `ValueError` for an index that is not one of the data set, or for no indices.
 *
 * @example
 * ```ts
 * const data = arrays({
 *   inputs: { values: Float32Array.of(1, 2, 3), shape: [3, 1] },
 *   targets: { values: Float32Array.of(2, 4, 6), shape: [3, 1] },
 * });
 * subset(data, [2, 0]).size; // 2
 * ```
 */
export function subset<D extends SizedDataset<unknown, unknown>>(data: D, indices: ArrayLike<number>): D {
  checkIndices("subset", indices, data.size);
  const chosen = Uint32Array.from(indices);
  const { labels } = data;
  return {
    ...data,
    size: chosen.length,
    example: (i: number, pass: Pass) => data.example(chosen[i]!, pass),
    ...(labels !== undefined && {
      labels: (labels.constructor as Uint8ArrayConstructor).from(chosen, (index) => labels[index]!),
    }),
  };
}

/** @throws `ValueError` for no indices, or one that is not below `size`. */
export function checkIndices(operation: string, indices: ArrayLike<number>, size: number): void {
  if (indices.length === 0)
    throw new ValueError({ operation, expected: "at least one index", got: 0, gotWords: "none" });
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i]!;
    if (Number.isInteger(index) && index >= 0 && index < size) continue;
    throw new ValueError({
      operation,
      what: `indices[${i}]`,
      expected: `a whole number from 0 to ${size - 1}`,
      got: index,
    });
  }
}

/** Counts of examples that are taken or skipped. */
export const checkCount = (operation: string, count: number, least = 1): void =>
  checkValue(operation, "count", count, wholeFrom(least));
