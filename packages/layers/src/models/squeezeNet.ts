import { checkOptions, oneOf, wholeFrom } from "@convlens/backend";
import { ReLU } from "../activations.ts";
import { Conv2d } from "../conv2d.ts";
import { Dropout } from "../dropout.ts";
import type { Layer } from "../layer.ts";
import { Parallel } from "../parallel.ts";
import { GlobalAveragePool, MaxPool2d } from "../pooling.ts";
import { Sequential } from "../sequential.ts";

/** Options of {@link squeezeNet}. */
export interface SqueezeNetOptions {
  /** Number of classes. Default: 1000. */
  readonly classes?: number;
  /** `"1.0"` is the published model (1,248,424 parameters), `"1.1"` has less than half of its products. Default: `"1.1"`. */
  readonly version?: "1.0" | "1.1";
}

const conv = (filters: number, kernelSize: number, stride = 1, padding = 0): Layer[] => [
  new Conv2d({ filters, kernelSize, stride, padding }),
  new ReLU(),
];

const pool = (): Layer => new MaxPool2d({ kernelSize: 3, stride: 2, geometry: "ceil" });

/** A fire module: few channels, then many of 1 × 1 and 3 × 3 convolutions side by side. */
const fire = (squeezed: number): Layer[] => [
  ...conv(squeezed, 1),
  new Parallel([new Sequential(conv(4 * squeezed, 1)), new Sequential(conv(4 * squeezed, 3, 1, 1))]),
];

/**
 * SqueezeNet (Iandola 2016) for images `[224, 224, 3]`: 1,235,496 parameters, 349,151,936 multiply-adds. Other sizes fit, too.
 *
 * @example
 * ```ts
 * summary(squeezeNet({ classes: 10 }), [64, 64, 3]).parameters; // 727,626
 * ```
 */
export function squeezeNet(options: SqueezeNetOptions = {}): Sequential {
  checkOptions("squeezeNet", options, { classes: wholeFrom(1), version: oneOf("1.0", "1.1") });
  const { classes = 1000, version = "1.1" } = options;
  const published = version === "1.0";
  const stages = published
    ? [[16, 16, 32], [32, 48, 48, 64], [64]]
    : [
        [16, 16],
        [32, 32],
        [48, 48, 64, 64],
      ];
  return new Sequential([
    ...(published ? conv(96, 7, 2) : conv(64, 3, 2)),
    ...stages.flatMap((squeezed) => [pool(), ...squeezed.flatMap(fire)]),
    new Dropout(),
    ...conv(classes, 1),
    new GlobalAveragePool(),
  ]);
}
