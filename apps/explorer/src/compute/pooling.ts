import {
  averagePool2d,
  evaluate,
  gradients,
  lpPool2d,
  maxPool2d,
  maxPool2dIndices,
  multiply,
  sum,
  tensor,
  type Operand,
  type Tensor,
} from "@convlens/tensor";

/** What is made of the numbers under a window: the largest, their mean, the root of the sum of their squares. */
export type PoolingKind = "max" | "average" | "L2";

/** A window, and how it slides over maps. Rows and columns at the end that it does not reach are left out. */
export interface PoolingWindow {
  readonly kind: PoolingKind;
  readonly kernelSize: number;
  readonly stride: number;
}

/** A map to be pooled. */
export interface PoolingRequest extends PoolingWindow {
  /** Row-major. */
  readonly input: Float32Array;
  /** `[height, width]` */
  readonly inputShape: readonly [number, number];
  /** Gradient of a scalar with respect to each output, row-major, if gradients are wanted. */
  readonly outputGradient: Float32Array | undefined;
}

/** What came out of it. */
export interface PoolingAnswer {
  readonly output: Float32Array;
  /** `[height, width]` */
  readonly outputShape: readonly [number, number];
  /** Which number of the input each output is, row-major; only of the largest. */
  readonly winners: Float32Array | undefined;
  /** Gradients with respect to the input. */
  readonly gradient: Float32Array | undefined;
}

/** Pools maps `[n, h, w, c]` as asked for. */
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

/** Pools, and goes backwards if asked to. */
export async function pooling(request: PoolingRequest): Promise<PoolingAnswer> {
  const { input, inputShape, kind, kernelSize, stride, outputGradient } = request;
  const x = tensor(input, [1, ...inputShape, 1]);
  const y = poolBy(request, x);
  const wanted: Tensor[] = [y];
  if (outputGradient !== undefined) wanted.push(...gradients(sum(multiply(y, tensor(outputGradient, y.shape))), [x]));
  if (kind === "max") wanted.push(maxPool2dIndices(x, { kernelSize, stride, geometry: "floor" }));
  const values = (await evaluate(...wanted)).map((each) => Float32Array.from(each));
  return {
    output: values[0]!,
    outputShape: [y.shape[1]!, y.shape[2]!],
    winners: kind === "max" ? values.at(-1) : undefined,
    gradient: outputGradient && values[1],
  };
}
