import { checkOptions, numberFrom, type OptionCheck } from "@convlens/backend";
import { add, layerNorm, multiply, type Tensor, type Variable } from "@convlens/tensor";
import { affineOf } from "./affine.ts";
import { PrintedLayer } from "./formatModel.ts";
import { run, type Layer, type Mode } from "./layer.ts";

/** Options of {@link LayerNorm}. */
export interface LayerNormLayerOptions {
  /** Added to the variance. Default: 1e-5. */
  readonly epsilon?: number;
  /** Axes that are normalised together. Default: the last. */
  readonly axes?: number | readonly number[];
}

const axesOption: OptionCheck = (value) =>
  [value].flat().length > 0 && [value].flat().every(Number.isInteger) ? undefined : "whole numbers that name axes";

/**
 * Layer normalisation (Ba 2016): brings each example to mean 0 and variance 1 over some of its axes, then scales and shifts
 * it by learned numbers.
 */
export class LayerNorm extends PrintedLayer implements Layer {
  /** Has the sizes of the normalised axes, and 1 for other axes between them. */
  scale: Variable | undefined;
  /** Has the shape of `scale`. */
  shift: Variable | undefined;
  readonly options: LayerNormLayerOptions;

  constructor(options: LayerNormLayerOptions = {}) {
    super();
    checkOptions("LayerNorm", options, { epsilon: numberFrom(0), axes: axesOption });
    this.options = options;
  }

  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => {
      // Before the scale is made, so that an input that does not fit leaves none of a wrong size.
      const normal = layerNorm(x, this.options);
      const { axes = -1 } = this.options;
      const folded = [axes].flat().map((axis) => (axis < 0 ? axis + x.rank : axis));
      const shape = x.shape.map((size, axis) => (folded.includes(axis) ? size : 1)).slice(Math.min(...folded));
      const { scale, shift } = affineOf(this, shape, x.shape);
      return add(multiply(normal, scale), shift);
    });
  }
}
