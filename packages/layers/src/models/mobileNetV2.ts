import { checkOptions, numberAbove, wholeFrom } from "@convlens/backend";
import { ReLU6 } from "../activations.ts";
import { BatchNorm } from "../batchNorm.ts";
import { Dense } from "../dense.ts";
import { DepthwiseConv2d } from "../depthwiseConv2d.ts";
import { Dropout } from "../dropout.ts";
import type { Layer } from "../layer.ts";
import { GlobalAveragePool } from "../pooling.ts";
import { Residual } from "../residual.ts";
import { Sequential } from "../sequential.ts";
import { convNorm } from "./convNorm.ts";

/** Options of {@link mobileNetV2}. */
export interface MobileNetV2Options {
  /** Number of classes. Default: 1000. */
  readonly classes?: number;
  /** Factor of the number of filters in all layers, such as 0.5 or 1.4. Default: 1. */
  readonly width?: number;
}

/** For each stage the factor of expansion, the number of filters, the number of blocks, and the stride of the first. */
const stages = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

/** The next multiple of 8, or the one before if that takes away less than a tenth. */
function multipleOf8(count: number): number {
  const rounded = Math.max(8, Math.floor((count + 4) / 8) * 8);
  return rounded < 0.9 * count ? rounded + 8 : rounded;
}

/** An inverted residual block: more channels by a 1 × 1 convolution, a filter for each, and fewer channels again. */
function block(channels: number, expansion: number, filters: number, stride: number): Layer {
  const body = new Sequential([
    ...(expansion === 1 ? [] : [...convNorm(channels * expansion, 1), new ReLU6()]),
    new DepthwiseConv2d({ kernelSize: 3, stride, padding: 1, bias: false }),
    new BatchNorm(),
    new ReLU6(),
    ...convNorm(filters, 1),
  ]);
  return stride === 1 && channels === filters ? new Residual({ body }) : body;
}

/**
 * MobileNetV2 (Sandler 2018) for images `[224, 224, 3]` (any size of at least 32 fits): 3,504,872 parameters, 300,774,272
 * multiply-adds.
 *
 * @example
 * ```ts
 * summary(mobileNetV2({ classes: 10, width: 0.5 }), [96, 96, 3]).parameters; // 700,490
 * ```
 */
export function mobileNetV2(options: MobileNetV2Options = {}): Sequential {
  checkOptions("mobileNetV2", options, { classes: wholeFrom(1), width: numberAbove(0) });
  const { classes = 1000, width = 1 } = options;
  let channels = multipleOf8(32 * width);
  const layers = [...convNorm(channels, 3, 2), new ReLU6()];
  for (const [expansion, count, repeats, firstStride] of stages) {
    const filters = multipleOf8(count * width);
    for (let i = 0; i < repeats; i++) {
      layers.push(block(channels, expansion, filters, i === 0 ? firstStride : 1));
      channels = filters;
    }
  }
  return new Sequential([
    ...layers,
    ...convNorm(multipleOf8(1280 * Math.max(1, width)), 1),
    new ReLU6(),
    new GlobalAveragePool(),
    new Dropout({ rate: 0.2 }),
    new Dense({ units: classes }),
  ]);
}
