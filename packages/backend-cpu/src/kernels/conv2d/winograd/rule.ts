import type { ImageGeometry } from "../convolver.ts";

/** Products of a tile of (7 − taps)² outputs. */
const PRODUCTS = 36;
/** Cost of the transforms of a tile for each channel of the input and of the output, in products. */
const TRANSFORM = 220;

/** Whether Winograd's algorithm can compute a convolution: 3 × 3 or 5 × 5 filters with stride 1, without dilation and groups. */
export function allowsWinograd({ height, width, groups }: ImageGeometry): boolean {
  const taps = height.window;
  const isPlain = [height, width].every((s) => s.window === taps && s.stride === 1 && s.dilation === 1);
  return isPlain && groups === 1 && (taps === 3 || taps === 5);
}

/** Whether it is faster than the direct sum: by a count of operations, so that all machines choose the same. */
export function prefersWinograd(g: ImageGeometry): boolean {
  const { height, width, inChannels, outChannels } = g;
  if (!allowsWinograd(g) || inChannels < 4 || outChannels < 4) return false;
  const taps = height.window;
  const step = 7 - taps;
  const tiles = Math.ceil(height.output / step) * Math.ceil(width.output / step);
  const direct = height.output * width.output * taps * taps * inChannels * outChannels;
  const winograd = tiles * (PRODUCTS * inChannels * outChannels + TRANSFORM * (inChannels + outChannels));
  return winograd < direct;
}
