import { checkOptions, sizeOf, wholeFrom, type OptionCheck } from "@convlens/backend";
import { LeakyReLU, ReLU, Tanh } from "../activations.ts";
import { BatchNorm } from "../batchNorm.ts";
import { Conv2d } from "../conv2d.ts";
import { ConvTranspose2d } from "../convTranspose2d.ts";
import { Flatten } from "../flatten.ts";
import type { Initializer } from "../initializers.ts";
import { Reshape } from "../reshape.ts";
import { Sequential } from "../sequential.ts";

/** Options of {@link dcgan}. */
export interface DCGANOptions {
  /** Height and width of the images, a power of 2 of at least 8. Default: 64. */
  readonly size?: number;
  /** Number of channels of the images. Default: 3. */
  readonly channels?: number;
  /** Number of random numbers that an image is made from. Default: 100. */
  readonly latent?: number;
  /** Number of filters at half the size; each level below has twice as many. Default: 64. */
  readonly filters?: number;
}

const sizeOption: OptionCheck = (value) =>
  Number.isSafeInteger(value) && (value as number) >= 8 && Number.isInteger(Math.log2(value as number))
    ? undefined
    : "a power of 2 of at least 8";

const initializer: Initializer = (shape, _, random) => random.normal(sizeOf(shape), 0, 0.02);

/**
 * The two models of a DCGAN (Radford 2015): `generator`, from random numbers `[n, latent]` to images `[n, size, size, channels]` from
 * −1 to 1, and `discriminator`, from images to the logit `[n, 1]` of being real. With the defaults they have 3,576,704 and 2,765,568
 * parameters.
 *
 * @example
 * ```ts
 * const { generator, discriminator } = dcgan({ size: 16, channels: 1, filters: 16 });
 * const fake = generator.call(normal([4, 100]));
 * discriminator.call(fake).shape; // [4, 1]
 * ```
 */
export function dcgan(options: DCGANOptions = {}): {
  readonly generator: Sequential;
  readonly discriminator: Sequential;
} {
  const count = wholeFrom(1);
  checkOptions("dcgan", options, { size: sizeOption, channels: count, latent: count, filters: count });
  const { size = 64, channels = 3, latent = 100, filters = 64 } = options;
  // From half the size down to 4 × 4.
  const widths = Array.from({ length: Math.log2(size) - 2 }, (_, i) => filters * 2 ** i);
  const weights = { kernelSize: 4, bias: false, initializer } as const;
  const halved = { ...weights, stride: 2, padding: 1 } as const;
  const generator = new Sequential([
    new Reshape({ shape: [1, 1, latent] }),
    ...widths
      .toReversed()
      .flatMap((width, i) => [
        new ConvTranspose2d(i === 0 ? { ...weights, filters: width } : { ...halved, filters: width }),
        new BatchNorm(),
        new ReLU(),
      ]),
    new ConvTranspose2d({ ...halved, filters: channels }),
    new Tanh(),
  ]);
  const discriminator = new Sequential([
    ...widths.flatMap((width, i) => [
      new Conv2d({ ...halved, filters: width }),
      ...(i === 0 ? [] : [new BatchNorm()]),
      new LeakyReLU({ negativeSlope: 0.2 }),
    ]),
    new Conv2d({ ...weights, filters: 1 }),
    new Flatten(),
  ]);
  return { generator, discriminator };
}
