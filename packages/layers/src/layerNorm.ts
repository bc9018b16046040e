import { checkOptions, numberFrom, type OptionCheck } from "@convlens/backend";
import { add, layerNorm, multiply, type Tensor, type Variable } from "@convlens/tensor";
import { affineOf } from "./affine.ts";
import { run, type Layer, type Mode } from "./layer.ts";

/** What a {@link LayerNorm} is made of. */
export interface LayerNormLayerOptions {
  /** Added to the variance. Default: 1e-5. */
  readonly epsilon?: number;
  /** Which axes are normalised together. Default: the last. */
  readonly axes?: number | readonly number[];
}

const axesOption: OptionCheck = (value) =>
  [value].flat().length > 0 && [value].flat().every(Number.isInteger) ? undefined : "whole numbers that name axes";

/** Each example brought to mean 0 and variance 1 over some of its axes, then scaled and shifted (Ba 2016). */
export class LayerNorm implements Layer {
  /** The sizes of the normalised axes, 1 for any between them that is not. */
  scale: Variable | undefined;
  /** As `scale`. */
  shift: Variable | undefined;
  readonly options: LayerNormLayerOptions;

  constructor(options: LayerNormLayerOptions = {}) {
    checkOptions("LayerNorm", options, { epsilon: numberFrom(0), axes: axesOption });
    this.options = options;
  }

  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => {
      // What does not fit is refused here, before a scale of the wrong size would stay.
      const normal = layerNorm(x, this.options);
      const { axes = -1 } = this.options;
      const folded = [axes].flat().map((axis) => (axis < 0 ? axis + x.rank : axis));
      const shape = x.shape.map((size, axis) => (folded.includes(axis) ? size : 1)).slice(Math.min(...folded));
      const { scale, shift } = affineOf(this, shape, x.shape);
      return add(multiply(normal, scale), shift);
    });
  }
}
