import { ShapeError, showShape } from "@convlens/backend";
import { add, matmul, type Tensor, type Variable } from "@convlens/tensor";
import type { WeightOptions } from "./conv2d.ts";
import { heNormal, zerosInitializer } from "./initializers.ts";
import { run, type Layer, type Mode } from "./layer.ts";
import { parameter } from "./parameter.ts";

/** What a {@link Dense} is made of. */
export interface DenseOptions extends WeightOptions {
  /** How many neurons. */
  readonly units: number;
}

/**
 * A fully connected layer: every neuron sees every number of the layer before. `[n, c] → [n, units]`; put a {@link Flatten}
 * before it where there are maps.
 */
export class Dense implements Layer {
  /** `[c, units]` */
  weights: Variable | undefined;
  /** `[units]` */
  bias: Variable | undefined;
  readonly options: DenseOptions;

  constructor(options: DenseOptions) {
    this.options = options;
  }

  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, mode, () => {
      const { units, bias = true, initializer = heNormal, biasInitializer = zerosInitializer } = this.options;
      const inputs = this.weights?.shape[0] ?? x.shape[1] ?? 0;
      if (x.rank !== 2 || x.shape[1] !== inputs) throw doesNotFit(x, inputs, this.weights !== undefined);
      const fans = { in: inputs, out: units };
      this.weights ??= parameter("weights", [inputs, units], initializer, fans);
      const y = matmul(x, this.weights);
      if (!bias) return y;
      this.bias ??= parameter("bias", [units], biasInitializer, fans);
      return add(y, this.bias);
    });
  }
}

function doesNotFit(x: Tensor, inputs: number, known: boolean): ShapeError {
  const fix = x.rank > 2 ? "; put a Flatten before it" : x.rank === 1 ? `; one example needs a batch axis of 1: reshape(x, ${showShape([1, ...x.shape])})` : "";
  return new ShapeError(`expected [batch, ${known ? `inputs ${inputs}` : "inputs"}], got ${showShape(x.shape)}${fix}`, {
    operation: "dense",
    axis: x.rank === 2 ? "inputs" : "rank",
    expected: known ? inputs : "[batch, inputs]",
    got: x.shape,
    ...(fix && { fix: fix.slice(2) }),
  });
}
