import { Relu } from "../activations.ts";
import { Conv2d } from "../conv2d.ts";
import { Dense } from "../dense.ts";
import { Dropout } from "../dropout.ts";
import { Flatten } from "../flatten.ts";
import { MaxPool2d } from "../pooling.ts";
import { Sequential } from "../sequential.ts";

/** VGG-16 (Simonyan 2014) for images `[224, 224, 3]`: 138,357,544 parameters, 15,470,264,320 multiply-adds. */
export const vgg16 = ({ classes = 1000 }: { readonly classes?: number } = {}): Sequential =>
  new Sequential([
    ...[
      [64, 64],
      [128, 128],
      [256, 256, 256],
      [512, 512, 512],
      [512, 512, 512],
    ].flatMap((stage) => [
      ...stage.flatMap((filters) => [new Conv2d({ filters, kernelSize: 3, padding: 1 }), new Relu()]),
      new MaxPool2d({ size: 2 }),
    ]),
    new Flatten(),
    ...[4096, 4096].flatMap((units) => [new Dense({ units }), new Relu(), new Dropout()]),
    new Dense({ units: classes }),
  ]);
