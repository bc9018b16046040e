import { adversarial } from "@convlens/analysis";
import { predict } from "@convlens/layers";
import { softmax, tensor, type Tensor } from "@convlens/tensor";
import type { Net } from "./net.ts";

/** An image that is to be taken for something else. */
export interface FoolRequest {
  readonly net: number | undefined;
  /** Row-major, from 0 to 1. */
  readonly pixels: Float32Array;
  /** The class that it is not to be taken for. */
  readonly label: number;
  /** How far each pixel may be moved. */
  readonly epsilon: number;
}

/** The image that was moved, and what the net makes of it. */
export interface FoolAnswer {
  readonly pixels: Float32Array;
  /** The net's answer to the image as it was, and as it is now: a share for each class. */
  readonly before: Float32Array;
  readonly after: Float32Array;
}

/** Moves every pixel by epsilon in the direction in which the loss grows: the fast gradient sign method. */
export async function fool(net: Net, { pixels, label, epsilon }: FoolRequest): Promise<FoolAnswer> {
  const x = tensor(pixels, [1, ...net.inputShape]);
  const { values, shape } = await adversarial(net.model, x, { labels: [label], epsilon });
  const shares = async (image: Tensor): Promise<Float32Array> =>
    Float32Array.from(await softmax(await predict(net.model, image)).data());
  return { pixels: Float32Array.from(values), before: await shares(x), after: await shares(tensor(values, shape)) };
}
