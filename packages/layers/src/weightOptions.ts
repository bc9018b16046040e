import type { Shape } from "@convlens/backend";
import type { Variable } from "@convlens/tensor";
import { heNormal, zerosInitializer, type Fans, type Initializer } from "./initializers.ts";
import { parameter } from "./parameter.ts";

/** Options of the weights of a layer. */
export interface WeightOptions {
  /** Whether a bias is added to each output. Default: true. */
  readonly bias?: boolean | undefined;
  /** First values of the filters or weights. Default: {@link heNormal}. */
  readonly initializer?: Initializer | undefined;
  /** First values of the bias. Default: zeros. */
  readonly biasInitializer?: Initializer | undefined;
}

/** Makes the weights of a layer, and its bias unless the options exclude it. */
export const makeWeights = (
  { bias = true, initializer = heNormal, biasInitializer = zerosInitializer }: WeightOptions,
  name: string,
  shape: Shape,
  biasShape: Shape,
  fans: Fans,
): { readonly weights: Variable; readonly bias: Variable | undefined } => ({
  weights: parameter(name, shape, initializer, fans),
  bias: bias ? parameter("bias", biasShape, biasInitializer, fans) : undefined,
});
