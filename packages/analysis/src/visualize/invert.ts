import { checkOptions } from "@convlens/backend";
import type { Layer } from "@convlens/layers";
import { add, divide, mean, square, subtract, sum, tensor, type Tensor } from "@convlens/tensor";
import { layerNamed, recordModel } from "../recordModel.ts";
import { ascend, ascentChecks, type AscentOptions, type Painting } from "./ascend.ts";
import { textOption } from "../optionChecks.ts";

/** Options of {@link invert}. */
export interface InvertOptions extends AscentOptions {
  /** Path of the layer whose activations are inverted. */
  readonly layer: string;
  /** Weight of the total variation. Default: 0.1. */
  readonly totalVariation?: number;
}

/**
 * Inverts the activations of a layer: optimizes noise until the layer responds to it as to the given image (Mahendran and Vedaldi
 * 2015). What both images share is what the layer keeps.
 *
 * Yields the start, intermediate results and the end; `break` stops it. The measures are the distances of the activations,
 * relative to the norm of the original's.
 *
 * @param x - `[n, h, w, c]` or `[n, l, c]`
 *
 * @example
 * ```ts
 * const net = build(sequential([new Conv2d({ filters: 4, kernelSize: 3 }), new ReLU(), new MaxPool2d({ kernelSize: 2 })]), [12, 12, 1]);
 * for await (const { step, measures } of invert(net, images, { layer: "layers.2", steps: 32 }))
 *   console.log(step, measures[0]); // approaches 0
 * ```
 */
export async function* invert(model: Layer, x: Tensor, options: InvertOptions): AsyncGenerator<Painting, void, void> {
  checkOptions("invert", options, { ...ascentChecks(), layer: textOption });
  const { layer, totalVariation = 0.1, ...ascent } = options;
  const codeOf = (image: Tensor): Tensor => layerNamed(recordModel(model, image), layer).output;
  const original = codeOf(x);
  const code = tensor(await original.data(), original.shape);
  const axes = code.shape.map((_, axis) => axis).slice(1);
  // |code(image) − code(x)|² / |code(x)|²
  const distance = (image: Tensor): Tensor =>
    divide(sum(square(subtract(codeOf(image), code)), axes), add(sum(square(code), axes), 1e-12));
  yield* ascend(
    { shape: x.shape, measure: distance, loss: (image) => mean(distance(image)) },
    { transform: false, ...ascent, totalVariation },
  );
}
