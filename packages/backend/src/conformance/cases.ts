import {
  conv2dGeometry,
  convFilterShape,
  convInputShape,
  convOutputShape,
  convTranspose2dGeometry,
  pool2dGeometry,
  poolInputShape,
  poolOutputShape,
  type Conv2dGeometry,
  type Padding,
  type Pool2dGeometry,
} from "../geometry.ts";
import type { BinaryOp, Composites, Fusions, Operations, Primitives, Section, UnaryOp } from "../operations.ts";
import { broadcastShapes, sizeOf, type Shape } from "../shape.ts";
import type { Case, Cases, CompositeCase, CompositeCases } from "./case.ts";
import { chainCase, chainSumCase } from "./chain.ts";
import type { Dice } from "./dice.ts";
import { normalizeCases } from "./normalizeCases.ts";
import { resizeCases } from "./resizeCases.ts";
import { softmaxCases } from "./softmaxCases.ts";

const positive = (dice: Dice): number => 0.1 + 3 * dice.unit();
const unary = (dice: Dice): Case<UnaryOp> => {
  const shape = dice.shape();
  return { inputs: [shape], attributes: {}, output: shape };
};
const binary = (dice: Dice): Case<BinaryOp> => {
  const shape = dice.shape();
  const [a, b] = [dice.shrunk(shape), dice.shrunk(shape)];
  return { inputs: [a, b], attributes: {}, output: broadcastShapes("test", a, b) };
};
/** Draws one of a few numbers, so that many are equal. */
const coarse = (dice: Dice): number => dice.int(-2, 2);
const comparison = (dice: Dice): Case<BinaryOp> => ({ ...binary(dice), number: coarse });

const reduction = (dice: Dice): Case<Operations["sum"]> => {
  const shape = dice.shape(dice.int(1, 4));
  const axes = shape.flatMap((_, axis) => (dice.unit() < 0.5 ? [axis] : []));
  return { inputs: [shape], attributes: { axes }, output: shape.map((size, axis) => (axes.includes(axis) ? 1 : size)) };
};

/** A section of a larger tensor, with positive and negative steps. */
const section = (dice: Dice): { readonly whole: Shape; readonly part: Section } => {
  const whole = dice.shape(dice.int(1, 4));
  const step = whole.map(() => dice.pick([1, 1, 2, -1, -2]));
  const shape = whole.map((size, axis) => dice.int(1, Math.ceil(size / Math.abs(step[axis]!))));
  const begin = whole.map((size, axis) => {
    const reach = (shape[axis]! - 1) * step[axis]!;
    return reach < 0 ? dice.int(-reach, size - 1) : dice.int(0, size - 1 - reach);
  });
  return { whole, part: { begin, step, shape } };
};

const padding = (dice: Dice): Padding =>
  dice.pick([
    0,
    1,
    "same",
    [1, 0],
    [
      [0, 1],
      [2, 0],
    ],
  ] as const);
const convolution = (dice: Dice): Conv2dGeometry => {
  const groups = dice.pick([1, 1, 2, 3]);
  const [c, f] = [dice.int(1, 3), groups * dice.int(1, 3)];
  const window = [dice.int(1, 4), dice.int(1, 4)] as const;
  const input = [dice.int(1, 3), dice.int(7, 11), dice.int(7, 11), c * groups];
  const options = {
    groups,
    padding: padding(dice),
    stride: [dice.int(1, 3), dice.int(1, 3)] as const,
    dilation: [dice.int(1, 2), dice.int(1, 2)] as const,
  };
  // A transposed convolution has geometries that no convolution has: rows after the last window, and windows beyond the padding.
  return dice.unit() < 0.3 ? transposedConvolution(dice) : conv2dGeometry(input, [...window, c, f], options);
};
const transposedConvolution = (dice: Dice): Conv2dGeometry => {
  const groups = dice.pick([1, 1, 2, 3]);
  const channels = groups * dice.int(1, 3);
  const [stride, dilation] = [dice.int(1, 3), dice.int(1, 3)];
  return convTranspose2dGeometry(
    [dice.int(1, 2), dice.int(3, 6), dice.int(3, 6), channels],
    [dice.int(1, 3), dice.int(1, 3), dice.int(1, 3), channels],
    {
      groups,
      stride,
      dilation,
      padding: dice.pick([0, 1, "same"] as const),
      outputPadding: dice.int(0, Math.max(stride, dilation) - 1),
    },
  );
};
const pooling = (dice: Dice): Pool2dGeometry => {
  const size = [dice.int(2, 3), dice.int(2, 3)] as const;
  const input = [dice.int(1, 3), dice.int(6, 9), dice.int(6, 9), dice.int(1, 5)];
  return pool2dGeometry(input, {
    kernelSize: size,
    stride: [dice.int(1, 3), dice.int(1, 3)],
    dilation: dice.int(1, 2),
    padding: dice.pick([0, 1, "same"] as const),
  });
};

const step = (dice: Dice): Case<Operations["momentumStep"]> => {
  const shape = dice.shape();
  return { inputs: [shape, shape], attributes: { momentum: 0.9 }, output: shape };
};
const withBias = (dice: Dice, { relu }: { readonly relu: boolean }): CompositeCase<Operations["conv2dBias"]> => {
  const geometry = convolution(dice);
  const output = convOutputShape(geometry);
  return {
    inputs: [convInputShape(geometry), convFilterShape(geometry), [geometry.outChannels]],
    attributes: { geometry },
    output,
    meaning: (write, [x, filters, bias]) => {
      const sum = write("add", [write("conv2d", [x, filters], { geometry }, output), bias], {}, output);
      return relu ? write("relu", [sum], {}, output) : sum;
    },
  };
};

/** Operations that only the `join` of a backend makes, for geometries that it has a kernel for. */
type OfOneBackend = "conv2dGradients" | "result";

/** Ways to make cases of every operation; the type leaves none out. */
export const cases: Cases<keyof Primitives> & CompositeCases<Exclude<keyof Composites | keyof Fusions, OfOneBackend>> =
  {
    negate: unary,
    absolute: unary,
    sign: (dice) => ({ ...unary(dice), number: coarse }),
    exp: unary,
    expm1: unary,
    log: (dice) => ({ ...unary(dice), number: positive }),
    log1p: (dice) => ({ ...unary(dice), number: positive }),
    sqrt: (dice) => ({ ...unary(dice), number: positive }),
    reciprocal: (dice) => ({ ...unary(dice), number: positive }),
    sin: unary,
    cos: unary,
    tanh: unary,
    erf: unary,
    sigmoid: unary,
    relu: unary,
    copy: unary,
    add: binary,
    subtract: binary,
    multiply: binary,
    divide: (dice) => ({ ...binary(dice), number: positive }),
    power: (dice) => ({ ...binary(dice), number: positive }),
    maximum: binary,
    minimum: binary,
    equal: comparison,
    greater: comparison,
    greaterEqual: comparison,
    where: (dice) => {
      const shape = dice.shape();
      const [condition, a, b] = [dice.shrunk(shape), dice.shrunk(shape), dice.shrunk(shape)];
      const output = broadcastShapes("test", broadcastShapes("test", condition, a), b);
      return {
        inputs: [condition, a, b],
        attributes: {},
        output,
        number: (d, input) => (input === 0 ? d.int(0, 1) : d.unit()),
      };
    },
    sum: reduction,
    max: reduction,
    argmax: (dice) => {
      const shape = dice.shape(dice.int(1, 4));
      const axis = dice.int(0, shape.length - 1);
      return { inputs: [shape], attributes: { axis }, output: shape.with(axis, 1), number: coarse };
    },
    reshape: (dice) => {
      const shape = dice.shape();
      const flat = [sizeOf(shape)];
      return { inputs: [shape], attributes: { shape: flat }, output: flat };
    },
    broadcast: (dice) => {
      const shape = dice.shape();
      return { inputs: [dice.shrunk(shape)], attributes: { shape }, output: shape };
    },
    transpose: (dice) => {
      const shape = dice.shape(dice.int(1, 4));
      const order = dice.order(shape.length);
      return { inputs: [shape], attributes: { order }, output: order.map((axis) => shape[axis]!) };
    },
    slice: (dice) => {
      const { whole, part } = section(dice);
      return { inputs: [whole], attributes: part, output: part.shape };
    },
    place: (dice) => {
      const { whole, part } = section(dice);
      return { inputs: [part.shape], attributes: { ...part, shape: whole }, output: whole };
    },
    concat: (dice) => {
      const shape = dice.shape(dice.int(1, 4));
      const axis = dice.int(0, shape.length - 1);
      const sizes = Array.from({ length: dice.int(1, 9) }, () => dice.int(1, 4));
      const [first = shape, ...others] = sizes.map((size) => shape.with(axis, size));
      return {
        inputs: [first, ...others],
        attributes: { axis },
        output: shape.with(
          axis,
          sizes.reduce((sum, size) => sum + size, 0),
        ),
      };
    },
    gather: (dice) => {
      const [table, indices] = [dice.shape(dice.int(1, 3)), dice.shape(dice.int(0, 2))];
      const number = (d: Dice, input: number): number => (input === 0 ? d.unit() : d.int(0, table[0]! - 1));
      return { inputs: [table, indices], attributes: {}, output: [...indices, ...table.slice(1)], number };
    },
    scatter: (dice) => {
      const [indices, rest] = [dice.shape(dice.int(0, 2)), dice.shape(dice.int(0, 2))];
      const size = dice.int(1, 6);
      // An index past the end is ignored.
      const number = (d: Dice, input: number): number => (input === 0 ? d.unit() : d.int(0, size));
      return { inputs: [[...indices, ...rest], indices], attributes: { size }, output: [size, ...rest], number };
    },
    matmul: (dice) => {
      const [m, k, n] = [dice.int(1, 9), dice.int(1, 17), dice.int(1, 9)];
      const batch = dice.shape(dice.int(0, 2));
      const [transposeA, transposeB] = [dice.unit() < 0.5, dice.unit() < 0.5];
      const [a, b] = [transposeA ? [k, m] : [m, k], transposeB ? [n, k] : [k, n]];
      return {
        inputs: [
          [...batch, ...a],
          [...batch, ...b],
        ],
        attributes: { transposeA, transposeB },
        output: [...batch, m, n],
      };
    },
    conv2d: (dice) => {
      const geometry = convolution(dice);
      return {
        inputs: [convInputShape(geometry), convFilterShape(geometry)],
        attributes: { geometry },
        output: convOutputShape(geometry),
      };
    },
    conv2dInputGradient: (dice) => {
      const geometry = convolution(dice);
      return {
        inputs: [convOutputShape(geometry), convFilterShape(geometry)],
        attributes: { geometry },
        output: convInputShape(geometry),
      };
    },
    conv2dFilterGradient: (dice) => {
      const geometry = convolution(dice);
      return {
        inputs: [convOutputShape(geometry), convInputShape(geometry)],
        attributes: { geometry },
        output: convFilterShape(geometry),
      };
    },
    maxPool2d: (dice) => {
      const geometry = pooling(dice);
      return {
        inputs: [poolInputShape(geometry)],
        attributes: { geometry },
        output: poolOutputShape(geometry),
        number: coarse,
      };
    },
    maxPool2dGradient: (dice) => {
      const geometry = pooling(dice);
      return {
        inputs: [poolOutputShape(geometry), poolInputShape(geometry)],
        attributes: { geometry },
        output: poolInputShape(geometry),
        number: coarse,
      };
    },
    maxPool2dSelect: (dice) => {
      const geometry = pooling(dice);
      return {
        inputs: [poolInputShape(geometry), poolInputShape(geometry)],
        attributes: { geometry },
        output: poolOutputShape(geometry),
        number: (d, input) => (input === 0 ? d.unit() : coarse(d)),
      };
    },
    sumPool2d: (dice) => {
      const geometry = pooling(dice);
      return { inputs: [poolInputShape(geometry)], attributes: { geometry }, output: poolOutputShape(geometry) };
    },
    sumPool2dGradient: (dice) => {
      const geometry = pooling(dice);
      return { inputs: [poolOutputShape(geometry)], attributes: { geometry }, output: poolInputShape(geometry) };
    },
    randomUniform: (dice) => {
      const shape = dice.shape();
      return {
        inputs: [[2]],
        attributes: { shape, stream: dice.int(0, 999) },
        output: shape,
        number: (d) => d.int(0, 0xffffff),
      };
    },
    ...softmaxCases,
    ...normalizeCases,
    ...resizeCases,
    lpPool2d: (dice) => {
      const geometry = pooling(dice);
      const [from, to] = [poolInputShape(geometry), poolOutputShape(geometry)];
      const p = dice.pick([1, 2, 3, 4, 2.5]);
      return {
        inputs: [from],
        attributes: { geometry, p },
        output: to,
        meaning: (write, [x]) => {
          const powers = write("power", [write("absolute", [x], {}, from), write.constant(p)], {}, from);
          return write("power", [write("sumPool2d", [powers], { geometry }, to), write.constant(1 / p)], {}, to);
        },
      };
    },
    lpPool2dGradient: (dice) => {
      const geometry = pooling(dice);
      const [from, to] = [poolInputShape(geometry), poolOutputShape(geometry)];
      const p = dice.pick([1, 2, 3, 2.5]);
      return {
        inputs: [to, from, to],
        attributes: { geometry, p },
        output: from,
        // Some windows are 0.
        number: (d, input) => (input === 2 ? Math.max(0, d.unit() - 0.1) : coarse(d)),
        meaning: (write, [dy, x, y]) => {
          const slope = write("divide", [dy, write("power", [y, write.constant(p - 1)], {}, to)], {}, to);
          const isZero = write("equal", [y, write.constant(0)], {}, to);
          const share = write("where", [isZero, write.constant(0), slope], {}, to);
          const size = write("power", [write("absolute", [x], {}, from), write.constant(p - 1)], {}, from);
          const factor = write("multiply", [write("sign", [x], {}, from), size], {}, from);
          const dx = write("multiply", [factor, write("sumPool2dGradient", [share], { geometry }, from)], {}, from);
          const ones = write("broadcast", [write.constant(1)], { shape: to }, to);
          const isSeen = write("sumPool2dGradient", [ones], { geometry }, from);
          return write("where", [isSeen, dx, write.constant(0)], {}, from);
        },
      };
    },
    movingAverage: (dice) => {
      const { inputs, output } = step(dice);
      return {
        inputs,
        attributes: { keep: 0.75 },
        output,
        meaning: (write, [old, fresh]) =>
          write(
            "add",
            [
              write("multiply", [old, write.constant(0.75)], {}, output),
              write("multiply", [fresh, write.constant(0.25)], {}, output),
            ],
            {},
            output,
          ),
      };
    },
    momentumStep: (dice) => {
      const made = step(dice);
      return {
        ...made,
        meaning: (write, [velocity, gradient]) =>
          write(
            "add",
            [write("multiply", [velocity, write.constant(0.9)], {}, made.output), gradient],
            {},
            made.output,
          ),
      };
    },
    sgdStep: (dice) => {
      const { inputs, output } = step(dice);
      return {
        inputs: [...inputs, []],
        attributes: {},
        output,
        meaning: (write, [p, g, rate]) => write("subtract", [p, write("multiply", [g, rate], {}, output)], {}, output),
      };
    },
    adamStep: (dice) => {
      const { output: shape } = step(dice);
      return {
        inputs: [shape, shape, shape, [], [], []],
        attributes: { epsilon: 1e-3 },
        output: shape,
        number: positive,
        meaning: (write, [p, first, second, rate, correction1, correction2]) => {
          const root = write("sqrt", [write("divide", [second, correction2], {}, shape)], {}, shape);
          const divisor = write("add", [root, write.constant(1e-3)], {}, shape);
          const way = write("divide", [write("divide", [first, correction1], {}, shape), divisor], {}, shape);
          return write("subtract", [p, write("multiply", [way, rate], {}, shape)], {}, shape);
        },
      };
    },
    conv2dBias: (dice) => withBias(dice, { relu: false }),
    conv2dBiasRelu: (dice) => withBias(dice, { relu: true }),
    pointwise: chainCase,
    pointwiseSum: chainSumCase,
  };
