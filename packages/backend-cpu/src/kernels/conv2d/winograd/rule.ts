import type { Conv2dGeometry } from "@convlens/backend";

/** Products of a tile, which has (7 − taps)² outputs. */
const PRODUCTS = 36;
/** What transforms of a tile cost for each channel that goes in or out, in products that could be done meanwhile. */
const TRANSFORM = 220;

/** Whether Winograd's algorithm can compute a convolution: filters of 3 × 3 or 5 × 5 that move by one pixel over all channels. */
export function allowsWinograd({ height, width, groups }: Conv2dGeometry): boolean {
  const taps = height.window;
  const isPlain = [height, width].every((s) => s.window === taps && s.stride === 1 && s.dilation === 1);
  return isPlain && groups === 1 && (taps === 3 || taps === 5);
}

/** Whether it does so sooner than the direct sum: a count of operations, the same on every machine, so that results are. */
export function prefersWinograd(g: Conv2dGeometry): boolean {
  const { height, width, inChannels, outChannels } = g;
  if (!allowsWinograd(g) || inChannels < 4 || outChannels < 4) return false;
  const taps = height.window;
  const step = 7 - taps;
  const tiles = Math.ceil(height.output / step) * Math.ceil(width.output / step);
  const direct = height.output * width.output * taps * taps * inChannels * outChannels;
  const winograd = tiles * (PRODUCTS * inChannels * outChannels + TRANSFORM * (inChannels + outChannels));
  return winograd < direct;
}
