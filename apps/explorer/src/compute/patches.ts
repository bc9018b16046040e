import { cropOf, topPatches, type ChannelPatches } from "@convlens/analysis";
import { take, type Classification } from "@convlens/datasets";
import type { Net } from "./net.ts";

/** Digits that are searched. */
const EXAMPLES = 1000;

/** A request for the patches with the largest activations of a feature. */
export interface PatchesRequest {
  readonly net: number | undefined;
  /** The layer's path. */
  readonly layer: string;
  readonly channel: number;
  /** Number of patches. */
  readonly count: number;
}

/** A patch of a digit. */
export interface PatchPicture {
  /** Row-major, from 0 to 1. */
  readonly pixels: Float32Array;
  readonly height: number;
  readonly width: number;
  /** Activation of the feature. */
  readonly value: number;
  /** Index of the digit in the set, and its label. */
  readonly index: number;
  readonly label: string;
}

const found = new WeakMap<Net, Map<string, Promise<ChannelPatches[]>>>();

/** Searches the digits, for all channels of a layer at once, and once for each net. */
export async function patches(net: Net, digits: Classification, { layer, channel, count }: PatchesRequest) {
  const data = take(digits, EXAMPLES);
  let own = found.get(net);
  if (own === undefined) found.set(net, (own = new Map()));
  let all = own.get(layer);
  if (all === undefined) own.set(layer, (all = topPatches(net.model, data, { layer, count })));
  const pictures = (await all)[channel]!.patches.map(({ value, index, label, box }): PatchPicture => {
    const { shape, values } = cropOf(data, index, box);
    const [height, width] = shape as [number, number];
    return { pixels: Float32Array.from(values), height, width, value, index, label: data.classes[label]! };
  });
  return { patches: pictures, examples: data.size };
}
