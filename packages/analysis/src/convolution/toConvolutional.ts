import { ShapeError, showShape, type Shape } from "@convlens/backend";
import { predict, type Layer } from "@convlens/layers";
import { reshape, slice, zeros, type Operand, type Tensor } from "@convlens/tensor";
import { fieldsOf } from "../geometry/fieldsOf.ts";
import { recordModel } from "../recordModel.ts";
import { slide } from "./slide.ts";

/** A model whose fully connected layers slide as convolutions. It shares its parameters with the model that it is made from. */
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
      throw new ShapeError(
        `toConvolutional: expected a batch of inputs of at least ${showShape(inputShape)}, got ${showShape(x.shape)}`,
        { operation: "toConvolutional", expected: inputShape, got: x.shape },
      );
    // Two examples, so that the batch is not taken for an axis of size 1.
    return slide(recordModel(this.model, zeros([2, ...inputShape])), x);
  }
}

/**
 * "Net surgery": a classifier for images of one size as a net that slides over larger ones, and gives the answer of the
 * classifier at every position in a single pass. Fully connected layers become convolutions: one that sees maps of
 * `[7, 7, 512]` has filters of 7 × 7, those behind it of 1 × 1; the mean of whole maps becomes one of windows. The weights are
 * the model's own, not copies.
 *
 * Where the model pads, the answers are not quite those for crops: a crop has zeros around it where the image goes on. See
 * {@link slidingError}.
 *
 * @param inputShape - Of one example, as the model was made for.
 * @throws `ValueError`, when it is called, for operations that need to see the whole input, such as a normalisation of it.
 *
 * @example
 * ```ts
 * const net = sequential([new Conv2d({ filters: 2, kernelSize: 3 }), new Flatten(), new Dense({ units: 10 })]);
 * const sliding = toConvolutional(net, [8, 8, 1]);
 * sliding.call(zeros([1, 12, 14, 1])).shape; // [1, 5, 7, 10]: ten scores at each of 5 · 7 positions
 * ```
 */
export const toConvolutional = (model: Layer, inputShape: Shape): Layer => new Convolutional(model, inputShape);

/**
 * Weights `[h · w · c, units]` of a fully connected layer behind maps `[h, w, c]`, as filters `[h, w, c, units]`.
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
 * Filters `[h, w, c, f]` that cover their whole input, as weights `[h · w · c, f]` of a fully connected layer.
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

/** How far the answers of a sliding net are from those for crops. */
export interface SlidingError {
  /** Positions: rows and columns; of a signal their number. */
  readonly shape: Shape;
  /** For each position the largest difference of an output. */
  readonly error: Float64Array;
  /** The largest of all, next to the largest output. */
  readonly largest: number;
  /** From one crop to the next, in pixels, along each axis. */
  readonly stride: readonly number[];
}

/**
 * Compares a sliding net with the model on each crop of a larger input. Without padding both are the same; with padding they
 * differ most where most of a crop's border is inside of the image.
 *
 * @param inputShape - Of one example, as the model was made for.
 * @param x - One larger example, `[1, H, W, c]`.
 *
 * @example
 * ```ts
 * const net = sequential([new Conv2d({ filters: 2, kernelSize: 3, padding: 1 }), new Flatten(), new Dense({ units: 3 })]);
 * const { shape, largest } = await slidingError(net, [6, 6, 1], normal([1, 9, 9, 1]));
 * shape; // [4, 4]
 * largest; // not 0: the crops see zeros where the image goes on
 * ```
 */
export async function slidingError(model: Layer, inputShape: Shape, x: Tensor): Promise<SlidingError> {
  const sliding = await predict(toConvolutional(model, inputShape), x);
  const [, ...places] = sliding.shape;
  const units = places.pop()!;
  const stride = strideOf(model, inputShape);
  const error = new Float64Array(places.reduce((a, b) => a * b, 1));
  let scale = 0;
  for (let i = 0; i < error.length; i++) {
    const at = places.length === 1 ? [i] : [Math.floor(i / places[1]!), i % places[1]!];
    const begin = at.map((place, axis) => place * stride[axis]!);
    const crop = slice(x, [0, ...begin, 0], [1, ...inputShape]);
    const { values } = await predict(model, crop);
    for (let unit = 0; unit < units; unit++) {
      error[i] = Math.max(error[i]!, Math.abs(values[unit]! - sliding.values[i * units + unit]!));
      scale = Math.max(scale, Math.abs(values[unit]!));
    }
  }
  return { shape: places, error, largest: error.reduce((a, b) => Math.max(a, b), 0) / (scale || 1), stride };
}

/** How far the last maps jump: the step from one crop to the next. */
function strideOf(model: Layer, inputShape: Shape): number[] {
  const recorded = recordModel(model, zeros([2, ...inputShape]));
  const fields = fieldsOf(recorded);
  return inputShape.slice(0, -1).map((_, i) => {
    let jump = 1;
    for (const t of recorded.tensors) {
      const factor = fields
        .get(t)
        ?.axes.flat()
        .find(({ along }) => along === i + 1);
      if (factor !== undefined) jump = Math.max(jump, Math.abs(factor.step));
    }
    return jump;
  });
}
