import { checkOptions, wholeFrom } from "@convlens/backend";
import { ReLU } from "../activations.ts";
import { Conv2d } from "../conv2d.ts";
import { ConvTranspose2d } from "../convTranspose2d.ts";
import type { Layer } from "../layer.ts";
import { MaxPool2d } from "../pooling.ts";
import { Sequential } from "../sequential.ts";
import { SkipConnection } from "../skipConnection.ts";
import { convNorm } from "./convNorm.ts";

/** Options of {@link unet}. */
export interface UNetOptions {
  /** Number of channels of the output, one for each class. Default: 2. */
  readonly classes?: number;
  /** Number of filters at full size; each level below has twice as many. Default: 64. */
  readonly filters?: number;
  /** Number of times that maps are halved. Default: 4. */
  readonly depth?: number;
}

const convs = (filters: number): Layer[] => [...convNorm(filters, 3), new ReLU(), ...convNorm(filters, 3), new ReLU()];

/** The layers of a level and, inside its skip connection, all levels below. */
function level(filters: number, depth: number): Layer[] {
  if (depth === 0) return convs(filters);
  const body = new Sequential([
    new MaxPool2d({ kernelSize: 2, padding: "same" }),
    ...level(2 * filters, depth - 1),
    new ConvTranspose2d({ filters, kernelSize: 2, stride: 2 }),
  ]);
  return [...convs(filters), new SkipConnection({ body }), ...convs(filters)];
}

/**
 * U-Net (Ronneberger 2015) for images of any size: `[n, h, w, c] → [n, h, w, classes]`, logits for each pixel. Unlike the published
 * one it pads, so that the output is as large as the input, and normalises batches. For images with three channels it has
 * 31,037,698 parameters.
 *
 * @example
 * ```ts
 * const model = build(unet({ classes: 1, filters: 8, depth: 2 }), [50, 70, 3]);
 * ```
 */
export function unet(options: UNetOptions = {}): Sequential {
  checkOptions("unet", options, { classes: wholeFrom(1), filters: wholeFrom(1), depth: wholeFrom(0) });
  const { classes = 2, filters = 64, depth = 4 } = options;
  return new Sequential([...level(filters, depth), new Conv2d({ filters: classes, kernelSize: 1 })]);
}
