import { spanOf, type Conv2dGeometry, type Sliding } from "@convlens/backend";
import type { Block } from "../../heap.ts";
import type { Runtime } from "../../runtime.ts";
import type { Epilogue } from "../product.ts";

/** A prepared call. The third block is the result. */
export type Launch = (first: Block, second: Block, result: Block, bias?: Block) => void;

/** One way to compute convolutions of some geometry, forward and backward. */
export interface Convolver {
  /** `(x, filters, y, bias?)` */
  forward(epilogue?: Epilogue): Launch;
  /** `(dy, filters, dx)` */
  inputGradient(): Launch;
  /** `(dy, x, dfilters)` */
  filterGradient(): Launch;
}

/** The convolution of one image: its code is the same for all batches. */
export type ImageGeometry = Omit<Conv2dGeometry, "batch">;
export const imageOf = ({ height, width, groups, inChannels, outChannels }: Conv2dGeometry): ImageGeometry => ({
  height,
  width,
  groups,
  inChannels,
  outChannels,
});

/** Makes a convolver for a geometry. */
export type ConvolverMaker = (runtime: Runtime, g: Conv2dGeometry) => Convolver;

/** Whether each channel has one filter to itself. */
export const isDepthwise = ({ groups, inChannels, outChannels }: Conv2dGeometry): boolean =>
  groups > 1 && groups === inChannels && groups === outChannels;

/** Whether windows move by one pixel. */
export const isUnitStride = ({ height, width }: ImageGeometry): boolean => height.stride === 1 && width.stride === 1;

/**
 * The geometry of the gradient of the input, if windows move by one pixel: it is the convolution of the gradient of the output
 * with the flipped filters.
 */
export function reversed(g: Conv2dGeometry): Conv2dGeometry {
  const axis = (s: Sliding): Sliding => {
    const before = spanOf(s) - 1 - s.before;
    return { ...s, input: s.output, output: s.input, before, after: s.input + spanOf(s) - 1 - s.output - before };
  };
  return {
    ...g,
    height: axis(g.height),
    width: axis(g.width),
    inChannels: g.outChannels,
    outChannels: g.inChannels,
  };
}
