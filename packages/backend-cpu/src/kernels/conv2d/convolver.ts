import { spanOf, type Conv2dGeometry, type Sliding } from "@convlens/backend";
import type { Block } from "../../heap.ts";
import type { Epilogue } from "../product.ts";

/** What is done with memory of some tensors when a program runs; the last is the result. */
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

/** A geometry without its batch: code is the same for all. */
export const keyOf = (g: Conv2dGeometry): string => JSON.stringify({ ...g, batch: undefined });

/** Whether windows move by one pixel. */
export const isUnitStride = ({ height, width }: Conv2dGeometry): boolean => height.stride === 1 && width.stride === 1;

/**
 * The gradient of the input is the convolution of that of the output with the filters from behind, if windows move by one
 * pixel: this is its geometry.
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
