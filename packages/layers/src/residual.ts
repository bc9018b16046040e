import { anyOption, checkOptions, sameShape, ShapeError, showShape } from "@convlens/backend";
import { add, type Tensor } from "@convlens/tensor";
import { apply, checkLayers, namePaths, run, type Layer, type Mode } from "./layer.ts";

/**
 * What a body makes, added to what came in: body(x) + shortcut(x) (He 2016).
 *
 * @example
 * ```ts
 * new Residual({ body: sequential([new Conv2d({ filters: 8, kernelSize: 3, padding: "same" }), new BatchNorm()]) });
 * ```
 */
export class Residual implements Layer {
  readonly body: Layer;
  /** Brings x to the shape of what the body makes, where that differs. */
  readonly shortcut: Layer | undefined;

  constructor(options: { readonly body: Layer; readonly shortcut?: Layer | undefined }) {
    checkOptions("Residual", options, { body: anyOption, shortcut: anyOption });
    const { body, shortcut } = options;
    checkLayers("Residual", shortcut === undefined ? [body] : [body, shortcut]);
    this.body = body;
    this.shortcut = shortcut;
    namePaths(this);
  }

  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => {
      const y = apply(this.body, x, mode);
      const past = this.shortcut === undefined ? x : apply(this.shortcut, x, mode);
      if (sameShape(y.shape, past.shape)) return add(y, past);
      const fix = "a shortcut that ends in the same shape, such as a Conv2d of kernelSize 1";
      throw new ShapeError(
        `the body makes ${showShape(y.shape)}, the shortcut ${showShape(past.shape)}, and they cannot be added; give ${fix}`,
        { operation: "residual", expected: y.shape, got: past.shape, fix },
      );
    });
  }
}
