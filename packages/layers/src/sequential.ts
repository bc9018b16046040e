import type { Tensor } from "@convlens/tensor";
import { apply, checkLayers, namePaths, run, type Layer, type Mode } from "./layer.ts";

/**
 * Layers one after the other.
 *
 * @example
 * ```ts
 * const model = new Sequential([new Conv2d({ filters: 8, kernelSize: 3 }), new Relu(), new Flatten(), new Dense({ units: 10 })]);
 * ```
 */
export class Sequential implements Layer {
  readonly layers: readonly Layer[];

  constructor(layers: readonly Layer[]) {
    this.layers = checkLayers("Sequential", layers);
    namePaths(this);
  }

  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => this.layers.reduce((y, layer) => apply(layer, y, mode), x));
  }
}

/** Layers one after the other: `new Sequential(layers)`. */
export const sequential = (layers: readonly Layer[]): Sequential => new Sequential(layers);
