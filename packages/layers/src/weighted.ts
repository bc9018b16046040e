import { ValueError, type Shape } from "@convlens/backend";
import { add, type Tensor, type Variable } from "@convlens/tensor";
import { heNormal, zerosInitializer, type Fans, type Initializer } from "./initializers.ts";
import { parameter } from "./parameter.ts";

/** How the weights of a layer begin. */
export interface WeightOptions {
  /** Whether a bias is added to each output. Default: true. */
  readonly bias?: boolean;
  /** First values of the filters or weights. Default: {@link heNormal}. */
  readonly initializer?: Initializer;
  /** First values of the bias. Default: zeros. */
  readonly biasInitializer?: Initializer;
}

/** Filters, and what is added to their outputs. */
export interface Filtering {
  readonly filters: Variable;
  readonly bias: Variable | undefined;
}

/** First filters and bias of a layer. */
export const beginFilters = (
  shape: Shape,
  biasShape: Shape,
  fans: Fans,
  { bias = true, initializer = heNormal, biasInitializer = zerosInitializer }: WeightOptions,
): Filtering => ({
  filters: parameter("filters", shape, initializer, fans),
  bias: bias ? parameter("bias", biasShape, biasInitializer, fans) : undefined,
});

/**
 * What a layer's filters make, and the bias added. Fresh ones stay with the layer only once they were used: what does not fit
 * is refused by `use`, before filters of the wrong shape would stay.
 */
export function filtered(
  layer: { filters: Variable | undefined; bias: Variable | undefined },
  begin: () => Filtering,
  use: (filters: Variable) => Tensor,
): Tensor {
  const { filters, bias } = layer.filters === undefined ? begin() : { filters: layer.filters, bias: layer.bias };
  const y = use(filters);
  Object.assign(layer, { filters, bias });
  return bias === undefined ? y : add(y, bias);
}

/** Refuses an option that counts something and is not a whole number of at least 1. */
export function checkCount(layer: string, option: string, value: number): void {
  if (Number.isInteger(value) && value >= 1) return;
  const fix = `new ${layer}({ ${option}: 8, … })`;
  throw new ValueError(`${layer}: ${option} must be a whole number of at least 1, got ${value}; for example ${fix}`, {
    operation: layer,
    expected: "a whole number of at least 1",
    got: value,
    fix,
  });
}
