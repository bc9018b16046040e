import { BatchNorm } from "../batchNorm.ts";
import { Conv2d } from "../conv2d.ts";
import type { Layer } from "../layer.ts";

/**
 * A convolution and its normalisation, which has a bias already. It keeps the size of maps, or divides it by the stride, rounded up;
 * as in PyTorch, all sides are padded alike.
 */
export const convNorm = (filters: number, kernelSize: number, stride = 1): Layer[] => [
  new Conv2d({ filters, kernelSize, stride, padding: (kernelSize - 1) / 2, bias: false }),
  new BatchNorm(),
];
