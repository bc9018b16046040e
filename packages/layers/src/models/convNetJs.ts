import { checkOptions, wholeFrom } from "@convlens/backend";
import { ReLU } from "../activations.ts";
import { Conv2d } from "../conv2d.ts";
import { Dense } from "../dense.ts";
import { Flatten } from "../flatten.ts";
import { MaxPool2d } from "../pooling.ts";
import { Sequential } from "../sequential.ts";

/** The model of ConvNetJS's MNIST demo, for images `[24, 24, 1]` (cropped) or `[28, 28, 1]`. */
export function convNetJsMnist(options: { readonly classes?: number } = {}): Sequential {
  checkOptions("convNetJsMnist", options, { classes: wholeFrom(1) });
  const { classes = 10 } = options;
  return new Sequential([
    new Conv2d({ filters: 8, kernelSize: 5, padding: 2 }),
    new ReLU(),
    new MaxPool2d({ kernelSize: 2 }),
    new Conv2d({ filters: 16, kernelSize: 5, padding: 2 }),
    new ReLU(),
    // Of 14 columns (28 at the input) windows of 3 leave out 2.
    new MaxPool2d({ kernelSize: 3 }),
    new Flatten(),
    new Dense({ units: classes }),
  ]);
}

/** The model of ConvNetJS's CIFAR-10 demo, for images `[32, 32, 3]`. */
export function convNetJsCifar(options: { readonly classes?: number } = {}): Sequential {
  checkOptions("convNetJsCifar", options, { classes: wholeFrom(1) });
  const { classes = 10 } = options;
  return new Sequential([
    ...[16, 20, 20].flatMap((filters) => [
      new Conv2d({ filters, kernelSize: 5, padding: 2 }),
      new ReLU(),
      new MaxPool2d({ kernelSize: 2 }),
    ]),
    new Flatten(),
    new Dense({ units: classes }),
  ]);
}
