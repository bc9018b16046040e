import { placeOf, ShapeError, showShape, sizeOf, type Shape } from "@convlens/backend";
import { predict, type Layer } from "@convlens/layers";
import { reshape, slice, zeros, type Operand, type Tensor } from "@convlens/tensor";
import { fieldsOf } from "../geometry/fieldsOf.ts";
import { recordModel } from "../recordModel.ts";
import { slide } from "./slide.ts";

/** A model whose fully connected layers are applied as convolutions. It shares the parameters of the original model. */
class Convolutional implements Layer {
  readonly model: Layer;
  readonly inputShape: Shape;

  constructor(model: Layer, inputShape: Shape) {
    this.model = model;
    this.inputShape = inputShape;
  }

  call(x: Tensor): Tensor {
    const { inputShape } = this;
    if (x.rank !== inputShape.length + 1 || inputShape.some((size, axis) => x.shape[axis + 1]! < size))
      throw new ShapeError({
        operation: "toConvolutional",
        expected: `a batch of inputs of at least ${showShape(inputShape)}`,
        got: x.shape,
      });
    // Two examples, to distinguish the batch from axes of size 1.
    return slide(recordModel(this.model, zeros([2, ...inputShape])), x);
  }
}

/**
 * Converts a classifier for images of one size to a fully convolutional model ("net surgery"), which returns the output of the
 * classifier at every position of a larger image in one pass. Fully connected layers become convolutions: one that sees maps of
 * `[7, 7, 512]` gets filters of 7 × 7, later ones of 1 × 1; global average pooling becomes a sliding mean. The weights are shared
 * with the model, not copied.
 *
 * If the model pads, the outputs differ slightly from those for crops, which have zeros where the image continues; see
 * {@link slidingError}.
 *
 * @param inputShape - Shape of one example that the model was made for.
 * @throws `ValueError`, when called, for operations that need the whole input, such as a normalization over it.
 *
 * @example
 * ```ts
 * const net = sequential([new Conv2d({ filters: 2, kernelSize: 3 }), new Flatten(), new Dense({ units: 10 })]);
 * const sliding = toConvolutional(net, [8, 8, 1]);
 * sliding.call(zeros([1, 12, 14, 1])).shape; // [1, 5, 7, 10]: ten logits at each of 5 · 7 positions
 * ```
 */
export const toConvolutional = (model: Layer, inputShape: Shape): Layer => new Convolutional(model, inputShape);

/**
 * Converts weights `[h · w · c, units]` of a fully connected layer after maps `[h, w, c]` to filters `[h, w, c, units]`.
 *
 * @example
 * ```ts
 * weightsToFilters(zeros([400, 120]), [5, 5, 16]).shape; // [5, 5, 16, 120]
 * ```
 */
export function weightsToFilters(weights: Operand, maps: Shape): Tensor {
  const units = typeof weights === "number" ? 1 : (weights.shape.at(-1) ?? 1);
  return reshape(weights, [...maps, units]);
}

/**
 * Converts filters `[h, w, c, f]` that cover their whole input to weights `[h · w · c, f]` of a fully connected layer.
 *
 * @example
 * ```ts
 * filtersToWeights(zeros([5, 5, 16, 120])).shape; // [400, 120]
 * ```
 */
export function filtersToWeights(filters: Operand): Tensor {
  const shape = typeof filters === "number" ? [1] : filters.shape;
  return reshape(filters, [-1, shape.at(-1) ?? 1]);
}

/** The difference between the outputs of a sliding model and those for crops. */
export interface SlidingError {
  /** Number of positions along each axis. */
  readonly shape: Shape;
  /** Largest difference of an output at each position. */
  readonly error: Float64Array;
  /** Largest difference of all, relative to the largest output. */
  readonly largest: number;
  /** Distance between crops along each axis, in pixels. */
  readonly stride: readonly number[];
}

/**
 * Compares the sliding model with the model on each crop of a larger input. Without padding both agree; with padding they differ
 * most for crops inside the image.
 *
 * @param inputShape - Shape of one example that the model was made for.
 * @param x - One larger example, `[1, H, W, c]`.
 *
 * @example
 * ```ts
 * const net = sequential([new Conv2d({ filters: 2, kernelSize: 3, padding: 1 }), new Flatten(), new Dense({ units: 3 })]);
 * const { shape, largest } = await slidingError(net, [6, 6, 1], normal([1, 9, 9, 1]));
 * shape; // [4, 4]
 * largest; // not 0: the crops see zeros where the image continues
 * ```
 */
export async function slidingError(model: Layer, inputShape: Shape, x: Tensor): Promise<SlidingError> {
  const sliding = await predict(toConvolutional(model, inputShape), x);
  const logits = sliding.knownValues;
  const places = sliding.shape.slice(1, -1);
  const units = sliding.shape.at(-1) ?? 1;
  const stride = strideOf(model, inputShape);
  const error = new Float64Array(sizeOf(places));
  let scale = 0;
  for (const i of error.keys()) {
    const begin = placeOf(i, places).map((place, axis) => place * stride[axis]!);
    const crop = slice(x, [0, ...begin, 0], [1, ...inputShape]);
    for (const [unit, value] of (await predict(model, crop)).knownValues.entries()) {
      error[i] = Math.max(error[i]!, Math.abs(value - logits[i * units + unit]!));
      scale = Math.max(scale, Math.abs(value));
    }
  }
  return { shape: places, error, largest: error.reduce((a, b) => Math.max(a, b), 0) / (scale || 1), stride };
}

/** Returns the jump of the last maps, which is the distance between crops. */
function strideOf(model: Layer, inputShape: Shape): number[] {
  const recorded = recordModel(model, zeros([2, ...inputShape]));
  const fields = fieldsOf(recorded);
  return inputShape.slice(0, -1).map((_, i) => {
    const factors = recorded.tensors.map((t) =>
      fields
        .get(t)
        ?.axes.flat()
        .find(({ along }) => along === i + 1),
    );
    return Math.max(1, ...factors.map((factor) => Math.abs(factor?.step ?? 0)));
  });
}
