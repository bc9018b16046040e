import { checkOptions, numberAbove, wholeFrom } from "@convlens/backend";
import { ReLU } from "../activations.ts";
import { Residual } from "../residual.ts";
import { Dense } from "../dense.ts";
import type { Layer } from "../layer.ts";
import { GlobalAveragePool, MaxPool2d } from "../pooling.ts";
import { Sequential } from "../sequential.ts";
import { convNorm } from "./convNorm.ts";

/** Options of {@link resnet50}. */
export interface ResNet50Options {
  /** Number of classes. Default: 1000. */
  readonly classes?: number;
  /** Factor of the filters inside the blocks: 2 for Wide ResNet-50-2 (68,883,240 parameters). Default: 1. */
  readonly width?: number;
}

/** Convolutions and a shortcut around them, which is a convolution where the shape changes. */
function block(body: readonly Layer[], filters: number, stride: number, grows: boolean): Layer[] {
  const shortcut = grows ? new Sequential(convNorm(filters, 1, stride)) : undefined;
  return [new Residual({ body: new Sequential(body), shortcut }), new ReLU()];
}

/** Two convolutions. */
const plain = (filters: number, stride: number, grows: boolean): Layer[] =>
  block([...convNorm(filters, 3, stride), new ReLU(), ...convNorm(filters, 3)], filters, stride, grows);

/** Three convolutions, of which the middle one has a quarter of the filters, times `width`. */
function bottleneck(filters: number, stride: number, grows: boolean, width: number): Layer[] {
  const narrow = Math.round((filters / 4) * width);
  const body = [
    ...convNorm(narrow, 1),
    new ReLU(),
    ...convNorm(narrow, 3, stride),
    new ReLU(),
    ...convNorm(filters, 1),
  ];
  return block(body, filters, stride, grows);
}

/** Layers before and after the blocks, which both models have in common. */
const around = (blocks: readonly Layer[], classes: number): Sequential =>
  new Sequential([
    ...convNorm(64, 7, 2),
    new ReLU(),
    new MaxPool2d({ kernelSize: 3, stride: 2, padding: 1 }),
    ...blocks,
    new GlobalAveragePool(),
    new Dense({ units: classes }),
  ]);

/** ResNet-18 (He 2016) for images `[224, 224, 3]`: 11,689,512 parameters, 1,814,073,344 multiply-adds. */
export function resnet18(options: { readonly classes?: number } = {}): Sequential {
  checkOptions("resnet18", options, { classes: wholeFrom(1) });
  const { classes = 1000 } = options;
  const blocks = [64, 128, 256, 512].flatMap((filters, stage) => [
    ...plain(filters, stage === 0 ? 1 : 2, stage > 0),
    ...plain(filters, 1, false),
  ]);
  return around(blocks, classes);
}

/**
 * ResNet-50 (He 2016), with the stride in the middle convolution of a block as in PyTorch, for images `[224, 224, 3]` (any size of at
 * least 32 fits): 25,557,032 parameters, 4,089,184,256 multiply-adds.
 *
 * @example
 * ```ts
 * summary(resnet50({ classes: 10 }), [64, 64, 3]).parameters; // 23,528,522
 * ```
 */
export function resnet50(options: ResNet50Options = {}): Sequential {
  checkOptions("resnet50", options, { classes: wholeFrom(1), width: numberAbove(0) });
  const { classes = 1000, width = 1 } = options;
  const blocks = [3, 4, 6, 3].flatMap((count, stage) =>
    Array.from({ length: count }, (_, i) =>
      bottleneck(256 * 2 ** stage, i === 0 && stage > 0 ? 2 : 1, i === 0, width),
    ).flat(),
  );
  return around(blocks, classes);
}
