import {
  conv2d,
  divide,
  flatten,
  matmul,
  multiply,
  relu,
  softmax,
  sqrt,
  square,
  sum,
  tensor,
  transpose,
  type Tensor,
} from "@convlens/tensor";
import { floats } from "./floats.ts";
import { poolBy, type PoolingWindow } from "./pooling.ts";

/** Images for a net with one convolution, a pooling, and a layer that compares with templates. */
export interface ShapesRequest {
  /** `[n, side, side]` */
  readonly images: Float32Array;
  /** Templates of the last layer: `[classes, side, side]`. */
  readonly templates: Float32Array;
  readonly side: number;
  /** `[3, 3, 1, filters]` */
  readonly filters: Float32Array;
  readonly window: PoolingWindow;
}

/** The maps of each image as a row of norm 1: `[n, side, side, filters] → [n, numbers]`. */
export function unitCodes(maps: Tensor): Tensor {
  const codes = flatten(maps);
  return divide(codes, sqrt(sum(square(codes), 1, { keepAxes: true })));
}

/** Factor of the cosines before the softmax. */
const DECIDED = 12;

/** Applies the net. */
export async function shapes({ images, templates, side, filters, window }: ShapesRequest) {
  const kernels = tensor(filters, [3, 3, 1, filters.length / 9]);
  const mapsOf = (pixels: Float32Array): Tensor =>
    relu(conv2d(tensor(pixels, [pixels.length / side ** 2, side, side, 1]), kernels, { padding: "same" }));
  const before = mapsOf(images);
  const after = poolBy(window, before);
  const weights = transpose(unitCodes(poolBy(window, mapsOf(templates))));
  const scores = softmax(multiply(matmul(unitCodes(after), weights), DECIDED));
  const [values, kept, answers] = await floats(before, after, scores);
  // Maps `[n, side, side, filters]` before pooling and `[n, pooled, pooled, filters]` after it, and scores `[n, classes]`.
  return { before: values, after: kept, pooled: after.shape[1]!, scores: answers };
}

/** Activations and answers of the net. */
export type ShapesAnswer = Awaited<ReturnType<typeof shapes>>;
