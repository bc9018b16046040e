import { add, conv2d, gradients, pad, tensor, type PadOptions } from "@convlens/tensor";
import { floats } from "./floats.ts";

/** A convolution. */
export interface ConvolutionRequest {
  /** Row-major. */
  readonly input: Float32Array;
  /** `[height, width, channels]` */
  readonly inputShape: readonly [number, number, number];
  readonly filters: Float32Array;
  /** `[height, width, channels / groups, filters]` */
  readonly filterShape: readonly [number, number, number, number];
  /** `[filters]`. Default: zeros. */
  readonly bias?: Float32Array;
  /** Default: 1. */
  readonly stride?: number;
  /** On each side. */
  readonly padding: number;
  /** Values of the padding. Default: zeros. */
  readonly border?: NonNullable<PadOptions["mode"]>;
  /** Default: 1. */
  readonly dilation?: number;
  /** Default: 1. */
  readonly groups?: number;
  /** Gradient of the outputs, row-major, if the other gradients are wanted. */
  readonly outputGradient?: Float32Array | undefined;
}

/** Convolves, and computes the gradients of input, filters and bias if they are wanted. Outputs are `[height, width, filters]`. */
export async function convolution(request: ConvolutionRequest) {
  const { inputShape, filterShape, padding, border = "constant", outputGradient } = request;
  const { stride = 1, dilation = 1, groups = 1, bias: biases = new Float32Array(filterShape[3]) } = request;
  const input = tensor(request.input, [1, ...inputShape]);
  const filters = tensor(request.filters, filterShape);
  const bias = tensor(biases, [filterShape[3]]);
  const aside = [padding, padding] as const;
  const framed = border === "constant" ? input : pad(input, [[0, 0], aside, aside, [0, 0]], { mode: border });
  const y = add(
    conv2d(framed, filters, { stride, dilation, groups, padding: border === "constant" ? padding : 0 }),
    bias,
  );
  const [output] = await floats(y);
  const answer = { output, outputShape: y.shape.slice(1) };
  if (outputGradient === undefined) return { ...answer, gradients: undefined };
  const seed = tensor(outputGradient, y.shape);
  const [dx, dw, db] = await floats(...gradients(y, [input, filters, bias], { seed }));
  return { ...answer, gradients: { input: dx, filters: dw, bias: db } };
}
