import {
  checkOptions,
  checkValue,
  numberFrom,
  wholeFrom,
  ShapeError,
  type OptionCheck,
  type Shape,
} from "@convlens/backend";
import type { Layer } from "@convlens/layers";
import {
  add,
  divide,
  matmul,
  mean,
  multiply,
  negate,
  reshape,
  slice,
  sqrt,
  square,
  subtract,
  sum,
  tensor,
  type Tensor,
} from "@convlens/tensor";
import { checkUnit } from "../geometry/inputsSeen.ts";
import { shapeOption } from "../optionChecks.ts";
import { layerNamed, recordModel, type RecordedModel } from "../recordModel.ts";
import { ascend, ascentChecks, type AscentOptions, type Painting } from "./ascend.ts";

/**
 * What an image is optimized to activate: a class (one number of the output), or of a layer one channel (the mean of its map, or
 * one unit of a dense layer), one unit at a position, a direction in the space of its channels, or the whole layer (the mean
 * square, "deep dream").
 */
export type Objective =
  | { readonly class: number }
  | { readonly layer: string; readonly channel: number }
  | { readonly layer: string; readonly unit: readonly number[] }
  | { readonly layer: string; readonly direction: readonly number[] }
  | { readonly layer: string };

/** Options of {@link visualize}. */
export interface VisualizeOptions extends AscentOptions {
  /** Number of images. Default: 1. */
  readonly count?: number;
  /** Weight of the diversity of several images: the dissimilarity of the Gram matrices of their channels. Default: 1. */
  readonly diversity?: number;
  /** Weight of the total variation. Default: 0.1. */
  readonly totalVariation?: number;
}

const checkIndex = (what: string, index: number, size: number, layer: string): void =>
  checkValue("visualize", `the ${what} of ${layer}`, index, wholeFrom(0, size - 1));

/** The mean over all positions of a layer's output: `[n, …, c] → [n, c]`. */
const overPlaces = (y: Tensor): Tensor => (y.rank === 2 ? y : mean(y, y.shape.map((_, axis) => axis).slice(1, -1)));

/** Accepts objects; their fields are checked with the recorded model. */
const objectiveOption: OptionCheck = (value) =>
  typeof value === "object" && value !== null ? undefined : "an object such as { class: 0 } or { layer, channel }";

/** The objective in a recorded model: `[n]`. */
function excitement(recorded: RecordedModel, objective: Objective): Tensor {
  const name = "class" in objective ? "the output" : `layer "${objective.layer}"`;
  const y = "class" in objective ? recorded.output : layerNamed(recorded, objective.layer).output;
  const [n = 1, ...shape] = y.shape;
  const channels = shape.at(-1) ?? 1;
  const channel = "class" in objective ? objective.class : "channel" in objective ? objective.channel : undefined;
  if (channel !== undefined) {
    checkIndex("class" in objective ? "class" : "channel", channel, channels, name);
    return reshape(slice(overPlaces(y), [0, channel], [n, 1]), [n]);
  }
  if ("unit" in objective) {
    const { unit } = objective;
    checkUnit(objective.layer, shape, unit);
    return reshape(slice(y, [0, ...unit], [n, ...unit.map(() => 1)]), [n]);
  }
  if ("direction" in objective) {
    const { direction } = objective;
    if (direction.length !== channels)
      throw new ShapeError({
        operation: "visualize",
        what: "direction",
        expected: `${channels} numbers, one for each channel of ${name}`,
        got: direction.length,
      });
    return sum(multiply(overPlaces(y), tensor(direction)), -1);
  }
  return mean(square(y), y.shape.map((_, axis) => axis).slice(1));
}

/** The similarity of images: the mean cosine, over pairs, of the Gram matrices of their channels (Olah et al. 2017). */
function likeness(maps: Tensor): Tensor {
  const [n = 1] = maps.shape;
  const channels = maps.shape.at(-1) ?? 1;
  const flat = reshape(maps, [n, maps.size / n / channels, channels]);
  const gram = reshape(matmul(flat, flat, { transposeA: true }), [n, channels * channels]);
  // Maps of zeros have no direction.
  const unit = divide(gram, sqrt(add(sum(square(gram), -1, { keepAxes: true }), 1e-12)));
  const cosines = matmul(unit, unit, { transposeB: true });
  // Without the pairs of an image with itself.
  return divide(subtract(sum(cosines), sum(square(unit))), n * (n - 1));
}

/** The maps that diversity compares: those of the objective's layer, or the last ones before it with positions. */
function mapsBefore(recorded: RecordedModel, objective: Objective): Tensor | undefined {
  const last =
    "layer" in objective ? recorded.layers.indexOf(layerNamed(recorded, objective.layer)) : recorded.layers.length - 1;
  const outputs = recorded.layers.slice(0, last + 1).map(({ output }) => output);
  return outputs.findLast(({ rank, shape }) => rank >= 3 && shape.at(-1) !== 1);
}

/**
 * Feature visualization: optimizes noise to activate a class, a channel or a unit (Erhan et al. 2009, Olah et al. 2017). Images are
 * parametrized by their Fourier coefficients, transformed randomly at each step so that the result does not depend on single
 * pixels, and smoothed.
 *
 * Yields the start, intermediate results and the end; `break` stops it.
 *
 * @param inputShape - Shape of one example: `[height, width, channels]` or `[length, channels]`.
 *
 * @example
 * ```ts
 * const net = build(sequential([new Conv2d({ filters: 4, kernelSize: 3 }), new ReLU()]), [12, 12, 1]);
 * for await (const { step, measures, values } of visualize(net, [12, 12, 1], { layer: "layers.1", channel: 2 }, { steps: 32 }))
 *   console.log(step, measures[0], values.length); // the activation of the channel, and the image
 * ```
 */
export function visualize(
  model: Layer,
  inputShape: Shape,
  objective: Objective,
  options: VisualizeOptions = {},
): AsyncGenerator<Painting, void, void> {
  checkOptions("visualize", options, { ...ascentChecks(), count: wholeFrom(1), diversity: numberFrom(0) });
  checkValue("visualize", "inputShape", inputShape, shapeOption);
  checkValue("visualize", "objective", objective, objectiveOption);
  const { count = 1, diversity = count > 1 ? 1 : 0, totalVariation = 0.1 } = options;
  const shape = [count, ...inputShape];
  // Throws early for a wrong objective.
  excitement(recordModel(model, inputShape), objective);
  return ascend(
    {
      shape,
      measure: (image) => excitement(recordModel(model, image), objective),
      loss: (image) => {
        const recorded = recordModel(model, image);
        const wanted = negate(mean(excitement(recorded, objective)));
        const maps = diversity > 0 && count > 1 ? mapsBefore(recorded, objective) : undefined;
        return maps === undefined ? wanted : add(wanted, multiply(likeness(maps), diversity));
      },
    },
    { ...options, totalVariation },
  );
}
