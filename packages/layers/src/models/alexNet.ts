import { booleanOption, checkOptions, wholeFrom } from "@convlens/backend";
import { ReLU } from "../activations.ts";
import { Conv2d } from "../conv2d.ts";
import { Dense } from "../dense.ts";
import { Dropout } from "../dropout.ts";
import { Flatten } from "../flatten.ts";
import type { Layer } from "../layer.ts";
import { LocalResponseNorm } from "../localResponseNorm.ts";
import { MaxPool2d } from "../pooling.ts";
import { Sequential } from "../sequential.ts";

/** Options of {@link alexNet}. */
export interface AlexNetOptions {
  /** Number of classes. Default: 1000. */
  readonly classes?: number;
  /**
   * Whether to make the model of 2012, which ran on two graphics cards, for images `[227, 227, 3]`: three convolutions have
   * two groups, and there is local response normalisation (60,965,224 parameters). Default: false, the later model for a
   * single card and images `[224, 224, 3]` (61,100,840 parameters).
   */
  readonly grouped?: boolean;
}

/** AlexNet (Krizhevsky 2012). */
export function alexNet(options: AlexNetOptions = {}): Sequential {
  checkOptions("alexNet", options, { classes: wholeFrom(1), grouped: booleanOption });
  const { classes = 1000, grouped = false } = options;
  const pool = (): Layer => new MaxPool2d({ kernelSize: 3, stride: 2 });
  const head = [
    new Flatten(),
    new Dropout(),
    new Dense({ units: 4096 }),
    new ReLU(),
    new Dropout(),
    new Dense({ units: 4096 }),
    new ReLU(),
    new Dense({ units: classes }),
  ];
  const conv = (filters: number, kernelSize: number, groups = 1): Conv2d =>
    new Conv2d({ filters, kernelSize, padding: "same", groups });
  const stages = grouped
    ? [
        [new Conv2d({ filters: 96, kernelSize: 11, stride: 4 }), new ReLU(), new LocalResponseNorm(), pool()],
        [conv(256, 5, 2), new ReLU(), new LocalResponseNorm(), pool()],
        [conv(384, 3), new ReLU(), conv(384, 3, 2), new ReLU(), conv(256, 3, 2), new ReLU(), pool()],
      ]
    : [
        // 224 pixels and 2 of padding on each side: one more row and column of windows would need one pixel more.
        [new Conv2d({ filters: 64, kernelSize: 11, stride: 4, padding: 2 }), new ReLU(), pool()],
        [conv(192, 5), new ReLU(), pool()],
        [conv(384, 3), new ReLU(), conv(256, 3), new ReLU(), conv(256, 3), new ReLU(), pool()],
      ];
  return new Sequential([...stages.flat(), ...head]);
}
