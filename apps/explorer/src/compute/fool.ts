import { adversarial } from "@convlens/analysis";
import { predict } from "@convlens/layers";
import { softmax, tensor, type Tensor } from "@convlens/tensor";
import { floats } from "./floats.ts";
import type { Net } from "./net.ts";

/** An image that shall be misclassified. */
export interface FoolRequest {
  readonly net: number | undefined;
  /** Row-major, from 0 to 1. */
  readonly pixels: Float32Array;
  /** The right class. */
  readonly label: number;
  /** Largest change of a pixel. */
  readonly epsilon: number;
}

/**
 * Changes every pixel by epsilon in the direction in which the loss grows: the fast gradient sign method. Returns the image, and the
 * shares of the classes before and after the change.
 */
export async function fool(net: Net, { pixels, label, epsilon }: FoolRequest) {
  const x = tensor(pixels, [1, ...net.inputShape]);
  const { values, shape } = await adversarial(net.model, x, { labels: [label], epsilon });
  const shares = async (image: Tensor): Promise<Tensor> => softmax(await predict(net.model, image));
  const [before, after] = await floats(await shares(x), await shares(tensor(values, shape)));
  return { pixels: Float32Array.from(values), before, after };
}

/** The changed image, and the answers of the net. */
export type FoolAnswer = Awaited<ReturnType<typeof fool>>;
