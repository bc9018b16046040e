import {
  checkOptions,
  checkValue,
  numberAbove,
  showShape,
  sizeOf,
  ValueError,
  wholeFrom,
  type OptionChecks,
  type Shape,
} from "@convlens/backend";

/** Examples and their labels in memory. Bytes become floats when a batch is made. */
export interface Dataset {
  /** Number of examples. */
  readonly size: number;
  /** Shape of one example: `[height, width, channels]` or `[length, channels]`. */
  readonly shape: Shape;
  /** Names of the classes; a label is an index of this list. */
  readonly classes: readonly string[];
  /** Numbers of all examples, one example after the other. */
  readonly inputs: Uint8Array | Float32Array;
  /** Factor of `inputs`: 1/255 scales bytes to the range from 0 to 1. */
  readonly scale: number;
  /** Class of each example. */
  readonly labels: Uint8Array | Uint16Array | Int32Array;
}

/** Options of {@link dataset}. */
export interface DatasetParts extends Pick<Dataset, "shape"> {
  /** Number of examples. It is that of the labels; the option allows to pass the fields of another data set. */
  readonly size?: number;
  /** Numbers of all examples, one example after the other. */
  readonly inputs: Uint8Array | Uint8ClampedArray | Float32Array;
  /** Class of each example, as an index of `classes`. */
  readonly labels: ArrayLike<number>;
  /** Names of the classes. Default: the numbers up to the largest label. */
  readonly classes?: readonly string[];
  /** Factor of `inputs`. Default: 1/255 for bytes, which scales them to the range from 0 to 1; else 1. */
  readonly scale?: number;
}

const checks: OptionChecks<DatasetParts> = {
  size: wholeFrom(1),
  shape: (x) =>
    Array.isArray(x) && x.every((size) => Number.isSafeInteger(size) && size > 0)
      ? undefined
      : "an array of whole numbers of at least 1",
  inputs: (x) =>
    x instanceof Uint8Array || x instanceof Uint8ClampedArray || x instanceof Float32Array
      ? undefined
      : "a Float32Array, or bytes (Uint8Array, Uint8ClampedArray); Float32Array.from(numbers) makes one",
  labels: (x) => (ArrayBuffer.isView(x) || Array.isArray(x) ? undefined : "an array of whole numbers"),
  classes: (x) => (Array.isArray(x) && x.every((name) => typeof name === "string") ? undefined : "an array of names"),
  scale: numberAbove(0),
};

/** Bytes as a Uint8Array, without a copy; floats unchanged. */
const inputsOf = (x: DatasetParts["inputs"]): Dataset["inputs"] =>
  x instanceof Uint8ClampedArray ? new Uint8Array(x.buffer, x.byteOffset, x.length) : x;

/** Largest number of classes without names; a larger label is refused as a mistake. */
const MOST_CLASSES = 2 ** 20;

/** Labels in a typed array, after checking that each is a class. */
function labelsOf(labels: DatasetParts["labels"], classes: readonly string[] | undefined): Dataset["labels"] {
  const most = classes?.length ?? MOST_CLASSES;
  for (let i = 0; i < labels.length; i++) {
    const got: unknown = labels[i];
    if (Number.isInteger(got) && (got as number) >= 0 && (got as number) < most) continue;
    throw new ValueError({
      operation: "dataset",
      what: `labels[${i}]`,
      expected: `a whole number from 0 to ${most - 1}, ${classes === undefined ? "the index of a class" : `since there are ${most} classes`}`,
      got,
    });
  }
  return labels instanceof Uint8Array || labels instanceof Uint16Array || labels instanceof Int32Array
    ? labels
    : Int32Array.from(labels);
}

/**
 * Makes a data set.
 *
 * @throws `ValueError` for lengths that do not match, no examples, a label that is not a class, a number that is not finite,
 * or an option that is unknown.
 *
 * @example
 * ```ts
 * dataset({ shape: [1, 2, 1], inputs: new Float32Array([0, 1, 1, 0]), labels: new Uint8Array([0, 1]) }).size; // 2
 * ```
 */
export function dataset(parts: DatasetParts): Dataset {
  checkOptions("dataset", parts, checks);
  for (const name of ["shape", "inputs", "labels"] as const)
    if (parts[name] === undefined) throw new ValueError({ operation: "dataset", problem: `${name} is missing` });
  const { shape } = parts;
  const one = sizeOf(shape);
  const size = parts.labels.length;
  if (size === 0)
    throw new ValueError({ operation: "dataset", expected: "at least one example", got: 0, gotWords: "none" });
  if (parts.inputs.length !== size * one)
    throw new ValueError({
      operation: "dataset",
      expected: `${size * one} numbers for ${size} examples of ${showShape(shape)}`,
      got: parts.inputs.length,
    });
  const labels = labelsOf(parts.labels, parts.classes);
  const inputs = inputsOf(parts.inputs);
  let largest = 0;
  for (const label of labels) largest = Math.max(largest, label);
  const classes = parts.classes ?? Array.from({ length: largest + 1 }, (_, i) => `${i}`);
  const hole = inputs instanceof Float32Array ? inputs.findIndex((x) => !Number.isFinite(x)) : -1;
  if (hole >= 0)
    throw new ValueError({
      operation: "dataset",
      what: `element ${hole % one} of example ${Math.floor(hole / one)}`,
      expected: "finite",
      got: inputs[hole],
      fix: "replace it or leave the example out",
    });
  return { size, shape, classes, inputs, labels, scale: parts.scale ?? (inputs instanceof Uint8Array ? 1 / 255 : 1) };
}

/** Examples with these indices, in this order. */
export function subset(from: Dataset, indices: ArrayLike<number>): Dataset {
  const one = sizeOf(from.shape);
  const inputs = new (from.inputs.constructor as Float32ArrayConstructor)(indices.length * one);
  const labels = new (from.labels.constructor as Uint8ArrayConstructor)(indices.length);
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i]!;
    if (!Number.isInteger(index) || index < 0 || index >= from.size)
      throw new ValueError({
        operation: "subset",
        what: `indices[${i}]`,
        expected: `a whole number from 0 to ${from.size - 1}`,
        got: index,
      });
    inputs.set(from.inputs.subarray(index * one, (index + 1) * one), i * one);
    labels[i] = from.labels[index]!;
  }
  return dataset({ ...from, size: labels.length, inputs, labels });
}

/** First `count` examples, or all if there are fewer. */
export function take(from: Dataset, count: number): Dataset {
  checkValue("take", "count", count, wholeFrom(1));
  return subset(
    from,
    Array.from({ length: Math.min(count, from.size) }, (_, i) => i),
  );
}
