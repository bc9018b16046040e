import {
  anyOption,
  checkOptions,
  numberAbove,
  numberFrom,
  oneOf,
  seedOption,
  wholeFrom,
  type OptionChecks,
  Random,
  turn,
  ValueError,
  type Shape,
  type Values,
} from "@convlens/backend";
import {
  finiteOption,
  absolute,
  adamStep,
  add,
  compile,
  gradients,
  mean,
  movingAverage,
  multiply,
  reshape,
  slice,
  square,
  subtract,
  tensor,
  Variable,
  zeros,
  type Tensor,
} from "@convlens/tensor";
import { planesOf } from "../planes.ts";
import { awaken } from "./awaken.ts";
import { imageParameters, type ImageParameterKind } from "./imageParameters.ts";
import { randomMovement, resampled, samplingOf, type TransformationOptions } from "./transformation.ts";
import { rangeOption } from "../optionChecks.ts";

/** Options of the optimization of an image. */
export interface AscentOptions {
  /** Number of steps. Default: 256. */
  readonly steps?: number;
  /** Number of steps between results; the start and the end are always yielded. Default: 16. */
  readonly every?: number;
  /** Learning rate of Adam. Default: 0.05. */
  readonly learningRate?: number;
  /** Parametrization of the image: by its Fourier coefficients or its pixels. Default: `"fourier"`. */
  readonly parameters?: ImageParameterKind;
  /** Smallest and largest value of a pixel. Default: 0 to 1. */
  readonly range?: readonly [low: number, high: number];
  /**
   * Mean of the random start: best that of the data, since a model may respond to any other brightness. Default: the middle of
   * the range.
   */
  readonly brightness?: number;
  /** Random transformations at each step, which make the result robust; `false` for none. */
  readonly transform?: TransformationOptions | false;
  /** Weight of the total variation, which smooths the image. */
  readonly totalVariation?: number;
  /** Seed of the start and the movements. Default: 0. */
  readonly seed?: number;
  /** Aborts between two steps. */
  readonly signal?: AbortSignal;
}

/** A result of the optimization of images. */
export interface Painting {
  /** Number of steps done. */
  readonly step: number;
  /** `[n, h, w, c]`, or `[n, l, c]` of signals. */
  readonly shape: Shape;
  /** The images. */
  readonly values: Values;
  /** The objective of each image, without transformations. */
  readonly measures: Values;
}

/** The objective of an optimization. */
export interface Subject {
  /** Shape of the images: `[n, h, w, c]` or `[n, l, c]`. */
  readonly shape: Shape;
  /** The measure of each image: `[n, h, w, c] → [n]`. */
  measure(image: Tensor): Tensor;
  /** The loss to minimize, a scalar. */
  loss(image: Tensor): Tensor;
}

/** The total variation: the mean absolute difference of neighbouring pixels. */
function totalVariation(image: Tensor): Tensor {
  const [n, h, w, c] = image.shape as readonly [number, number, number, number];
  const part = (top: number, left: number, height: number, width: number): Tensor =>
    slice(image, [0, top, left, 0], [n, height, width, c]);
  const across = mean(absolute(subtract(part(0, 1, h, w - 1), part(0, 0, h, w - 1))));
  return h === 1 ? across : add(across, mean(absolute(subtract(part(1, 0, h - 1, w), part(0, 0, h - 1, w)))));
}

/** Checks of {@link AscentOptions}. */
export const ascentChecks = (): OptionChecks<AscentOptions> => ({
  steps: wholeFrom(0),
  every: wholeFrom(1),
  learningRate: numberAbove(0),
  parameters: oneOf("fourier", "pixels"),
  range: rangeOption,
  brightness: finiteOption,
  transform: (value) =>
    value === false || (typeof value === "object" && value !== null) ? undefined : "false or an object",
  totalVariation: numberFrom(0),
  seed: seedOption,
  signal: anyOption,
});

const [KEEP_MEAN, KEEP_SQUARE] = [0.9, 0.999];

/** Optimizes random images for a loss. Yields the start, intermediate results and the end. */
export async function* ascend(subject: Subject, options: AscentOptions): AsyncGenerator<Painting, void, void> {
  const { steps = 256, every = 16, learningRate = 0.05, range = [0, 1], transform = {}, signal } = options;
  if (transform !== false)
    checkOptions("visualize: transform", transform, {
      jitter: numberFrom(0),
      scale: numberFrom(0),
      rotate: finiteOption,
    });
  const { brightness = (range[0] + range[1]) / 2 } = options;
  if (!(brightness > range[0] && brightness < range[1]))
    throw new ValueError({
      operation: "visualize",
      what: "the brightness of the start",
      expected: `between ${range[0]} and ${range[1]}, the darkest and the brightest`,
      got: brightness,
    });
  const planes = planesOf(subject.shape, "visualize");
  const { height, width } = planes;
  const random = new Random(options.seed ?? 0);
  const { variables, image } = imageParameters(
    options.parameters ?? "fourier",
    planes,
    { range, brightness },
    random.split("start"),
  );
  const shaped = (t: Tensor): Tensor => reshape(t, subject.shape);
  const memory = variables.map((variable) =>
    ["mean", "square"].map((name) => new Variable(new Float32Array(variable.size), variable.shape, { name })),
  ) as [Variable, Variable][];

  const step = compile((indices: Tensor, weights: Tensor, size: Tensor, bias1: Tensor, bias2: Tensor): void => {
    const plain = image();
    const seen = transform === false ? plain : resampled(plain, indices, weights);
    const smooth = options.totalVariation ? multiply(totalVariation(plain), options.totalVariation) : 0;
    gradients(add(subject.loss(shaped(seen)), smooth), variables, { rule: awaken, unused: "zeros" }).forEach(
      (gradient, i) => {
        const [first, second] = memory[i]!;
        first.assign(movingAverage(first, gradient, KEEP_MEAN));
        second.assign(movingAverage(second, square(gradient), KEEP_SQUARE));
        variables[i]!.assign(adamStep(variables[i]!, first, second, size, bias1, bias2, 1e-8));
      },
    );
  });
  const look = compile(() => {
    const now = shaped(image());
    return { now, measures: subject.measure(now) };
  });
  const still = { indices: zeros([1]), weights: zeros([1]) };
  const moves = random.split("moves");
  const moved = (): typeof still => {
    if (transform === false) return still;
    const { indices, weights } = samplingOf(height, width, randomMovement(moves, planes, transform));
    return { indices: tensor(indices, [4, height * width]), weights: tensor(weights, [4, height * width]) };
  };
  try {
    for (let done = 0; ; done++) {
      signal?.throwIfAborted();
      if (done % every === 0 || done === steps) {
        const { now, measures } = await look();
        yield { step: done, shape: subject.shape, values: now.knownValues, measures: measures.knownValues };
      }
      if (done >= steps) return;
      const { indices, weights } = moved();
      await turn();
      await step(indices, weights, learningRate, 1 - KEEP_MEAN ** (done + 1), 1 - KEEP_SQUARE ** (done + 1));
    }
  } finally {
    step.dispose();
    look.dispose();
    for (const variable of [...variables, ...memory.flat()]) variable.dispose();
  }
}
