import { checkOptions, wholeFrom } from "@convlens/backend";
import { ReLU } from "../activations.ts";
import { Residual } from "../residual.ts";
import { Conv2d } from "../conv2d.ts";
import { Dense } from "../dense.ts";
import type { Layer } from "../layer.ts";
import { BatchNorm } from "../batchNorm.ts";
import { GlobalAveragePool, MaxPool2d } from "../pooling.ts";
import { Sequential } from "../sequential.ts";

/** A convolution without bias, since the normalisation has one. With a stride of 2 it drops the last row and column. */
const conv = (filters: number, kernelSize: number, stride = 1): Layer[] => [
  new Conv2d({ filters, kernelSize, stride, padding: Math.floor(kernelSize / 2), bias: false }),
  new BatchNorm(),
];

/** Two convolutions and a shortcut around them, which is a convolution where the shape changes. */
function block(filters: number, stride: number, grows: boolean): Layer[] {
  const body = new Sequential([...conv(filters, 3, stride), new ReLU(), ...conv(filters, 3)]);
  return [new Residual(grows ? { body, shortcut: new Sequential(conv(filters, 1, stride)) } : { body }), new ReLU()];
}

/** ResNet-18 (He 2016) for images `[224, 224, 3]`: 11,689,512 parameters, 1,814,073,344 multiply-adds. */
export function resnet18(options: { readonly classes?: number } = {}): Sequential {
  checkOptions("resnet18", options, { classes: wholeFrom(1) });
  const { classes = 1000 } = options;
  return new Sequential([
    ...conv(64, 7, 2),
    new ReLU(),
    new MaxPool2d({ kernelSize: 3, stride: 2, padding: 1 }),
    ...[64, 128, 256, 512].flatMap((filters, stage) =>
      [block(filters, stage === 0 ? 1 : 2, stage > 0), block(filters, 1, false)].flat(),
    ),
    new GlobalAveragePool(),
    new Dense({ units: classes }),
  ]);
}
