import { ValueError } from "@convlens/backend";
import type { Tensor } from "@convlens/tensor";
import { apply, isLayer, namePaths, run, type Layer, type Mode } from "./layer.ts";

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
    layers.forEach((layer, i) => {
      if (!isLayer(layer))
        throw new ValueError(
          `Sequential: layers[${i}] is no layer: expected an object with a call method (new Relu()), got ${typeof layer}`,
          {
            expected: "a layer",
            got: typeof layer,
          },
        );
    });
    this.layers = layers;
    namePaths(this);
  }

  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, mode, () => this.layers.reduce((y, layer) => apply(layer, y, mode), x));
  }
}

/** Layers one after the other: `new Sequential(layers)`. */
export const sequential = (layers: readonly Layer[]): Sequential => new Sequential(layers);
