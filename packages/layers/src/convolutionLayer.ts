import type { OptionChecks, Pair, Shape } from "@convlens/backend";
import { add, type Tensor, type Variable } from "@convlens/tensor";
import { PrintedLayer } from "./formatModel.ts";
import type { Fans } from "./initializers.ts";
import { run, type Layer, type Mode } from "./layer.ts";
import { checkLayerOptions } from "./optionChecks.ts";
import { makeWeights, type WeightOptions } from "./weightOptions.ts";

/** Options that layers with filters share. */
export interface ConvolutionOptions extends WeightOptions {
  /** Channels of the input. If they are given, the filters are made at once and not at the first call. */
  readonly inChannels?: number | undefined;
}

/** What filters look like for an input. */
export interface FilterShapes {
  readonly filters: Shape;
  readonly bias: Shape;
  readonly fans: Fans;
}

/** A pair as two numbers. */
export const both = (pair: Pair): readonly [number, number] => (typeof pair === "number" ? [pair, pair] : pair);

/** What all layers with filters share: they make their filters once the channels of the input are known, and add a bias. */
export abstract class ConvolutionLayer<O extends ConvolutionOptions> extends PrintedLayer implements Layer {
  /** The filters, once the channels of the input are known. */
  filters: Variable | undefined;
  /** One number for each filter, unless `bias` is false. */
  bias: Variable | undefined;
  readonly options: O;

  /**
   * @param type - Name of the class, for errors.
   * @param required - Options that must be given.
   */
  constructor(type: string, options: O, checks: OptionChecks<O>, required: readonly (keyof O & string)[]) {
    super();
    checkLayerOptions(type, options, checks, required);
    this.options = options;
    if (options.inChannels !== undefined) Object.assign(this, this.#make([options.inChannels]));
  }

  /** Returns the shapes of filters and bias. Of `input`, the shape of a batch, only the channels may be known. */
  protected abstract shapes(input: Shape): FilterShapes;
  /** Applies the filters, without the bias. */
  protected abstract apply(x: Tensor, filters: Variable): Tensor;

  #make(input: Shape): { readonly filters: Variable; readonly bias: Variable | undefined } {
    const shapes = this.shapes(input);
    const { weights, bias } = makeWeights(this.options, "filters", shapes.filters, shapes.bias, shapes.fans);
    return { filters: weights, bias };
  }

  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => {
      const { filters, bias } = this.filters === undefined ? this.#make(x.shape) : { ...this, filters: this.filters };
      const y = this.apply(x, filters);
      // Only now, so that an input that does not fit leaves no filters of a wrong shape.
      this.filters = filters;
      this.bias = bias;
      return bias === undefined ? y : add(y, bias);
    });
  }
}
