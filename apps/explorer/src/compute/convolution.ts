import {
  add,
  conv2d,
  evaluate,
  gradients,
  multiply,
  pad,
  sum,
  tensor,
  type PadOptions,
  type Tensor,
} from "@convlens/tensor";

/** A convolution. */
export interface ConvolutionRequest {
  /** Row-major. */
  readonly input: Float32Array;
  /** `[height, width, channels]` */
  readonly inputShape: readonly [number, number, number];
  readonly filters: Float32Array;
  /** `[height, width, channels / groups, filters]` */
  readonly filterShape: readonly [number, number, number, number];
  /** `[filters]` */
  readonly bias: Float32Array;
  readonly stride: number;
  /** On each side. */
  readonly padding: number;
  /** Values of the padding. */
  readonly border: NonNullable<PadOptions["mode"]>;
  readonly dilation: number;
  readonly groups: number;
  /** Gradient of the outputs, row-major, if the other gradients are wanted. */
  readonly outputGradient: Float32Array | undefined;
}

/** The result of a convolution. */
export interface ConvolutionAnswer {
  readonly output: Float32Array;
  /** `[height, width, filters]` */
  readonly outputShape: readonly [number, number, number];
  /** Gradients of input, filters and bias, each in its shape. */
  readonly gradients:
    { readonly input: Float32Array; readonly filters: Float32Array; readonly bias: Float32Array } | undefined;
}

/** Convolves, and computes the gradients if they are wanted. */
export async function convolution(request: ConvolutionRequest): Promise<ConvolutionAnswer> {
  const { inputShape, filterShape, stride, padding, border, dilation, groups, outputGradient } = request;
  const input = tensor(request.input, [1, ...inputShape]);
  const filters = tensor(request.filters, filterShape);
  const bias = tensor(request.bias, [filterShape[3]]);
  const aside = [padding, padding] as const;
  const framed = border === "zero" ? input : pad(input, [[0, 0], aside, aside, [0, 0]], { mode: border });
  const y = add(conv2d(framed, filters, { stride, dilation, groups, padding: border === "zero" ? padding : 0 }), bias);
  const wanted: Tensor[] = [y];
  if (outputGradient !== undefined)
    wanted.push(...gradients(sum(multiply(y, tensor(outputGradient, y.shape))), [input, filters, bias]));
  const [output, dInput, dFilters, dBias] = (await evaluate(...wanted)).map((values) => Float32Array.from(values));
  return {
    output: output!,
    outputShape: [y.shape[1]!, y.shape[2]!, y.shape[3]!],
    gradients: outputGradient && { input: dInput!, filters: dFilters!, bias: dBias! },
  };
}
