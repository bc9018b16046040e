import { sizeOf } from "@convlens/backend";
import {
  add,
  clip,
  divide,
  max,
  maximum,
  min,
  minimum,
  multiply,
  reshape,
  round,
  subtract,
  where,
  equal,
} from "@convlens/tensor";
import { upTo } from "../axes.ts";
import { elementType, type ElementType } from "../elementTypes.ts";
import { refuse, type NodeCall, type Operator } from "../node.ts";
import {
  batchOf,
  computed,
  Constant,
  inFileOrder,
  joined,
  joinedConstants,
  Live,
  rangeOf,
  reshaped,
  tensorIn,
  type Value,
} from "../value.ts";
import { windowOf } from "../window.ts";
import { convolve, mapsOf } from "./convolution.ts";
import { product } from "./products.ts";
import { roundEven } from "./arithmetic.ts";

// Whole numbers are computed in float32, which is exact below 2²⁴.

/** The largest whole number up to which float32 has all of them. */
const EXACT = 2 ** 24;

/** A scale or zero point of one number for each place along an axis, so that it broadcasts; or in blocks along it. */
function alongAxis(call: NodeCall, value: Value, x: Value): Value {
  if (value.rank === 0 || sizeOf(value.shape) === 1) return shaped(value, []);
  const axis = call.axis(x.rank, 1);
  const block = call.integer("block_size", 0);
  if (value.rank === 1 && block === 0)
    return shaped(
      value,
      upTo(x.rank).map((i) => (i === axis ? value.shape[0]! : 1)),
    );
  if (!(value instanceof Constant)) return refuse("scales in blocks must be known");
  return computed(value.type, x.shape, (to) => {
    const count = value.shape[axis]!;
    for (let i = 0; i < to.length; i++) {
      const inner = sizeOf(x.shape.slice(axis + 1));
      const [outer, at, rest] = [
        Math.floor(i / (inner * x.shape[axis]!)),
        Math.floor(i / inner) % x.shape[axis]!,
        i % inner,
      ];
      to[i] = value.numbers[(outer * count + Math.floor(at / block)) * inner + rest]!;
    }
  });
}

const shaped = (value: Value, shape: readonly number[]): Value =>
  value instanceof Constant
    ? reshaped(value, shape)
    : new Live(
        reshape(inFileOrder(value), shape),
        upTo(shape.length),
        value.type,
        value.batch === undefined ? undefined : "mixed",
      );

/** The type that a zero point or an attribute asks for. */
const targetType = (call: NodeCall, zero: Value | undefined): ElementType =>
  zero?.type ?? elementType(call.integer("output_dtype", 2)) ?? refuse("the type of the result is not supported");

/** clip(round(x / scale) + zero point) */
function quantized(x: Value, scale: Value, zero: Value | undefined, type: ElementType): Value {
  const [least, largest] = rangeOf(type);
  if (largest > EXACT) refuse(`whole numbers of type ${type} are too large to be computed exactly`);
  const values = zero === undefined ? [x, scale] : [x, scale, zero];
  if (values.every((value) => value instanceof Constant))
    return joinedConstants(values, type, (a, b, c = 0) =>
      Math.min(largest, Math.max(least, roundEven(Math.fround(a / b)) + c)),
    );
  return joined(values, type, (a, b, c) => {
    const whole = round(divide(a, b));
    return clip(c === undefined ? whole : add(whole, c), least, largest);
  });
}

const quantize: Operator = {
  since: [10, 13, 19, 21, 23, 24],
  record(call) {
    const x = call.input(0);
    const zero = call.inputs[2];
    const scale = alongAxis(call, call.input(1), x);
    return quantized(x, scale, zero && alongAxis(call, zero, x), targetType(call, zero));
  },
};

/** (x − zero point) · scale */
function dequantized(x: Value, scale: Value, zero: Value | undefined): Value {
  const values = zero === undefined ? [x, scale] : [x, scale, zero];
  if (values.every((value) => value instanceof Constant)) {
    const made = joinedConstants(values, scale.type, (a, b, c = 0) => (a - c) * b);
    return new Constant(made.type, made.shape, made.numbers, x instanceof Constant ? x.name : undefined);
  }
  return joined(values, scale.type, (a, b, c) => multiply(c === undefined ? a : subtract(a, c), b));
}

const dequantize: Operator = {
  since: [10, 13, 19, 21, 23, 24],
  record(call) {
    const x = call.input(0);
    const zero = call.inputs[2];
    return dequantized(x, alongAxis(call, call.input(1), x), zero && alongAxis(call, zero, x));
  },
};

/** Quantizes to 8 bits by the least and largest number, which include 0. */
const dynamicQuantize: Operator = {
  since: [11],
  record(call) {
    const value = call.input(0);
    const x = inFileOrder(value);
    const axes = upTo(x.rank);
    const [low, high] = [minimum(min(x, axes), 0), maximum(max(x, axes), 0)];
    const scale = divide(subtract(high, low), 255);
    // A scale of 0 is that of numbers that are all 0.
    const zero = clip(round(where(equal(scale, 0), 0, divide(subtract(0, low), scale))), 0, 255);
    const y = clip(add(round(divide(x, scale)), zero), 0, 255);
    const batch = batchOf(value) === undefined ? undefined : ("mixed" as const);
    return [
      new Live(y, axes, "uint8", batch),
      new Live(scale, [], "float32", batch),
      new Live(zero, [], "uint8", batch),
    ];
  },
};

/** The numbers without their zero point. */
const centered = (x: Value, zero: Value | undefined, shape?: readonly number[]): Value =>
  zero === undefined
    ? x
    : joined([x, shape === undefined ? zero : shaped(zero, shape)], "float32", (a, b) => subtract(a, b));

/** Refuses sums that may not be exact: `count` products of numbers of these types. */
function checkExact(count: number, a: Value, b: Value): void {
  const size = (value: Value): number => {
    if (value instanceof Constant) return Array.from(value.numbers).reduce((most, v) => Math.max(most, Math.abs(v)), 0);
    const [least, largest] = rangeOf(value.type);
    return Math.max(-least, largest);
  };
  if (count * size(a) * size(b) > EXACT * 256)
    refuse(`sums of ${count} products of whole numbers cannot be computed exactly in float32`);
}

/** A convolution of whole numbers. */
function convInteger(
  call: NodeCall,
  x: Value,
  filters: Value,
  xZero: Value | undefined,
  filterZero: Value | undefined,
): Live {
  const kernel = filters.shape.slice(2);
  checkExact(sizeOf(filters.shape.slice(1)), x, filters);
  const window = windowOf(call, kernel);
  const { x: maps, layout, batch } = mapsOf(centered(x, xZero));
  const zeroShape =
    filterZero !== undefined && sizeOf(filterZero.shape) > 1
      ? [filterZero.shape[0]!, ...filters.shape.slice(1).map(() => 1)]
      : undefined;
  const weights = tensorIn(centered(filters, filterZero, zeroShape), [
    ...upTo(kernel.length).map((axis) => axis + 2),
    1,
    0,
  ]);
  return new Live(convolve(maps, weights, window, call.integer("group", 1)), layout, "int32", batch);
}

/** Turns sums of whole numbers into those of another scale. */
function requantized(sums: Live, scales: readonly Value[], outScale: Value, zero: Value): Value {
  const type = zero.type;
  const [least, largest] = rangeOf(type);
  return joined([sums, ...scales, outScale, zero], type, (y, a, b, out, z) =>
    clip(add(round(divide(multiply(y, multiply(a, b)), out)), z), least, largest),
  );
}

const perFilter = (value: Value, rank: number): Value =>
  sizeOf(value.shape) === 1 ? shaped(value, []) : shaped(value, [1, value.shape[0]!, ...upTo(rank - 2).map(() => 1)]);

const qLinearConv: Operator = {
  since: [10],
  record(call) {
    const [x, xScale, xZero, filters, filterScale, filterZero, outScale, outZero, bias] = upTo(9).map(
      (i) => call.inputs[i],
    );
    const sums = convInteger(call, x!, filters!, xZero, filterZero);
    const biased =
      bias === undefined
        ? sums
        : joined([sums, shaped(bias, [1, bias.shape[0]!, ...upTo(sums.rank - 2).map(() => 1)])], "int32", (a, b) =>
            add(a, b),
          );
    return requantized(
      biased,
      [shaped(xScale!, []), perFilter(filterScale!, sums.rank)],
      shaped(outScale!, []),
      shaped(outZero!, []),
    );
  },
};

/** A zero point or scale of a matrix: one number, or one for each row of the left or each column of the right one. */
const perLine = (value: Value | undefined, isLeft: boolean): Value | undefined => {
  if (value === undefined || value.rank === 0) return value;
  if (sizeOf(value.shape) === 1) return shaped(value, []);
  return isLeft && value.rank === 1 ? shaped(value, [value.shape[0]!, 1]) : value;
};

function matMulInteger(a: Value, b: Value, aZero: Value | undefined, bZero: Value | undefined): Live {
  checkExact(a.shape.at(-1) ?? 1, a, b);
  const y = product(centered(a, perLine(aZero, true)), centered(b, perLine(bZero, false)));
  return new Live(y.tensor, y.layout, "int32", y.batch);
}

const qLinearMatMul: Operator = {
  since: [10, 21],
  record(call) {
    const [a, aScale, aZero, b, bScale, bZero, outScale, outZero] = upTo(8).map((i) => call.input(i));
    const sums = matMulInteger(a!, b!, aZero, bZero);
    return requantized(sums, [perLine(aScale, true)!, perLine(bScale, false)!], outScale!, outZero!);
  },
};

export const quantization: Readonly<Record<string, Operator>> = {
  QuantizeLinear: quantize,
  DequantizeLinear: dequantize,
  DynamicQuantizeLinear: dynamicQuantize,
  ConvInteger: {
    since: [10],
    record: (call) => convInteger(call, call.input(0), call.input(1), call.inputs[2], call.inputs[3]),
  },
  QLinearConv: qLinearConv,
  MatMulInteger: {
    since: [10],
    record: (call) => matMulInteger(call.input(0), call.input(1), call.inputs[2], call.inputs[3]),
  },
  QLinearMatMul: qLinearMatMul,
};
