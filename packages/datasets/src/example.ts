import { sizeOf, ValueError, type Shape } from "@convlens/backend";
import { mapTree, showShapes, type Replaced, type Shapes, type ShapesOf, type Tensor } from "@convlens/tensor";

/** Arrays that hold the numbers of examples. */
export type NumberArray =
  | Float32Array
  | Float64Array
  | Uint8Array
  | Uint8ClampedArray
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array;

/** Numbers and their shape, before they are a tensor. Bytes stay bytes until a batch is made. */
export interface Numbers {
  /** Row-major. */
  readonly values: NumberArray;
  readonly shape: Shape;
  /**
   * Factor of the values, one for all or one for each channel (the last axis). Default: 1/255 for the bytes of an input, which
   * become 0 to 1; else 1.
   */
  readonly scale?: number | readonly number[] | undefined;
  /** Added to the scaled values, one number for all or one for each channel. Default: 0. */
  readonly offset?: number | readonly number[] | undefined;
}

/** Numbers in place of tensors: `{ image: Tensor }` becomes `{ image: Numbers }`. */
export type NumbersOf<T> = Replaced<T, Numbers>;
/** Tensors in place of numbers: `{ image: Numbers }` becomes `{ image: Tensor }`. */
export type TensorsOf<A> = A extends Numbers ? Tensor : { readonly [K in keyof A]: TensorsOf<A[K]> };

/**
 * An example: what a model gets, and what its output is compared with.
 *
 * @typeParam Input - What the model takes: a tensor, or a tuple or record of tensors.
 * @typeParam Target - What the loss takes beside the output.
 */
export interface Example<Input = Tensor, Target = Tensor> {
  readonly input: NumbersOf<Input>;
  readonly target: NumbersOf<Target>;
  /** Weight of the example in the loss. Default: 1. */
  readonly weight?: number | undefined;
}

/** The shapes of an example. */
export interface ExampleShapes<Input = Tensor, Target = Tensor> {
  readonly input: ShapesOf<Input>;
  readonly target: ShapesOf<Target>;
}

/** Whether a value is numbers with a shape, and not a tuple or record of such. {@link checkNumbers} checks both. */
export const isNumbers = (x: unknown): x is Numbers =>
  typeof x === "object" && x !== null && "values" in x && "shape" in x;

/** The numbers of a tuple or record in the order of its fields, each with its path. */
export function numbersIn(tree: unknown): (readonly [path: string, numbers: Numbers])[] {
  const found: (readonly [string, Numbers])[] = [];
  mapNumbers(tree, (numbers, path) => found.push([path, numbers]));
  return found;
}

/** The same tuple or record with something else in place of the numbers. */
export const mapNumbers = (tree: unknown, change: (numbers: Numbers, path: string) => unknown): unknown =>
  mapTree(tree, isNumbers, change);

/** Shapes of the numbers in a tuple or record. */
export const shapesOfNumbers = (tree: unknown): Shapes => mapNumbers(tree, ({ shape }) => shape) as Shapes;

/** Name of a part for messages: `input`, or `input.image`. */
export const partName = (part: string, path: string): string => (path === "" ? part : `${part}.${path}`);

/** @throws `ValueError` unless a tree consists of numbers whose lengths fit their shapes. */
export function checkNumbers(operation: string, part: string, tree: unknown): void {
  let count = 0;
  mapNumbers(tree, (numbers: unknown, path) => {
    count++;
    const what = partName(part, path);
    const expected = "an object { values, shape } with a typed array and an array of whole numbers";
    if (!isNumbers(numbers)) throw new ValueError({ operation, what, expected, got: numbers });
    const { values, shape, scale, offset } = numbers;
    if (!ArrayBuffer.isView(values) || values instanceof DataView || !Array.isArray(shape))
      throw new ValueError({ operation, what, expected, got: numbers });
    if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0))
      throw new ValueError({ operation, what: `the shape of ${what}`, expected: "whole numbers", got: shape });
    if (values.length !== sizeOf(shape))
      throw new ValueError({
        operation,
        what,
        expected: `${sizeOf(shape)} values for the shape ${showShapes(shape)}`,
        got: values.length,
      });
    checkFactor(operation, `the scale of ${what}`, scale, shape.at(-1));
    checkFactor(operation, `the offset of ${what}`, offset, shape.at(-1));
  });
  if (count === 0) throw new ValueError({ operation, what: part, expected: "numbers", got: tree, gotWords: "none" });
}

function checkFactor(operation: string, what: string, factor: Numbers["scale"], channels: number | undefined): void {
  const list: unknown = typeof factor === "number" ? [factor] : (factor ?? []);
  const isRight =
    Array.isArray(list) &&
    list.every(Number.isFinite) &&
    (typeof factor === "number" || factor === undefined || list.length === channels);
  if (isRight) return;
  throw new ValueError({
    operation,
    what,
    expected: `a finite number, or one for each of ${channels ?? 0} channels`,
    got: factor,
  });
}

/** Factor of numbers: their own, or that of their kind. */
export function scaleOf({ values, scale }: Numbers, part: "input" | "target"): number | readonly number[] {
  const isByte = values instanceof Uint8Array || values instanceof Uint8ClampedArray;
  return scale ?? (isByte && part === "input" ? 1 / 255 : 1);
}

/** Copies numbers into floats at a place, scaled and shifted. */
export function writeScaled(numbers: Numbers, to: Float32Array, at: number, part: "input" | "target"): void {
  const { values, shape, offset = 0 } = numbers;
  const factor = scaleOf(numbers, part);
  if (factor === 1 && offset === 0) return to.set(values, at);
  if (typeof factor === "number" && typeof offset === "number") {
    for (let i = 0; i < values.length; i++) to[at + i] = values[i]! * factor + offset;
    return;
  }
  const channels = shape.at(-1) ?? 1;
  const listOf = (x: number | readonly number[]): readonly number[] =>
    typeof x === "number" ? new Array<number>(channels).fill(x) : x;
  const [factors, offsets] = [listOf(factor), listOf(offset)];
  for (let channel = 0; channel < channels; channel++) {
    const [a, b] = [factors[channel] ?? 1, offsets[channel] ?? 0];
    for (let i = channel; i < values.length; i += channels) to[at + i] = values[i]! * a + b;
  }
}

/** Numbers as floats, scaled and shifted as a batch would be. */
export function floatsOf(numbers: Numbers, part: "input" | "target" = "input"): Float32Array {
  const floats = new Float32Array(numbers.values.length);
  writeScaled(numbers, floats, 0, part);
  return floats;
}
