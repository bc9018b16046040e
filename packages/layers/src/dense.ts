import { anyOption, type Shape, ShapeError, showShape } from "@convlens/backend";
import { add, matmul, type Tensor, type Variable } from "@convlens/tensor";
import { heNormal, zerosInitializer } from "./initializers.ts";
import { run, type Layer, type Mode } from "./layer.ts";
import { checkFilters, countOption, weightChecks } from "./optionChecks.ts";
import { parameter } from "./parameter.ts";
import type { WeightOptions } from "./weighted.ts";

/** What a {@link Dense} is made of. */
export interface DenseOptions extends WeightOptions {
  /** How many neurons. */
  readonly units: number;
  /** Size of the input, if the weights are to be made at once and not at the first call. */
  readonly inputs?: number;
}

/**
 * A fully connected layer, x · weights + bias: every neuron sees every number of the layer before. `[n, c] → [n, units]`; put
 * a {@link Flatten} before it where there are maps.
 *
 * @example
 * ```ts
 * sequential([new Flatten(), new Dense({ units: 120 }), new Relu(), new Dense({ units: 10 })]);
 * ```
 */
export class Dense implements Layer {
  /** `[c, units]`, once the size of the input is known. */
  weights: Variable | undefined;
  /** `[units]` */
  bias: Variable | undefined;
  readonly options: DenseOptions;

  constructor(options: DenseOptions) {
    checkFilters("Dense", options, { units: anyOption, inputs: countOption, ...weightChecks }, "units");
    this.options = options;
    if (options.inputs !== undefined) this.#begin(options.inputs);
  }

  #begin(inputs: number): Variable {
    const { units, bias = true, initializer = heNormal, biasInitializer = zerosInitializer } = this.options;
    const fans = { in: inputs, out: units };
    if (bias) this.bias = parameter("bias", [units], biasInitializer, fans);
    return (this.weights = parameter("weights", [inputs, units], initializer, fans));
  }

  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => {
      const expected = this.weights?.shape[0];
      if (x.rank !== 2 || (expected ?? x.shape[1]) !== x.shape[1]) throw doesNotFit(x.shape, expected);
      const y = matmul(x, this.weights ?? this.#begin(x.shape[1]!));
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
        : "a layer keeps the input size of its first call: make a new one, or give examples of that size";
  const expected = inputs === undefined ? "[batch, inputs]" : `[batch, inputs ${inputs}]`;
  return new ShapeError(`dense: expected ${expected}, got ${showShape(input)}; ${fix}`, {
    operation: "dense",
    axis: input.length === 2 ? "inputs" : "rank",
    expected,
    got: input,
    fix,
  });
}
