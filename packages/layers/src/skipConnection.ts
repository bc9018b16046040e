import { ShapeError, showShape } from "@convlens/backend";
import { concat, slice, type Tensor } from "@convlens/tensor";
import { PrintedLayer } from "./formatModel.ts";
import { apply, layerOption, run, type Layer, type Mode } from "./layer.ts";
import { checkLayerOptions } from "./optionChecks.ts";

/**
 * The skip connection of a U-Net (Ronneberger 2015): x and body(x), concatenated along the channels:
 * `[n, …, c] → [n, …, c + c′]`. If the maps of body(x) are larger, their ends are cut off: a body that halves an odd size, rounded
 * up, and doubles it returns one row more. {@link Residual} adds instead.
 *
 * @throws `ShapeError` if the maps of body(x) are smaller than x.
 *
 * @example
 * ```ts
 * const conv = () => new Conv2d({ filters: 8, kernelSize: 3, padding: "same" });
 * const body = sequential([new MaxPool2d({ kernelSize: 2, padding: "same" }), conv(), new Upsample()]);
 * sequential([conv(), new SkipConnection({ body }), conv()]); // a U-Net of two levels
 * ```
 */
export class SkipConnection extends PrintedLayer implements Layer {
  readonly body: Layer;

  constructor(options: { readonly body: Layer }) {
    super();
    checkLayerOptions("SkipConnection", options, { body: layerOption }, ["body"]);
    this.body = options.body;
  }

  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, (inner) => {
      const y = apply(this.body, x, inner);
      const size = [...x.shape.slice(0, -1), y.shape.at(-1)!];
      const fits =
        y.rank === x.rank &&
        size.every((wanted, axis) => (axis === 0 ? wanted === y.shape[0] : wanted <= y.shape[axis]!));
      if (!fits)
        throw new ShapeError({
          what: "the output of the body",
          expected: `at least as large as the input, ${showShape(x.shape)}, in all axes but the channels`,
          got: y.shape,
          fix: 'enlarge by the factor that the body reduces by, and pool with padding: "same"',
        });
      return concat(
        [
          x,
          slice(
            y,
            size.map(() => 0),
            size,
          ),
        ],
        -1,
      );
    });
  }
}
