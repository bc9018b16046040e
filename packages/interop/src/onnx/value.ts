import { broadcastShapes, broadcastSteps, showShape, sizeOf, stepsOf, ValueError, type Shape } from "@convlens/backend";
import { reshape, tensor, transpose, Variable, type Tensor } from "@convlens/tensor";
import { eachOffset, isSame, upTo } from "./axes.ts";
import { isFloating, type ElementType, type Numbers } from "./elementTypes.ts";

/**
 * Order of the axes of a tensor: `layout[i]` is the axis in the file that is axis i here. The file's axes of images are batch,
 * channels, height, width; those here are `[0, 2, 3, 1]`. So transposing in the file changes a layout, and moves nothing.
 */
export type Layout = readonly number[];

/**
 * The axis in the file along which the examples of a batch lie: example by example, each with the same number of rows.
 * `undefined` for a value that is the same for all examples, `"mixed"` where numbers of several examples are mixed.
 */
export type BatchAxis = number | undefined | "mixed";

/** The most numbers that a constant may have. */
const MAX_NUMBERS = 2 ** 28;

/** @throws `ValueError` for more numbers than a constant may have. */
export function checkCount(shape: readonly number[]): number {
  const count = sizeOf(shape);
  if (count <= MAX_NUMBERS) return count;
  throw new ValueError({ problem: `a constant of shape ${showShape(shape)}`, expected: `at most 2^28 numbers` });
}

/** A value that is known: a weight, or what the file computes from shapes. */
export class Constant {
  readonly type: ElementType;
  readonly shape: Shape;
  /** Name of the weight, if the file stores it as one. */
  readonly name: string | undefined;
  #numbers: Numbers | (() => Numbers);
  readonly #variables = new Map<string, Variable>();

  /** @param numbers - In row-major order of the file's axes; or a function that reads them when they are first needed. */
  constructor(type: ElementType, shape: Shape, numbers: Numbers | (() => Numbers), name?: string) {
    checkCount(shape);
    this.type = type;
    this.shape = shape;
    this.name = name;
    this.#numbers = numbers;
  }

  /** Whole numbers along one axis, such as a shape. */
  static integers(numbers: readonly number[], shape: Shape = [numbers.length]): Constant {
    return new Constant("int64", shape, Float64Array.from(numbers));
  }

  get rank(): number {
    return this.shape.length;
  }

  /** The numbers in row-major order of the file's axes. */
  get numbers(): Numbers {
    if (typeof this.#numbers === "function") this.#numbers = this.#numbers();
    return this.#numbers;
  }

  /** The numbers in the order of a layout. */
  arranged(layout: Layout): Numbers {
    const { numbers, shape } = this;
    if (isSame(layout, upTo(shape.length))) return numbers;
    const moved = numbers.slice();
    const strides = stepsOf(shape);
    eachOffset(
      layout.map((axis) => shape[axis]!),
      layout.map((axis) => strides[axis]!),
      0,
      (offset, index) => (moved[index] = numbers[offset]!),
    );
    return moved;
  }

  /** The constant as a tensor. */
  tensor(layout: Layout): Tensor {
    return tensor(
      this.arranged(layout),
      layout.map((axis) => this.shape[axis]!),
    );
  }

  /** The constant as a variable, to be trained or not. The same one for the same layout. */
  variable(layout: Layout, trainable = true): Variable {
    const key = layout.join();
    let variable = this.#variables.get(key);
    if (variable === undefined) {
      const shape = layout.map((axis) => this.shape[axis]!);
      variable = new Variable(() => this.arranged(layout), shape, { name: this.name ?? "weights", trainable });
      this.#variables.set(key, variable);
    }
    return variable;
  }
}

/** A value that is computed from inputs or parameters. */
export class Live {
  readonly tensor: Tensor;
  readonly layout: Layout;
  readonly type: ElementType;
  readonly batch: BatchAxis;

  constructor(value: Tensor, layout: Layout, type: ElementType, batch: BatchAxis) {
    this.tensor = value;
    this.layout = layout;
    this.type = type;
    this.batch = batch;
  }

  get rank(): number {
    return this.layout.length;
  }

  /** Size of each axis in the order of the file. */
  get shape(): Shape {
    const shape = this.layout.map(() => 0);
    this.layout.forEach((axis, i) => (shape[axis] = this.tensor.shape[i]!));
    return shape;
  }

  /** Axis here of an axis of the file. */
  axis(inFile: number): number {
    return this.layout.indexOf(inFile);
  }

  /** The same numbers in another layout. */
  arranged(layout: Layout): Tensor {
    if (isSame(this.layout, layout)) return this.tensor;
    const order = layout.map((axis) => this.layout.indexOf(axis));
    const shape = order.map((axis) => this.tensor.shape[axis]!);
    // Axes of size 1 move for nothing.
    const large = order.filter((axis) => this.tensor.shape[axis] !== 1);
    const isInOrder = large.every((axis, i) => i === 0 || axis > large[i - 1]!);
    return isInOrder ? reshape(this.tensor, shape) : transpose(this.tensor, order);
  }

  /** A value that is computed from this one alone, element by element. */
  with(value: Tensor, type: ElementType = this.type): Live {
    return new Live(value, this.layout, type, this.batch);
  }
}

/** A value of a graph. */
export type Value = Constant | Live;

/** The value as a tensor in some layout. */
export const tensorIn = (value: Value, layout: Layout): Tensor =>
  value instanceof Constant ? value.tensor(layout) : value.arranged(layout);

/** The value as a tensor with the file's order of axes. */
export const inFileOrder = (value: Value): Tensor => tensorIn(value, upTo(value.rank));

/** The batch axis of a value. */
export const batchOf = (value: Value | undefined): BatchAxis => (value instanceof Live ? value.batch : undefined);

/** The layout that a value has, or the file's for a constant. */
export const layoutOf = (value: Value): Layout => (value instanceof Live ? value.layout : upTo(value.rank));

/** A value computed from several: their batch axes must be the same one. */
export function commonBatch(axes: readonly BatchAxis[]): BatchAxis {
  const found = new Set(axes.filter((axis) => axis !== undefined));
  return found.size === 0 ? undefined : found.size === 1 ? [...found][0] : "mixed";
}

/** The batch axis, where only these axes keep examples apart. */
export const onlyOn = (axis: BatchAxis, isAllowed: (axis: number) => boolean): BatchAxis =>
  axis === undefined || (typeof axis === "number" && isAllowed(axis)) ? axis : "mixed";

/** Gives a value more axes of size 1 in front, as broadcasting does. */
export function withRank(value: Value, rank: number): Value {
  const more = rank - value.rank;
  if (more === 0) return value;
  const front = upTo(more);
  if (value instanceof Constant)
    return new Constant(value.type, [...front.map(() => 1), ...value.shape], () => value.numbers, value.name);
  return new Live(
    reshape(value.tensor, [...front.map(() => 1), ...value.tensor.shape]),
    [...front, ...value.layout.map((axis) => axis + more)],
    value.type,
    typeof value.batch === "number" ? value.batch + more : value.batch,
  );
}

/** Joins values of any rank element by element, as numpy broadcasts. */
export function joined(values: readonly Value[], type: ElementType, join: (...tensors: Tensor[]) => Tensor): Live {
  const rank = Math.max(...values.map((value) => value.rank));
  const wide = values.map((value) => withRank(value, rank));
  // The layout of what is largest, so that little moves.
  const lives = wide.filter((value) => value instanceof Live);
  const size = (live: Live): number => live.tensor.size;
  const main = lives.reduce<Live | undefined>((a, b) => (a !== undefined && size(a) >= size(b) ? a : b), undefined);
  const layout = main?.layout ?? upTo(rank);
  return new Live(join(...wide.map((v) => tensorIn(v, layout))), layout, type, commonBatch(wide.map(batchOf)));
}

/** The shape that several shapes are broadcast to. */
export const broadcastShape = (shapes: readonly Shape[]): Shape =>
  shapes.reduce((a, b) => broadcastShapes("broadcast", a, b));

/** Computes a constant from constants, element by element. */
export function joinedConstants(
  values: readonly Constant[],
  type: ElementType,
  join: (...numbers: number[]) => number,
): Constant {
  const shape = broadcastShape(values.map((value) => value.shape));
  return computed(type, shape, (numbers) => {
    const sources = values.map((value) => spread(value, shape));
    const limit = limitOf(type);
    for (let i = 0; i < numbers.length; i++) numbers[i] = limit(join(...sources.map((source) => source[i]!)));
  });
}

/** Numbers of a constant that is broadcast to a shape. */
function spread(value: Constant, shape: Shape): Numbers {
  const strides = broadcastSteps(value.shape, shape);
  if (isSame(strides, stepsOf(shape))) return value.numbers;
  const wide = new Float64Array(sizeOf(shape));
  eachOffset(shape, strides, 0, (offset, index) => (wide[index] = value.numbers[offset]!));
  return wide;
}

/** Makes a constant by writing into its numbers. */
export function computed(type: ElementType, shape: Shape, write: (numbers: Numbers) => void): Constant {
  const count = checkCount(shape);
  const numbers = isFloating(type) && type !== "float64" ? new Float32Array(count) : new Float64Array(count);
  write(numbers);
  return new Constant(type, shape, numbers);
}

/** Bits and sign of types of whole numbers that are computed exactly; longer ones are not cut off. */
const wholeTypes: Partial<Record<ElementType, readonly [bits: number, isSigned: boolean]>> = {
  uint8: [8, false],
  int8: [8, true],
  uint16: [16, false],
  int16: [16, true],
  uint32: [32, false],
  int32: [32, true],
};

/** What a number becomes that is stored in a type: whole numbers that are too large begin again at the least. */
export function limitOf(type: ElementType): (value: number) => number {
  if (type === "bool") return (value) => (value === 0 ? 0 : 1);
  const whole = wholeTypes[type];
  if (whole === undefined) return (value) => value;
  const [bits, isSigned] = whole;
  const span = 2 ** bits;
  return (value) => {
    const rest = ((value % span) + span) % span;
    return isSigned && rest >= span / 2 ? rest - span : rest;
  };
}

/** The least and the largest number of a type of whole numbers. */
export function rangeOf(type: ElementType): readonly [least: number, largest: number] {
  const [bits, isSigned] = wholeTypes[type] ?? [type === "bool" ? 1 : 64, type !== "uint64" && type !== "bool"];
  return isSigned ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1];
}

/** A constant of some numbers of another one, from `start` in steps for each axis. */
export function picked(from: Constant, shape: Shape, strides: readonly number[], start = 0): Constant {
  const { numbers } = from;
  return computed(from.type, shape, (to) =>
    eachOffset(shape, strides, start, (offset, index) => (to[index] = numbers[offset]!)),
  );
}

/** The same numbers of a constant in another shape. */
export const reshaped = (from: Constant, shape: Shape): Constant =>
  new Constant(from.type, shape, () => from.numbers, from.name);

/** The numbers of a value if they are known. */
export function knownNumbers(value: Value): readonly number[] | undefined {
  if (value instanceof Constant) return Array.from(value.numbers);
  return value.rank < 2 && value.tensor.isKnown ? Array.from(value.tensor.knownValues) : undefined;
}
