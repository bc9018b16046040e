import { ShapeError, showShape, type Shape } from "@convlens/backend";
import { add, matmul, countOption, type Tensor, type Variable } from "@convlens/tensor";
import { PrintedLayer } from "./formatModel.ts";
import { run, type Layer, type Mode } from "./layer.ts";
import { checkLayerOptions, weightChecks } from "./optionChecks.ts";
import { makeWeights, type WeightOptions } from "./weightOptions.ts";

/** Options of {@link Dense}. */
export interface DenseOptions extends WeightOptions {
  /** Number of neurons. */
  readonly units: number;
  /** Size of the input. If it is given, the weights are made at once and not at the first call. */
  readonly inputs?: number;
}

/**
 * A fully connected layer, x · weights + bias: every neuron sees every number of the layer before. `[n, c] → [n, units]`;
 * activation maps need a {@link Flatten} before it.
 *
 * @example
 * ```ts
 * sequential([new Flatten(), new Dense({ units: 120 }), new ReLU(), new Dense({ units: 10 })]);
 * ```
 */
export class Dense extends PrintedLayer implements Layer {
  /** `[c, units]`, once the size of the input is known. */
  weights: Variable | undefined;
  /** `[units]` */
  bias: Variable | undefined;
  readonly options: DenseOptions;

  constructor(options: DenseOptions) {
    super();
    checkLayerOptions("Dense", options, { units: countOption, inputs: countOption, ...weightChecks }, ["units"]);
    this.options = options;
    if (options.inputs !== undefined) this.#make(options.inputs);
  }

  #make(inputs: number): Variable {
    const { units } = this.options;
    const { weights, bias } = makeWeights(this.options, "weights", [inputs, units], [units], {
      in: inputs,
      out: units,
    });
    this.bias = bias;
    return (this.weights = weights);
  }

  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => {
      const expected = this.weights?.shape[0];
      if (x.rank !== 2 || (expected ?? x.shape[1]) !== x.shape[1]) throw doesNotFit(x.shape, expected);
      const y = matmul(x, this.weights ?? this.#make(x.shape[1]!));
      return this.bias === undefined ? y : add(y, this.bias);
    });
  }
}

function doesNotFit(input: Shape, inputs: number | undefined): ShapeError {
  const fix =
    input.length > 2
      ? "put a Flatten before it"
      : input.length === 1
        ? `one example needs a batch axis of 1: reshape(x, ${showShape([1, ...input])})`
        : "a layer keeps the input size of its first call: make a new layer, or give examples of that size";
  const expected = inputs === undefined ? "[batch, inputs]" : `[batch, inputs ${inputs}]`;
  return new ShapeError({ operation: "dense", expected, got: input, fix });
}
