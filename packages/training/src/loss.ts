import {
  checkOptions,
  oneOf,
  ShapeError,
  showShape,
  ValueError,
  type OptionCheck,
  type OptionChecks,
} from "@convlens/backend";
import {
  broadcastTo,
  divide,
  equal,
  maximum,
  multiply,
  reshape,
  sum,
  Tensor,
  tensor,
  where,
  within,
} from "@convlens/tensor";
import type { Metrics } from "./metric.ts";

/** Sum of the losses of a batch, and sum of the weights that count in it: scalars. Their quotient is the mean. */
export interface LossParts {
  readonly sum: Tensor;
  readonly weight: Tensor;
}

/**
 * Loss of the outputs of a model: a scalar, usually the mean over the batch. Any such function is a loss. The losses of this
 * package also have `parts`, so that weights of examples count, and means over an epoch or over accumulated batches are exact.
 */
export interface Loss<Output = Tensor, Target = Tensor> {
  (outputs: Output, targets: Target): Tensor;
  /**
   * Sum of the losses, and of their weights.
   *
   * @param weights - Weights of the examples, `[n]`.
   */
  readonly parts?: (outputs: Output, targets: Target, weights: Tensor | undefined) => LossParts;
  /** Metrics that suit the loss, used where none are chosen. */
  readonly metrics?: Metrics<Output, Target>;
}

/** Option of all losses of this package. */
export interface ReductionOption {
  /** The mean of all losses, their sum, or each of them. Default: `"mean"`. */
  readonly reduction?: "mean" | "sum" | "none" | undefined;
}

/** A loss with options: `loss(outputs, targets, options)` is its value, `loss(options)` another loss. */
export interface LossWithOptions<Options extends ReductionOption, Output = Tensor, Target = Tensor> extends Loss<
  Output,
  Target
> {
  (outputs: Output, targets: Target, options: Options): Tensor;
  (options: Options): Loss<Output, Target>;
}

/** Losses of each element before they are summed. */
export interface EachLoss {
  /** Losses, the first axis of which counts the examples. */
  readonly each: Tensor;
  /** What each counts in the mean, in the same shape. Default: 1. */
  readonly weights?: Tensor | undefined;
}

/**
 * Makes a loss with options from its losses of each element.
 *
 * @param name - For messages.
 * @param checks - Of the options beside `reduction`.
 * @param each - Records the losses.
 * @param metricsOf - Metrics that suit the loss with these options.
 *
 * @example
 * ```ts
 * // e^(rate · |difference|) − 1
 * const exponentialLoss = defineLoss<{ readonly rate?: number; readonly reduction?: "mean" }>(
 *   "exponentialLoss",
 *   { rate: numberFrom(0) },
 *   (outputs, targets, { rate = 1 }) => ({
 *     each: subtract(exp(multiply(absolute(subtract(outputs, targets)), rate)), 1),
 *   }),
 * );
 * exponentialLoss(tensor([1, 2]), tensor([1, 4]), { rate: 0.5 }); // (0 + 1.7183) / 2
 * ```
 */
export function defineLoss<Options extends ReductionOption, Output = Tensor, Target = Tensor>(
  name: string,
  checks: OptionChecks<Omit<Options, "reduction">>,
  each: (outputs: Output, targets: Target, options: Options) => EachLoss,
  metricsOf?: (options: Options) => Metrics<Output, Target> | undefined,
): LossWithOptions<Options, Output, Target> {
  const all = { ...checks, reduction: oneOf("mean", "sum", "none") } as unknown as OptionChecks<Options>;
  const value = (outputs: Output, targets: Target, options: Options): Tensor => {
    const found = each(outputs, targets, options);
    if (options.reduction === "none") return found.each;
    const parts = reduced(found, undefined);
    return options.reduction === "sum" ? parts.sum : meanOfParts(parts);
  };
  const withOptions = (options: Options): Loss<Output, Target> => {
    checkOptions(name, options, all);
    const parts = (outputs: Output, targets: Target, weights: Tensor | undefined): LossParts => {
      if (options.reduction === "none")
        throw new ValueError({
          operation: name,
          what: "reduction",
          expected: '"mean" or "sum" in training',
          got: "none",
        });
      const { sum: total, weight } = reduced(each(outputs, targets, options), weights);
      return { sum: total, weight: options.reduction === "sum" ? tensor(1) : weight };
    };
    const metrics = metricsOf?.(options);
    return Object.assign((outputs: Output, targets: Target) => value(outputs, targets, options), {
      parts,
      ...(metrics && { metrics }),
    });
  };
  const plain = withOptions({} as Options);
  const loss = (...args: [Options] | [Output, Target, Options?]): Tensor | Loss<Output, Target> => {
    const [outputs, targets, options = {} as Options] = args as [Output, Target, Options?];
    if (!(outputs instanceof Tensor) && args.length === 1) return withOptions(args[0]);
    checkOptions(name, options, all);
    return value(outputs, targets, options);
  };
  return Object.assign(loss, { parts: plain.parts, metrics: plain.metrics }) as unknown as LossWithOptions<
    Options,
    Output,
    Target
  >;
}

/** Sums losses with the weights of the examples. */
function reduced({ each, weights: own }: EachLoss, weights: Tensor | undefined): LossParts {
  if (weights === undefined) return { sum: sum(each), weight: own === undefined ? tensor(each.size) : sum(own) };
  const perElement = broadcastTo(reshape(weights, [weights.size, ...each.shape.slice(1).map(() => 1)]), each.shape);
  // A product with 0 is replaced by 0, since 0 · ∞ is NaN.
  const weighted = where(equal(perElement, 0), 0, multiply(each, perElement));
  return { sum: sum(weighted), weight: sum(own === undefined ? perElement : multiply(own, perElement)) };
}

/** Mean of a loss. It is 0, with gradients of 0, where nothing counts, as in an image whose labels are all ignored. */
const meanOfParts = ({ sum: total, weight }: LossParts): Tensor =>
  divide(total, weight.isKnown ? weight : maximum(weight, 1e-12));

/** A recorded loss: its mean over the batch, its sum, and the weight of the sum. */
export interface RecordedLoss extends LossParts {
  readonly mean: Tensor;
}

/**
 * Records a loss.
 *
 * @param size - Number of examples.
 * @throws `ShapeError` for a loss that is not a scalar; `ValueError` for weights of examples where the loss does not take them.
 */
export function recordLoss<Output, Target>(
  loss: Loss<Output, Target>,
  outputs: Output,
  targets: Target,
  weights: Tensor | undefined,
  size: number,
): RecordedLoss {
  return within({ path: "loss", direction: "forward" }, () => {
    if (loss.parts !== undefined) {
      const parts = loss.parts(outputs, targets, weights);
      return { ...parts, mean: meanOfParts(parts) };
    }
    if (weights !== undefined)
      throw new ValueError({
        operation: "loss",
        problem: "the examples have weights, and the loss does not take them",
        fix: "use a loss of this package, or give yours a property parts: (outputs, targets, weights) => ({ sum, weight })",
      });
    const mean: unknown = loss(outputs, targets);
    if (mean instanceof Tensor && mean.rank === 0) return { mean, sum: multiply(mean, size), weight: tensor(size) };
    throw new ShapeError({
      operation: "loss",
      expected: "a scalar tensor, such as mean(…) over the batch",
      got: mean,
      gotWords: mean instanceof Tensor ? showShape(mean.shape) : undefined,
    });
  });
}

/** Accepts losses. */
export const lossOption: OptionCheck = (value) => (typeof value === "function" ? undefined : "a function");
