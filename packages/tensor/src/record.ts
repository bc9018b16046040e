import {
  checkShape,
  makeNumbers,
  ShapeError,
  showShape,
  sizeOf,
  ValueError,
  type Attributes,
  type Inputs,
  type OperationName,
  type Operations,
  type Shape,
  type Values,
} from "@convlens/backend";
import type { AnyOperation, Rules } from "./operation.ts";
import { Tensor } from "./tensor.ts";
import type { Variable } from "./variable.ts";

/** Operand of an operation: a tensor, or a number as a scalar. */
export type Operand = Tensor | number;

/** Cache of scalars, since most programs use the same few. */
const scalars = /* @__PURE__ */ new Map<number, Tensor>();
const KEPT = 256;

/** Converts an operand to a tensor: a number to a scalar, a variable to its value at this point of the recording. */
export function operand(x: Operand): Tensor {
  if (typeof x !== "number") {
    if (!(x instanceof Tensor)) throw notATensor(x);
    return x.source.kind === "variable" ? (x as Variable).current : x;
  }
  // A Map does not distinguish −0 from 0.
  const isNegativeZero = Object.is(x, -0);
  const known = isNegativeZero ? undefined : scalars.get(x);
  if (known !== undefined) return known;
  const scalar = leaf([], Float64Array.of(x));
  if (!isNegativeZero && scalars.size < KEPT) scalars.set(x, scalar);
  return scalar;
}

function notATensor(x: unknown): ValueError {
  const fix =
    x instanceof Promise
      ? "await it first"
      : Array.isArray(x) || ArrayBuffer.isView(x)
        ? "make it one: tensor(values, shape)"
        : "pass tensor(values, shape) or a number";
  return new ValueError({ expected: "a tensor or a number", got: x, fix });
}

/** Makes a tensor of values that it takes over. */
export const leaf = (shape: Shape, values: Values): Tensor => new Tensor(shape, { kind: "values" }, values);

/** Records one operation: every tensor that is computed comes from here. */
export const record = <K extends OperationName>(
  operation: Rules<K>,
  inputs: Inputs<Operations[K], Operand>,
  attributes: Attributes<K>,
): Tensor => recordAny(operation, inputs, attributes);

/** Records an operation whose name is not known here. */
export function recordAny(operation: AnyOperation, inputs: readonly Operand[], attributes: object): Tensor {
  const from = inputs.map(operand);
  const shapes = from.map((x) => x.shape);
  return new Tensor(operation.shape(shapes, attributes), { kind: "operation", operation, inputs: from, attributes });
}

/** Numbers in nested arrays, or a single number. */
export type NestedNumbers = number | readonly NestedNumbers[];

/** Returns the shape of nested arrays; throws if they are ragged. */
function flattened(values: readonly NestedNumbers[]): { numbers: number[]; shape: number[] } {
  const shape: number[] = [];
  for (let level: NestedNumbers = values; Array.isArray(level); level = (level as readonly NestedNumbers[])[0]!)
    shape.push(level.length);
  const numbers: number[] = [];
  const visit = (level: NestedNumbers, axis: number): void => {
    if (typeof level === "number" || typeof level === "boolean") {
      if (axis !== shape.length) throw ragged(shape, axis);
      numbers.push(Number(level));
    } else {
      if (!Array.isArray(level) || level.length !== shape[axis]) throw ragged(shape, axis);
      for (const part of level) visit(part, axis + 1);
    }
  };
  visit(values, 0);
  return { numbers, shape };
}

const ragged = (shape: Shape, axis: number): ShapeError =>
  new ShapeError({
    operation: "tensor",
    problem: `the nested arrays are ragged: the first has the shape ${showShape(shape)}, another differs at axis ${axis}`,
    axis,
  });

/**
 * Makes a tensor of numbers in row-major order. They are copied, so later changes of the array have no effect.
 *
 * @param values - A typed array, numbers, or nested arrays of numbers.
 * @param shape - Default: the shape of the nested arrays; one axis for a flat list.
 *
 * @example
 * ```ts
 * tensor([1, 2, 3, 4], [2, 2]);
 * tensor([[1, 2], [3, 4]]); // the same
 * ```
 */
export function tensor(values: ArrayLike<number> | readonly NestedNumbers[] | number, shape?: Shape): Tensor {
  if (typeof values === "number") return leaf(shape ?? [], Float64Array.of(values));
  const nested = Array.isArray(values) && Array.isArray(values[0]) ? flattened(values) : undefined;
  const numbers = nested?.numbers ?? (values as ArrayLike<number>);
  const wanted = checkShape("tensor", shape ?? nested?.shape ?? [numbers.length]);
  if (numbers.length !== sizeOf(wanted))
    throw new ShapeError({
      operation: "tensor",
      expected: `${sizeOf(wanted)} values for ${showShape(wanted)}`,
      got: numbers.length,
    });
  return leaf([...wanted], numbers instanceof Float32Array ? numbers.slice() : Float64Array.from(numbers));
}

/** Makes a tensor whose elements all have the same value. */
export const full = (shape: Shape, value: number): Tensor =>
  leaf([...checkShape("full", shape)], makeNumbers("full", shape, (size) => new Float64Array(size)).fill(value));

/** Makes a tensor whose elements all have the same value. */
const filled = (name: string, shape: Shape, value: 0 | 1): Tensor => {
  const numbers = makeNumbers(name, checkShape(name, shape), (size) => new Float32Array(size));
  return leaf([...shape], value === 0 ? numbers : numbers.fill(value));
};

/** Makes a tensor of zeros. */
export const zeros = (shape: Shape): Tensor => filled("zeros", shape, 0);

/** Makes a tensor of ones. */
export const ones = (shape: Shape): Tensor => filled("ones", shape, 1);

/**
 * Makes a tensor of evenly spaced numbers: `range(n)` is 0 … n − 1, `range(from, to, step)` goes from `from` up to, not including, `to`.
 *
 * @example
 * ```ts
 * range(3); // 0, 1, 2
 * range(1, 2, 0.5); // 1, 1.5
 * ```
 */
export function range(from: number, to?: number, step = 1): Tensor {
  const [start, end] = to === undefined ? [0, from] : [from, to];
  if (step === 0 || !Number.isFinite((end - start) / step))
    throw new ValueError({
      operation: "range",
      what: "the step",
      expected: `a number other than 0 that leads from ${start} to ${end}`,
      got: step,
    });
  const length = Math.max(0, Math.ceil((end - start) / step));
  return leaf(
    [length],
    Float64Array.from({ length }, (_, i) => start + i * step),
  );
}
