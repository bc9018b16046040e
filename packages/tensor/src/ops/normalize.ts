import { showShape, ShapeError, ValueError } from "@convlens/backend";
import type { Operation } from "../operation.ts";
import { operand, record, type Operand } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { checkAxes, type ReduceAxes } from "./axes.ts";
import { reshape } from "./broadcast.ts";
import { add, divide, multiply, power, sqrt, square, subtract } from "./elementwise.ts";
import { averagePool2d } from "./averagePool2d.ts";
import { mean, variance } from "./reduce.ts";

const keep = { keepAxes: true } as const;

const normalizeOperation: Operation<"normalize"> = {
  name: "normalize",
  shape: ([x]) => x!,
  gradient: (dy, { inputs: [x], attributes }) => [record(gradientOperation, [dy, x!], attributes)],
  lower: ([x], { axes, epsilon }) =>
    divide(subtract(x!, mean(x!, axes, keep)), sqrt(add(variance(x!, axes, keep), epsilon))),
};

// With x̂ the normalised x and s its deviation: dx = (dy − mean(dy) − x̂ · mean(dy · x̂)) / s.
const gradientOperation: Operation<"normalizeGradient"> = {
  name: "normalizeGradient",
  shape: ([dy]) => dy!,
  lower: ([dy, x], { axes, epsilon }) => {
    const deviation = sqrt(add(variance(x!, axes, keep), epsilon));
    const normal = divide(subtract(x!, mean(x!, axes, keep)), deviation);
    const pull = add(mean(dy!, axes, keep), multiply(normal, mean(multiply(dy!, normal), axes, keep)));
    return divide(subtract(dy!, pull), deviation);
  },
};

/** Keeps the root of a variance away from 0. */
export interface EpsilonOptions {
  /** Added to the variance. Default: 1e-5. */
  readonly epsilon?: number | undefined;
}

/** Mean 0 and variance 1 over some axes: (x − mean) / √(variance + epsilon). What all normalisations are made of. */
export function normalize(x: Operand, axes: ReduceAxes, { epsilon = 1e-5 }: EpsilonOptions = {}): Tensor {
  const from = operand(x);
  return record(normalizeOperation, [from], { axes: checkAxes("normalize", from.shape, axes), epsilon });
}

/** What is learned on top of a normalisation: `normal · scale + shift`. */
export interface AffineOptions extends EpsilonOptions {
  readonly scale?: Operand | undefined;
  readonly shift?: Operand | undefined;
}

function affine(normal: Tensor, { scale, shift }: AffineOptions): Tensor {
  const scaled = scale === undefined ? normal : multiply(normal, scale);
  return shift === undefined ? scaled : add(scaled, shift);
}

/** What {@link batchNorm} may be given. */
export interface BatchNormOptions extends AffineOptions {
  /** `[c]`: given together with `variance`, they stand in for the batch's own, as in use after training. */
  readonly mean?: Operand | undefined;
  readonly variance?: Operand | undefined;
}

/**
 * Each channel (the last axis) brought to mean 0 and variance 1 over the batch and all places, then scaled and shifted
 * (Ioffe 2015).
 */
export function batchNorm(x: Operand, { mean: center, variance: spread, ...options }: BatchNormOptions = {}): Tensor {
  const from = operand(x);
  if (center === undefined || spread === undefined)
    return affine(
      normalize(
        from,
        from.shape.slice(0, -1).map((_, axis) => axis),
        options,
      ),
      options,
    );
  return affine(divide(subtract(from, center), sqrt(add(spread, options.epsilon ?? 1e-5))), options);
}

/** What {@link layerNorm} may be given. */
export interface LayerNormOptions extends AffineOptions {
  /** Default: the last. */
  readonly axes?: number | readonly number[] | undefined;
}

/** Each example brought to mean 0 and variance 1 over some of its axes, then scaled and shifted (Ba 2016). */
export const layerNorm = (x: Operand, { axes = -1, ...options }: LayerNormOptions = {}): Tensor =>
  affine(normalize(x, axes, options), options);

/** What {@link groupNorm} may be given. */
export interface GroupNormOptions extends AffineOptions {
  /** The channels are divided into this many groups, each normalised with all its places. */
  readonly groups: number;
}

/** Each example's groups of channels brought to mean 0 and variance 1, then scaled and shifted by channel (Wu 2018). */
export function groupNorm(x: Operand, { groups, ...options }: GroupNormOptions): Tensor {
  const from = operand(x);
  const channels = from.shape.at(-1);
  if (channels === undefined || from.rank < 2 || channels % groups !== 0)
    throw new ShapeError(
      `groupNorm: the channels of ${showShape(from.shape)} (its last axis) cannot be divided into ${groups} groups`,
      {
        operation: "groupNorm",
        axis: "channels",
        expected: `a multiple of ${groups}`,
        got: channels,
      },
    );
  const [n] = from.shape as [number];
  const places = from.size / (n * channels) || 0;
  const grouped = reshape(from, [n, places, groups, channels / groups]);
  return affine(reshape(normalize(grouped, [1, 3], options), from.shape), options);
}

/** Constants of {@link localResponseNorm}, AlexNet's if not given. */
export interface LocalResponseNormOptions {
  /** Neighbouring channels that count, itself among them. Default: 5. */
  readonly size?: number | undefined;
  /** Default: 1e-4. */
  readonly alpha?: number | undefined;
  /** Default: 0.75. */
  readonly beta?: number | undefined;
  /** Default: 2. */
  readonly k?: number | undefined;
}

/**
 * Each number divided by how active its neighbours in depth are: x / (k + alpha · mean(x² of `size` channels))^beta, channels
 * beyond the ends counting as 0 (Krizhevsky 2012).
 */
export function localResponseNorm(
  x: Operand,
  { size = 5, alpha = 1e-4, beta = 0.75, k = 2 }: LocalResponseNormOptions = {},
): Tensor {
  const from = operand(x);
  if (!Number.isInteger(size) || size < 1)
    throw new ValueError(`localResponseNorm: size must be a whole number of at least 1, got ${size}`, {
      operation: "localResponseNorm",
      expected: "a whole number of at least 1",
      got: size,
    });
  const channels = from.shape.at(-1) ?? 1;
  // The channels of each place, as an image of one column.
  const column = reshape(square(from), [from.size / channels || 0, channels, 1, 1]);
  const before = Math.floor(size / 2);
  const neighbours = averagePool2d(column, {
    size: [size, 1],
    stride: 1,
    padding: [
      [before, size - 1 - before],
      [0, 0],
    ],
  });
  return divide(from, power(add(multiply(reshape(neighbours, from.shape), alpha), k), beta));
}
