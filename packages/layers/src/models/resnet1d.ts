import { checkOptions, wholeFrom } from "@convlens/backend";
import { ReLU } from "../activations.ts";
import { BatchNorm } from "../batchNorm.ts";
import { Conv1d } from "../conv1d.ts";
import { Dense } from "../dense.ts";
import type { Layer } from "../layer.ts";
import { GlobalAveragePool } from "../pooling.ts";
import { Residual } from "../residual.ts";
import { Sequential } from "../sequential.ts";

/** Options of {@link resnet1d}. */
export interface ResNet1dOptions {
  /** Number of classes. Default: 10. */
  readonly classes?: number;
  /** Number of filters in the first block; the other two have twice as many. Default: 64. */
  readonly filters?: number;
}

const conv = (filters: number, kernelSize: number): Layer[] => [
  new Conv1d({ filters, kernelSize, padding: "same", bias: false }),
  new BatchNorm(),
];

/** Three convolutions of falling length, and a shortcut around them. */
function block(filters: number, grows: boolean): Layer[] {
  const body = new Sequential([...conv(filters, 8), new ReLU(), ...conv(filters, 5), new ReLU(), ...conv(filters, 3)]);
  return [new Residual({ body, shortcut: grows ? new Sequential(conv(filters, 1)) : new BatchNorm() }), new ReLU()];
}

/**
 * The ResNet for signals of Wang, Yan and Oates (2017): three blocks that keep the length, `[n, l, c] → [n, classes]`, for signals of
 * any length and any number of channels. With one channel and ten classes it has 504,138 parameters.
 *
 * @example
 * ```ts
 * const model = build(resnet1d({ classes: 4, filters: 16 }), [128, 1]);
 * ```
 */
export function resnet1d(options: ResNet1dOptions = {}): Sequential {
  checkOptions("resnet1d", options, { classes: wholeFrom(1), filters: wholeFrom(1) });
  const { classes = 10, filters = 64 } = options;
  return new Sequential([
    ...block(filters, true),
    ...block(2 * filters, true),
    ...block(2 * filters, false),
    new GlobalAveragePool(),
    new Dense({ units: classes }),
  ]);
}
