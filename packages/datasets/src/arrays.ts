import { checkOptions, ValueError, type OptionCheck } from "@convlens/backend";
import { showShapes } from "@convlens/tensor";
import type { Classification, SizedDataset } from "./dataset.ts";
import {
  checkNumbers,
  mapNumbers,
  numbersIn,
  partName,
  shapesOfNumbers,
  type Example,
  type Numbers,
  type TensorsOf,
} from "./example.ts";

/** Options of {@link arrays}. */
export interface ArraysOptions<A, B> {
  /** Numbers `{ values, shape: [n, …] }` of all inputs, or a tuple or record of such. */
  readonly inputs: A;
  /** Numbers of all targets, of the same kinds. */
  readonly targets: B;
  /** Weight of each example in the loss. Default: 1 each. */
  readonly weights?: ArrayLike<number> | undefined;
}

/** Accepts numbers, or a tuple or record of them; {@link checkNumbers} says more. */
const treeOption: OptionCheck = (x) =>
  typeof x === "object" && x !== null ? undefined : "numbers { values, shape }, or a tuple or record of them";

const numbersOption: OptionCheck = (x) =>
  Array.isArray(x) || (ArrayBuffer.isView(x) && !(x instanceof DataView)) ? undefined : "an array of numbers";

/** Rows of a tree whose arrays count the examples along their first axis. */
interface Rows {
  readonly size: number;
  readonly shapes: unknown;
  readonly row: (i: number) => unknown;
}

function rowsOf(operation: string, part: string, tree: unknown): Rows {
  checkNumbers(operation, part, tree);
  const leaves = numbersIn(tree);
  const size = leaves[0]?.[1].shape[0];
  for (const [path, { shape }] of leaves)
    if (shape.length === 0 || shape[0] !== size)
      throw new ValueError({
        operation,
        what: `the first axis of ${partName(part, path)}`,
        expected: size === undefined ? "there, to count the examples" : `the number of examples, ${size}`,
        got: shape,
      });
  for (const [path, { values, shape }] of leaves) checkFinite(operation, partName(part, path), values, shape);
  const one = (numbers: Numbers): Numbers => ({ ...numbers, shape: numbers.shape.slice(1) });
  return {
    size: size!,
    shapes: shapesOfNumbers(mapNumbers(tree, one)),
    row: (i) =>
      mapNumbers(tree, (numbers) => {
        const { values, shape } = numbers;
        const length = values.length / shape[0]!;
        return { ...one(numbers), values: values.subarray(i * length, (i + 1) * length) };
      }),
  };
}

/** @throws `ValueError` for a number that is NaN or infinite. */
function checkFinite(operation: string, what: string, values: Numbers["values"], shape: Numbers["shape"]): void {
  if (!(values instanceof Float32Array || values instanceof Float64Array)) return;
  const hole = values.findIndex((x: number) => !Number.isFinite(x));
  if (hole < 0) return;
  const length = values.length / shape[0]!;
  throw new ValueError({
    operation,
    what: `element ${hole % length} of example ${Math.floor(hole / length)} in ${what}`,
    expected: "finite",
    got: values[hole],
    fix: "replace it or leave the example out",
  });
}

/** @throws `ValueError` for weights of another number, negative or not finite. */
function checkWeights(operation: string, weights: ArrayLike<number>, size: number): void {
  if (weights.length !== size)
    throw new ValueError({
      operation,
      what: "weights",
      expected: `one for each of ${size} examples`,
      got: weights.length,
    });
  const bad = Array.from(weights).findIndex((weight) => !(weight >= 0 && weight < Infinity));
  if (bad >= 0)
    throw new ValueError({ operation, what: `weights[${bad}]`, expected: "a number of at least 0", got: weights[bad] });
}

/**
 * Makes a data set of arrays in memory, whose first axis counts the examples. Nothing is copied.
 *
 * @throws `ValueError` for lengths that do not match, no examples, a number that is not finite, or an option that is unknown.
 *
 * @example
 * ```ts
 * const data = arrays({
 *   inputs: { values: new Float32Array(10 * 8 * 8), shape: [10, 8, 8, 1] },
 *   targets: { box: { values: new Float32Array(10 * 4), shape: [10, 4] }, label: { values: new Uint8Array(10), shape: [10] } },
 * });
 * data.shapes.target; // { box: [4], label: [] }
 * ```
 */
export function arrays<const A, const B>(options: ArraysOptions<A, B>): SizedDataset<TensorsOf<A>, TensorsOf<B>> {
  checkOptions("arrays", options, { inputs: treeOption, targets: treeOption, weights: numbersOption });
  return fromArrays("arrays", options);
}

function fromArrays<A, B>(
  operation: string,
  { inputs, targets, weights }: ArraysOptions<A, B>,
): SizedDataset<TensorsOf<A>, TensorsOf<B>> {
  const [x, y] = [rowsOf(operation, "inputs", inputs), rowsOf(operation, "targets", targets)];
  if (x.size !== y.size)
    throw new ValueError({
      operation,
      expected: `a target for each of ${x.size} inputs`,
      got: y.size,
      fix: `inputs are ${showShapes(shapesOfNumbers(inputs))}, targets ${showShapes(shapesOfNumbers(targets))}; the first axis counts the examples`,
    });
  if (x.size === 0) throw new ValueError({ operation, expected: "at least one example", got: 0, gotWords: "none" });
  if (weights !== undefined) checkWeights(operation, weights, x.size);
  type Kind = SizedDataset<TensorsOf<A>, TensorsOf<B>>;
  return {
    kind: "sized",
    size: x.size,
    shapes: { input: x.shapes, target: y.shapes } as Kind["shapes"],
    example: (i) =>
      ({ input: x.row(i), target: y.row(i), ...(weights && { weight: weights[i] }) }) as Example<
        TensorsOf<A>,
        TensorsOf<B>
      >,
  };
}

/** Options of {@link classification}. */
export interface ClassificationOptions<A> {
  /** Numbers `{ values, shape: [n, …] }` of all inputs, or a tuple or record of such. */
  readonly inputs: A;
  /** Class of each example, as an index of `classes`. */
  readonly labels: ArrayLike<number>;
  /** Names of the classes. Default: the numbers up to the largest label. */
  readonly classes?: readonly string[] | undefined;
  /** Weight of each example in the loss. Default: 1 each. */
  readonly weights?: ArrayLike<number> | undefined;
}

const namesOption: OptionCheck = (x) =>
  Array.isArray(x) && x.every((name) => typeof name === "string") ? undefined : "an array of names";

/** Largest number of classes without names; a larger label is refused as a mistake. */
const MOST_CLASSES = 2 ** 20;

/** Labels in a typed array, after checking that each is a class. */
export function labelsOf(
  operation: string,
  labels: ArrayLike<number>,
  classes: readonly string[] | undefined,
): Classification["labels"] {
  const most = classes?.length ?? MOST_CLASSES;
  for (let i = 0; i < labels.length; i++) {
    const got: unknown = labels[i];
    if (Number.isInteger(got) && (got as number) >= 0 && (got as number) < most) continue;
    throw new ValueError({
      operation,
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
 * Makes a data set of inputs in memory and one class for each.
 *
 * @throws `ValueError` for lengths that do not match, no examples, a label that is not a class, a number that is not finite,
 * or an option that is unknown.
 *
 * @example
 * ```ts
 * const inputs = { values: new Float32Array([0, 1, 1, 0]), shape: [2, 1, 2, 1] };
 * classification({ inputs, labels: [0, 1], classes: ["left", "right"] }).size; // 2
 * ```
 */
export function classification<const A>(options: ClassificationOptions<A>): Classification<TensorsOf<A>> {
  const operation = "classification";
  checkOptions(operation, options, {
    inputs: treeOption,
    labels: numbersOption,
    classes: namesOption,
    weights: numbersOption,
  });
  const { inputs, weights } = options;
  for (const name of ["inputs", "labels"] as const)
    if (options[name] === undefined) throw new ValueError({ operation, problem: `${name} is missing` });
  const labels = labelsOf(operation, options.labels, options.classes);
  const targets = { values: labels, shape: [labels.length] };
  const data = fromArrays(operation, { inputs, targets, weights });
  let largest = 0;
  for (const label of labels) largest = Math.max(largest, label);
  const classes = options.classes ?? Array.from({ length: largest + 1 }, (_, i) => `${i}`);
  return { ...data, labels, classes };
}

/**
 * Makes a data set of a list of examples.
 *
 * @throws `ValueError` for no examples, or an example of other shapes than the first.
 *
 * @example
 * ```ts
 * const vector = (...values: number[]) => ({ values: Float32Array.from(values), shape: [values.length] });
 * fromExamples([{ input: vector(1, 2), target: vector(3) }]).size; // 1
 * ```
 */
export function fromExamples<const A, const B>(
  examples: readonly { readonly input: A; readonly target: B; readonly weight?: number }[],
): SizedDataset<TensorsOf<A>, TensorsOf<B>> {
  const operation = "fromExamples";
  const [first] = examples;
  if (first === undefined)
    throw new ValueError({ operation, expected: "at least one example", got: 0, gotWords: "none" });
  for (const part of ["input", "target"] as const) {
    const wanted = showShapes(shapesOfNumbers(first[part]));
    for (const [i, example] of examples.entries()) {
      checkNumbers(operation, `${part} ${i}`, example[part]);
      const shapes = shapesOfNumbers(example[part]);
      if (showShapes(shapes) !== wanted)
        throw new ValueError({
          operation,
          what: `the ${part} of example ${i}`,
          expected: `${wanted} like the first`,
          got: shapes,
          gotWords: showShapes(shapes),
        });
    }
  }
  type Kind = SizedDataset<TensorsOf<A>, TensorsOf<B>>;
  return {
    kind: "sized",
    size: examples.length,
    shapes: { input: shapesOfNumbers(first.input), target: shapesOfNumbers(first.target) } as Kind["shapes"],
    example: (i) => examples[i] as unknown as Example<TensorsOf<A>, TensorsOf<B>>,
  };
}
