import type { Conv2dGeometry } from "@convlens/backend";
import type { Block } from "../../heap.ts";
import type { ProductShape } from "../product.ts";

/** What is done with memory of some tensors when a program runs; the last is the result. */
export type Launch = (first: Block, second: Block, result: Block, bias?: Block) => void;

/** One way to compute convolutions of some geometry, forward and backward. */
export interface Convolver {
  /** `(x, filters, y, bias?)` */
  forward(ending?: ProductShape["ending"]): Launch;
  /** `(dy, filters, dx)` */
  inputGradient(): Launch;
  /** `(dy, x, dfilters)` */
  filterGradient(): Launch;
}

/** A geometry without its batch: code is the same for all. */
export const keyOf = (g: Conv2dGeometry): string => JSON.stringify({ ...g, batch: undefined });
