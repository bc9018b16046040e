import { checkOptions, wholeFrom } from "@convlens/backend";
import { ReLU } from "../activations.ts";
import { Conv2d } from "../conv2d.ts";
import { Dense } from "../dense.ts";
import { Dropout } from "../dropout.ts";
import { Flatten } from "../flatten.ts";
import type { Layer } from "../layer.ts";
import { MaxPool2d } from "../pooling.ts";
import { Sequential } from "../sequential.ts";

/** Filters of the convolutions in each stage; a pooling ends a stage. */
const stages = [
  [64, 64],
  [128, 128],
  [256, 256, 256],
  [512, 512, 512],
  [512, 512, 512],
];

/**
 * VGG-16 (Simonyan 2014) for images `[224, 224, 3]`: 138,357,544 parameters, 15,470,264,320 multiply-adds. Its
 * weights take no memory until they are first used.
 */
export function vgg16(options: { readonly classes?: number } = {}): Sequential {
  checkOptions("vgg16", options, { classes: wholeFrom(1) });
  const { classes = 1000 } = options;
  const conv = (filters: number): Layer[] => [new Conv2d({ filters, kernelSize: 3, padding: 1 }), new ReLU()];
  const dense = (units: number): Layer[] => [new Dense({ units }), new ReLU(), new Dropout()];
  return new Sequential([
    ...stages.flatMap((stage) => stage.flatMap(conv).concat(new MaxPool2d({ kernelSize: 2 }))),
    new Flatten(),
    ...dense(4096),
    ...dense(4096),
    new Dense({ units: classes }),
  ]);
}
