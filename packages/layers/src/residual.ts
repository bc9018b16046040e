import { sameShape, ShapeError, showShape } from "@convlens/backend";
import { add, type Tensor } from "@convlens/tensor";
import { PrintedLayer } from "./formatModel.ts";
import { apply, layerOption, run, type Layer, type Mode } from "./layer.ts";
import { checkLayerOptions } from "./optionChecks.ts";

/**
 * A residual block: body(x) + shortcut(x) (He 2016).
 *
 * @example
 * ```ts
 * new Residual({ body: sequential([new Conv2d({ filters: 8, kernelSize: 3, padding: "same" }), new BatchNorm()]) });
 * ```
 */
export class Residual extends PrintedLayer implements Layer {
  readonly body: Layer;
  /** Brings x to the shape of the body's output. Default: x itself. */
  readonly shortcut: Layer | undefined;

  constructor(options: { readonly body: Layer; readonly shortcut?: Layer | undefined }) {
    super();
    checkLayerOptions("Residual", options, { body: layerOption, shortcut: layerOption }, ["body"]);
    this.body = options.body;
    this.shortcut = options.shortcut;
  }

  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, (inner) => {
      const y = apply(this.body, x, inner);
      const past = this.shortcut === undefined ? x : apply(this.shortcut, x, inner);
      if (sameShape(y.shape, past.shape)) return add(y, past);
      throw new ShapeError({
        operation: "residual",
        what: "the output of the shortcut",
        expected: `${showShape(y.shape)}, like that of the body`,
        got: past.shape,
        fix: "give a shortcut that ends in the same shape, such as a Conv2d of kernelSize 1",
      });
    });
  }
}
