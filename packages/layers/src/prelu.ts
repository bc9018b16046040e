import { booleanOption, checkOptions, ShapeError } from "@convlens/backend";
import { finiteOption, greater, multiply, where, type Tensor, type Variable } from "@convlens/tensor";
import { PrintedLayer } from "./formatModel.ts";
import { constant } from "./initializers.ts";
import { run, type Layer, type Mode } from "./layer.ts";
import { parameter } from "./parameter.ts";

/** Options of {@link PReLU}. */
export interface PReLUOptions {
  /** Whether all channels have one slope, and not one each. Default: false. */
  readonly shared?: boolean;
  /** First value of the slopes. Default: 0.25. */
  readonly initial?: number;
}

/**
 * Parametric ReLU: x, or slope · x where x is negative, with learned slopes (He 2015). `[n, …, c] → [n, …, c]`
 *
 * @throws `ShapeError` for other channels than at the first call.
 *
 * @example
 * ```ts
 * sequential([new Conv2d({ filters: 8, kernelSize: 3 }), new PReLU()]);
 * ```
 */
export class PReLU extends PrintedLayer implements Layer {
  /** `[c]`, or `[1]` for a shared slope. */
  negativeSlope: Variable | undefined;
  readonly options: PReLUOptions;

  constructor(options: PReLUOptions = {}) {
    super();
    checkOptions("PReLU", options, { shared: booleanOption, initial: finiteOption });
    this.options = options;
  }

  call(x: Tensor, mode?: Mode): Tensor {
    return run(this, x, mode, () => {
      const { shared = false, initial = 0.25 } = this.options;
      const count = shared ? 1 : (x.shape.at(-1) ?? 1);
      this.negativeSlope ??= parameter("negativeSlope", [count], constant(initial));
      if (this.negativeSlope.size !== count)
        throw new ShapeError({
          expected: `${this.negativeSlope.size} channels, as at the first call`,
          got: x.shape,
        });
      return multiply(x, where(greater(x, 0), 1, this.negativeSlope));
    });
  }
}
