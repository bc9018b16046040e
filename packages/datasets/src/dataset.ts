import { showShape, sizeOf, ValueError, type Shape } from "@convlens/backend";

/** Examples and their labels, in memory: bytes stay bytes until a batch is made. */
export interface Dataset {
  /** How many examples. */
  readonly size: number;
  /** Of one example: `[height, width, channels]` or `[length, channels]`. */
  readonly shape: Shape;
  /** Names of the classes; a label is a place in this list. */
  readonly classes: readonly string[];
  /** All examples, one after the other. */
  readonly inputs: Uint8Array | Float32Array;
  /** What a number of `inputs` is multiplied by: 1/255 makes bytes 0 to 1. */
  readonly scale: number;
  /** One for each example. */
  readonly labels: Uint8Array | Uint16Array | Int32Array;
}

/** What {@link dataset} is made of. */
export type DatasetParts = Pick<Dataset, "shape" | "inputs" | "labels"> & Partial<Pick<Dataset, "classes" | "scale">>;

/**
 * A data set out of its parts, checked.
 *
 * @param parts - Without `classes` they are the numbers up to the largest label; without `scale`, bytes become 0 to 1.
 * @throws `ValueError` for lengths that do not fit, no examples, a label out of range, or a number that is not finite.
 *
 * @example
 * ```ts
 * dataset({ shape: [1, 2, 1], inputs: new Float32Array([0, 1, 1, 0]), labels: new Uint8Array([0, 1]) }).size; // 2
 * ```
 */
export function dataset({ shape, inputs, labels, ...rest }: DatasetParts): Dataset {
  const one = sizeOf(shape);
  const size = labels.length;
  if (size === 0)
    throw new ValueError("dataset: there are no examples; expected at least one", {
      operation: "dataset",
      expected: "at least 1",
      got: 0,
    });
  if (inputs.length !== size * one)
    throw new ValueError(
      `dataset: expected ${size * one} numbers for ${size} examples of ${showShape(shape)}, got ${inputs.length}`,
      {
        operation: "dataset",
        expected: size * one,
        got: inputs.length,
      },
    );
  const classes =
    rest.classes ??
    Array.from({ length: Array.from(labels).reduce((a, b) => Math.max(a, b), 0) + 1 }, (_, i) => `${i}`);
  const bad = labels.findIndex((label) => label < 0 || label >= classes.length);
  if (bad >= 0)
    throw new ValueError(
      `dataset: labels[${bad}] is ${labels[bad]}, out of range: there are ${classes.length} classes, so labels go from 0 to ${classes.length - 1}`,
      { operation: "dataset", expected: `0 to ${classes.length - 1}`, got: labels[bad] },
    );
  const hole = inputs instanceof Float32Array ? inputs.findIndex((x) => !Number.isFinite(x)) : -1;
  if (hole >= 0)
    throw new ValueError(
      `dataset: example ${Math.floor(hole / one)} holds ${inputs[hole]} at element ${hole % one}; expected finite numbers: replace it or leave the example out`,
      { operation: "dataset", expected: "finite numbers", got: inputs[hole] },
    );
  return { size, shape, classes, inputs, labels, scale: rest.scale ?? (inputs instanceof Uint8Array ? 1 / 255 : 1) };
}

/** The examples with these indices, in this order. */
export function subset(from: Dataset, indices: ArrayLike<number>): Dataset {
  const one = sizeOf(from.shape);
  const inputs = new (from.inputs.constructor as Float32ArrayConstructor)(indices.length * one);
  const labels = new (from.labels.constructor as Uint8ArrayConstructor)(indices.length);
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i]!;
    if (!Number.isInteger(index) || index < 0 || index >= from.size)
      throw new ValueError(`subset: indices[${i}] is ${index}, out of range: there are ${from.size} examples`, {
        operation: "subset",
        expected: `0 to ${from.size - 1}`,
        got: index,
      });
    inputs.set(from.inputs.subarray(index * one, (index + 1) * one), i * one);
    labels[i] = from.labels[index]!;
  }
  return dataset({ ...from, inputs, labels });
}

/** The first `count` examples. */
export const take = (from: Dataset, count: number): Dataset =>
  subset(
    from,
    Array.from({ length: Math.min(count, from.size) }, (_, i) => i),
  );

/**
 * Two parts without a common example, the same each time: of every `every` examples, the last goes to the second part.
 *
 * @example
 * ```ts
 * const { train, test } = split(digits, 5); // 80 % and 20 %
 * ```
 */
export function split(from: Dataset, every: number): { readonly train: Dataset; readonly test: Dataset } {
  const all = Array.from({ length: from.size }, (_, i) => i);
  return {
    train: subset(
      from,
      all.filter((i) => i % every !== every - 1),
    ),
    test: subset(
      from,
      all.filter((i) => i % every === every - 1),
    ),
  };
}
