import {
  averagePool2d,
  gradients,
  lpPool2d,
  maxPool2d,
  maxPool2dIndices,
  tensor,
  type Operand,
  type Tensor,
} from "@convlens/tensor";
import { floats } from "./floats.ts";

/** The number that a window gives: the largest, the mean, or the root of the sum of squares. */
type PoolingKind = "max" | "average" | "L2";

/** A window, and how it slides over maps. Rows and columns at the end that do not fit are left out. */
export interface PoolingWindow {
  readonly kind: PoolingKind;
  readonly kernelSize: number;
  readonly stride: number;
}

/** A map to pool. */
export interface PoolingRequest extends PoolingWindow {
  /** Row-major. */
  readonly input: Float32Array;
  /** `[height, width]` */
  readonly inputShape: readonly [number, number];
  /** Gradient of the outputs, row-major, if the gradient of the input is wanted. */
  readonly outputGradient: Float32Array | undefined;
}

/** The result of pooling. */
export interface PoolingAnswer {
  readonly output: Float32Array;
  /** `[height, width]` */
  readonly outputShape: readonly number[];
  /** Index of the largest input of each output, row-major; only for max pooling. */
  readonly winners: Float32Array | undefined;
  /** Gradient of the input. */
  readonly gradient: Float32Array | undefined;
}

/** Pools maps `[n, h, w, c]`. */
export function poolBy({ kind, kernelSize, stride }: PoolingWindow, maps: Operand): Tensor {
  const window = { kernelSize, stride, geometry: "floor" } as const;
  switch (kind) {
    case "max":
      return maxPool2d(maps, window);
    case "average":
      return averagePool2d(maps, window);
    case "L2":
      return lpPool2d(maps, { ...window, p: 2 });
  }
}

/** Pools, and computes the gradient if it is wanted. */
export async function pooling(request: PoolingRequest): Promise<PoolingAnswer> {
  const { input, inputShape, kind, kernelSize, stride, outputGradient } = request;
  const x = tensor(input, [1, ...inputShape, 1]);
  const y = poolBy(request, x);
  const winners = kind === "max" ? maxPool2dIndices(x, { kernelSize, stride, geometry: "floor" }) : y;
  const seed = outputGradient && tensor(outputGradient, y.shape);
  const [dx] = seed === undefined ? [y] : gradients(y, [x], { seed });
  const [output, largest, gradient] = await floats(y, winners, dx);
  return {
    output,
    outputShape: y.shape.slice(1, 3),
    winners: kind === "max" ? largest : undefined,
    gradient: outputGradient && gradient,
  };
}
