import { booleanOption, checkOptions, wholeFrom } from "@convlens/backend";
import { ReLU, Tanh } from "../activations.ts";
import { Conv2d } from "../conv2d.ts";
import { Dense } from "../dense.ts";
import { Flatten } from "../flatten.ts";
import type { Layer } from "../layer.ts";
import { AveragePool2d, MaxPool2d } from "../pooling.ts";
import { Sequential } from "../sequential.ts";

/** Options of {@link lenet5}. */
export interface LeNet5Options {
  /** Number of classes. Default: 10. */
  readonly classes?: number;
  /** Whether to use tanh and mean pooling as in 1998, and not ReLU and max pooling. Default: false. */
  readonly original?: boolean;
}

/** LeNet-5 (LeCun 1998) for images `[28, 28, 1]`: 61,706 parameters, 416,520 multiply-adds. */
export function lenet5(options: LeNet5Options = {}): Sequential {
  checkOptions("lenet5", options, { classes: wholeFrom(1), original: booleanOption });
  const { classes = 10, original = false } = options;
  const activation = (): Layer => (original ? new Tanh() : new ReLU());
  const pool = (): Layer => (original ? new AveragePool2d({ kernelSize: 2 }) : new MaxPool2d({ kernelSize: 2 }));
  return new Sequential([
    new Conv2d({ filters: 6, kernelSize: 5, padding: 2 }),
    activation(),
    pool(),
    new Conv2d({ filters: 16, kernelSize: 5 }),
    activation(),
    pool(),
    new Flatten(),
    new Dense({ units: 120 }),
    activation(),
    new Dense({ units: 84 }),
    activation(),
    new Dense({ units: classes }),
  ]);
}
