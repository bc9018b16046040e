import { cropOf, topPatches, type ChannelPatches } from "@convlens/analysis";
import { take, type Dataset } from "@convlens/datasets";
import type { Net } from "./net.ts";

/** Digits that are looked through. */
const EXAMPLES = 1000;

/** What excites a feature most. */
export interface PatchesRequest {
  readonly net: number | undefined;
  /** The layer's path. */
  readonly layer: string;
  readonly channel: number;
  /** How many. */
  readonly count: number;
}

/** A piece of a digit. */
export interface PatchPicture {
  /** Row-major, from 0 to 1. */
  readonly pixels: Float32Array;
  readonly height: number;
  readonly width: number;
  /** How much it excites the feature. */
  readonly value: number;
  /** The digit's place in the set, and what it is. */
  readonly index: number;
  readonly label: string;
}

/** The pieces of digits that excite a feature most, the most exciting first. */
export interface PatchesAnswer {
  readonly patches: readonly PatchPicture[];
  readonly examples: number;
}

const found = new WeakMap<Net, Map<string, Promise<ChannelPatches[]>>>();

/** Looks through the digits; all channels of a layer at once, and once for each net. */
export async function patches(
  net: Net,
  digits: Dataset,
  { layer, channel, count }: PatchesRequest,
): Promise<PatchesAnswer> {
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
