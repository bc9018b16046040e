import { checkOptions, checkValue, sizeOf, wholeFrom, type OptionCheck, type Shape } from "@convlens/backend";
import type { Tensor } from "@convlens/tensor";
import { ReLU } from "../activations.ts";
import { Crop } from "../borders.ts";
import { Conv2d } from "../conv2d.ts";
import { ConvTranspose2d } from "../convTranspose2d.ts";
import { Dense } from "../dense.ts";
import { Flatten } from "../flatten.ts";
import { PrintedLayer } from "../formatModel.ts";
import { apply, run, type Layer, type Mode } from "../layer.ts";
import { Reshape } from "../reshape.ts";
import { Sequential } from "../sequential.ts";

/** Options of {@link autoencoder}. */
export interface AutoencoderOptions {
  /** Shape of an image, `[height, width, channels]`. */
  readonly shape: Shape;
  /** Numbers of the code. Default: none; the code is the maps of the last convolution. */
  readonly code?: number;
  /** Number of filters of the first convolution; each further one has twice as many. Default: 16. */
  readonly filters?: number;
  /** Number of convolutions, each of which halves the maps. Default: 2. */
  readonly depth?: number;
}

/** Two models in a row: `encoder`, from images to codes, and `decoder`, from codes to images. */
export class Autoencoder extends PrintedLayer implements Layer {
  readonly encoder: Layer;
  readonly decoder: Layer;

  constructor(encoder: Layer, decoder: Layer) {
    super();
    this.encoder = encoder;
    this.decoder = decoder;
  }

  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, (inner) => apply(this.decoder, apply(this.encoder, x, inner), inner));
  }
}

const shapeOption: OptionCheck = (value) =>
  Array.isArray(value) && value.length === 3 && value.every((size) => wholeFrom(1)(size) === undefined)
    ? undefined
    : "the shape of an image, [height, width, channels], such as [28, 28, 1]";

/**
 * A convolutional autoencoder, `[n, h, w, c] → [n, h, w, c]`: convolutions of stride 2, and as many transposed ones. The output has no
 * activation; train it with the mean squared error, or with the cross-entropy of sigmoids for pixels from 0 to 1.
 *
 * @example
 * ```ts
 * const model = build(autoencoder({ shape: [28, 28, 1], code: 32 }), [28, 28, 1]);
 * const codes = await predict(model.encoder, zeros([5, 28, 28, 1])); // [5, 32]
 * ```
 */
export function autoencoder(options: AutoencoderOptions): Autoencoder {
  const count = wholeFrom(1);
  checkOptions("autoencoder", options, { shape: shapeOption, code: count, filters: count, depth: count });
  checkValue("autoencoder", "shape", options.shape, shapeOption);
  const { shape, code, filters = 16, depth = 2 } = options;
  const [height, width, channels] = shape as [number, number, number];
  const widths = Array.from({ length: depth }, (_, i) => filters * 2 ** i);
  const window = { kernelSize: 3, stride: 2, padding: "same" } as const;
  const factor = 2 ** depth;
  const smallest = [Math.ceil(height / factor), Math.ceil(width / factor), widths.at(-1)!];
  const encoder = new Sequential([
    ...widths.flatMap((width_) => [new Conv2d({ ...window, filters: width_ }), new ReLU()]),
    ...(code === undefined ? [] : [new Flatten(), new Dense({ units: code })]),
  ]);
  const decoder = new Sequential([
    ...(code === undefined
      ? []
      : [new Dense({ units: sizeOf(smallest) }), new ReLU(), new Reshape({ shape: smallest })]),
    ...[channels, ...widths.slice(0, -1)]
      .toReversed()
      .flatMap((width_, i) => [
        new ConvTranspose2d({ ...window, filters: width_ }),
        ...(i === depth - 1 ? [] : [new ReLU()]),
      ]),
    // Sizes that are not a multiple were rounded up at each halving.
    ...(height % factor === 0 && width % factor === 0
      ? []
      : [
          new Crop({
            cropping: [
              [0, smallest[0]! * factor - height],
              [0, smallest[1]! * factor - width],
            ],
          }),
        ]),
  ]);
  return new Autoencoder(encoder, decoder);
}
