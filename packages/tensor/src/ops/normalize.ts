import { anyOption, checkOptions, checkValue, ShapeError, wholeFrom } from "@convlens/backend";
import type { Operation } from "../operation.ts";
import { operand, record, type Operand } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { averagePool2d } from "./averagePool2d.ts";
import { checkAxes, type ReduceAxes } from "./axes.ts";
import { reshape, sum, sumTo } from "./broadcast.ts";
import { add, divide, multiply, power, sqrt, square, subtract } from "./elementwise.ts";
import { momentsOf, pairOf } from "./moments.ts";
import { stack } from "./movement.ts";
import { affineChecks, epsilonOption, finiteOption } from "./options.ts";

/** x̂, and its divisor. */
function normalOf(
  x: Tensor,
  moments: Tensor,
  epsilon: number,
): { readonly normal: Tensor; readonly deviation: Tensor } {
  const [mean, variance] = pairOf(moments);
  const deviation = sqrt(add(variance, epsilon));
  return { normal: divide(subtract(x, mean), deviation), deviation };
}

// The moments are always those of x, so their dependence on x is part of its gradient, and they get no gradient of their own.
const normalizeOperation: Operation<"normalize"> = {
  name: "normalize",
  shape: ([x]) => x,
  gradient: (dy, { inputs: [x, moments, scale, shift], attributes }) => {
    const sums = record(sumsOperation, [dy, x, moments], attributes);
    const [sum, product] = pairOf(sums);
    return [
      record(gradientOperation, [dy, x, moments, sums, scale], attributes),
      null,
      sumTo(product, scale.shape),
      sumTo(sum, shift.shape),
    ];
  },
  lower: ([x, moments, scale, shift], { epsilon }) => add(multiply(normalOf(x, moments, epsilon).normal, scale), shift),
};

const sumsOperation: Operation<"normalizeSums"> = {
  name: "normalizeSums",
  shape: ([, , moments]) => moments,
  lower: ([dy, x, moments], { axes, epsilon }) =>
    stack([dy, multiply(dy, normalOf(x, moments, epsilon).normal)].map((each) => sum(each, axes, { keepAxes: true }))),
};

const gradientOperation: Operation<"normalizeGradient"> = {
  name: "normalizeGradient",
  shape: ([dy]) => dy,
  lower: ([dy, x, moments, sums, scale], { epsilon }) => {
    const { normal, deviation } = normalOf(x, moments, epsilon);
    const [meanOfDy, meanOfProduct] = pairOf(divide(sums, (2 * x.size) / sums.size || 0));
    return multiply(subtract(subtract(dy, meanOfDy), multiply(normal, meanOfProduct)), divide(scale, deviation));
  },
};

/** Option that keeps a deviation away from 0. */
export interface EpsilonOptions {
  /** Added to the variance. Default: 1e-5. */
  readonly epsilon?: number | undefined;
}

/** Normalizes to mean 0 and variance 1 over some axes: (x − mean) / √(variance + epsilon). All normalizations use it. */
export function normalize(x: Operand, axes: ReduceAxes, options: EpsilonOptions = {}): Tensor {
  checkOptions("normalize", options, { epsilon: epsilonOption });
  return normalizeAffine(operand(x), axes, { epsilon: options.epsilon });
}

/** Learned scale and shift of a normalization: `normal · scale + shift`. */
export interface AffineOptions extends EpsilonOptions {
  readonly scale?: Operand | undefined;
  readonly shift?: Operand | undefined;
}

/** Normalizes, scales and shifts: in one operation if scale and shift are constant along the axes, else one after the other. */
function normalizeAffine(x: Tensor, of: ReduceAxes, { epsilon = 1e-5, scale = 1, shift = 0 }: AffineOptions): Tensor {
  const axes = checkAxes("normalize", x.shape, of);
  const moments = momentsOf(x, axes);
  const kept = moments.shape.slice(1);
  const fits = ({ shape, rank }: Tensor): boolean =>
    rank <= kept.length && shape.every((size, axis) => size === 1 || size === kept.at(axis - rank));
  const [a, b] = [operand(scale), operand(shift)];
  if (fits(a) && fits(b)) return record(normalizeOperation, [x, moments, a, b], { axes, epsilon });
  return affine(record(normalizeOperation, [x, moments, operand(1), operand(0)], { axes, epsilon }), { scale, shift });
}

function affine(normal: Tensor, { scale, shift }: AffineOptions): Tensor {
  const scaled = scale === undefined ? normal : multiply(normal, scale);
  return shift === undefined ? scaled : add(scaled, shift);
}

/** Options of {@link batchNorm}. */
export interface BatchNormOptions extends AffineOptions {
  /** `[c]`: given together with `variance`, they replace the moments of the batch, as at inference. */
  readonly mean?: Operand | undefined;
  readonly variance?: Operand | undefined;
}

/**
 * Batch normalization: each channel (the last axis) gets mean 0 and variance 1 over the batch and all positions, and is then
 * scaled and shifted (Ioffe 2015).
 */
export function batchNorm(x: Operand, given: BatchNormOptions = {}): Tensor {
  checkOptions("batchNorm", given, { ...affineChecks, mean: anyOption, variance: anyOption });
  const { mean: center, variance: spread, ...options } = given;
  const from = operand(x);
  if (center === undefined || spread === undefined)
    return normalizeAffine(
      from,
      from.shape.slice(0, -1).map((_, axis) => axis),
      options,
    );
  const { epsilon = 1e-5, scale = 1, shift } = options;
  // One factor for each channel, so that no element is divided.
  return affine(multiply(subtract(from, center), divide(scale, sqrt(add(spread, epsilon)))), { shift });
}

/** Options of {@link layerNorm}. */
export interface LayerNormOptions extends AffineOptions {
  /** Axes to normalize over. Default: the last. */
  readonly axes?: number | readonly number[] | undefined;
}

/** Layer normalization: each example gets mean 0 and variance 1 over some axes, and is then scaled and shifted (Ba 2016). */
export function layerNorm(x: Operand, given: LayerNormOptions = {}): Tensor {
  checkOptions("layerNorm", given, { ...affineChecks, axes: anyOption });
  const { axes = -1, ...options } = given;
  return normalizeAffine(operand(x), axes, options);
}

/** Options of {@link groupNorm}. */
export interface GroupNormOptions extends AffineOptions {
  /** Number of groups that the channels are divided into; each is normalized over all its positions. */
  readonly groups: number;
}

/** Group normalization: each group of channels of each example gets mean 0 and variance 1; channels are then scaled and shifted (Wu 2018). */
export function groupNorm(x: Operand, given: GroupNormOptions): Tensor {
  checkOptions("groupNorm", given, { ...affineChecks, groups: wholeFrom(1) });
  checkValue("groupNorm", "groups", given.groups, wholeFrom(1));
  const { groups, ...options } = given;
  const from = operand(x);
  const channels = from.shape.at(-1);
  if (channels === undefined || from.rank < 2 || channels % groups !== 0)
    throw new ShapeError({
      operation: "groupNorm",
      expected: `an input whose channels can be divided into ${groups} groups`,
      got: from.shape,
    });
  const [n] = from.shape as [number];
  const places = from.size / (n * channels) || 0;
  const grouped = reshape(from, [n, places, groups, channels / groups]);
  return affine(reshape(normalize(grouped, [1, 3], { epsilon: options.epsilon }), from.shape), options);
}

/** Options of {@link localResponseNorm}; the defaults are those of AlexNet. */
export interface LocalResponseNormOptions {
  /** Number of neighbouring channels, including the channel itself. Default: 5. */
  readonly size?: number | undefined;
  /** Default: 1e-4. */
  readonly alpha?: number | undefined;
  /** Default: 0.75. */
  readonly beta?: number | undefined;
  /** Default: 2. */
  readonly k?: number | undefined;
}

/**
 * Local response normalization: divides each element by the activity of its neighbours in depth,
 * x / (k + alpha · mean(x² of `size` channels))^beta, with channels beyond the ends as 0 (Krizhevsky 2012).
 */
export function localResponseNorm(x: Operand, options: LocalResponseNormOptions = {}): Tensor {
  checkOptions("localResponseNorm", options, {
    size: wholeFrom(1),
    alpha: finiteOption,
    beta: finiteOption,
    k: finiteOption,
  });
  const { size = 5, alpha = 1e-4, beta = 0.75, k = 2 } = options;
  const from = operand(x);
  const channels = from.shape.at(-1) ?? 1;
  // The channels of each position as an image of one column.
  const column = reshape(square(from), [from.size / channels || 0, channels, 1, 1]);
  const before = Math.floor(size / 2);
  const neighbours = averagePool2d(column, {
    kernelSize: [size, 1],
    stride: 1,
    padding: [
      [before, size - 1 - before],
      [0, 0],
    ],
  });
  return divide(from, power(add(multiply(reshape(neighbours, from.shape), alpha), k), beta));
}
