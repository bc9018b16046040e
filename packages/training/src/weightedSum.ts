import { checkValue, numberFrom, ShapeError, ValueError } from "@convlens/backend";
import { add, multiply, sum, tensor, tensorsIn, type Tensor, type Tensors } from "@convlens/tensor";
import { lossOption, recordLoss, type Loss, type LossParts, type LossWithOptions } from "./loss.ts";

/** A loss, or a loss and its factor. */
export type WeightedLoss = Loss<never, never> | readonly [loss: Loss<never, never>, factor: number];

/** The loss of a part. */
export type LossIn<P> = P extends readonly [infer L, number] ? L : P;
/** The outputs that a loss takes. */
export type OutputIn<L> =
  L extends LossWithOptions<never> ? Tensor : L extends Loss<infer Output, never> ? Output : never;
/** The targets that a loss takes. */
export type TargetIn<L> =
  L extends LossWithOptions<never> ? Tensor : L extends Loss<never, infer Target> ? Target : never;

/**
 * Weighted sum of losses: of several outputs, each compared with the target of its name; or of several losses of one output.
 *
 * The mean over batches weights each batch by its examples.
 *
 * @param parts - Losses by the names of outputs and targets, or a list of losses. Each may come with a factor: `[loss, 0.5]`.
 * @throws `ValueError` for a part that is not a loss, or a factor below 0.
 *
 * @example
 * ```ts
 * const heads = weightedSum({ label: crossEntropy, box: [huber, 0.5] }); // for outputs and targets { label, box }
 * const smooth = weightedSum([meanSquaredError, [totalVariation, 1e-4]]); // for one output
 * ```
 */
export function weightedSum<const P extends readonly WeightedLoss[]>(
  parts: P,
): Loss<OutputIn<LossIn<P[0]>>, TargetIn<LossIn<P[0]>>>;
export function weightedSum<const P extends Readonly<Record<string, WeightedLoss>>>(
  parts: P,
): Loss<{ readonly [K in keyof P]: OutputIn<LossIn<P[K]>> }, { readonly [K in keyof P]: TargetIn<LossIn<P[K]>> }>;
export function weightedSum(
  parts: readonly WeightedLoss[] | Readonly<Record<string, WeightedLoss>>,
): Loss<never, never> {
  const isList = Array.isArray(parts);
  const all = Object.entries(parts).map(([name, part]: [string, WeightedLoss]) => {
    const [loss, factor] = Array.isArray(part)
      ? (part as [Loss<unknown, unknown>, number])
      : [part as Loss<unknown, unknown>, 1];
    checkValue("weightedSum", `the loss ${name}`, loss, lossOption);
    checkValue("weightedSum", `the factor of ${name}`, factor, numberFrom(0));
    return { name, loss, factor };
  });
  if (all.length === 0) throw new ValueError({ operation: "weightedSum", expected: "at least one loss", got: parts });
  const record = (outputs: unknown, targets: unknown, weights: Tensor | undefined): Tensor =>
    all
      .map(({ name, loss, factor }) => {
        const [x, t] = isList ? [outputs, targets] : [partOf("output", outputs, name), partOf("target", targets, name)];
        return multiply(recordLoss(loss, x, t, weights, sizeOf(outputs)).mean, factor);
      })
      .reduce((a, b) => add(a, b));
  const sums = (outputs: unknown, targets: unknown, weights: Tensor | undefined): LossParts => {
    const weight = weights === undefined ? tensor(sizeOf(outputs)) : sum(weights);
    return { sum: multiply(record(outputs, targets, weights), weight), weight };
  };
  return Object.assign((outputs: unknown, targets: unknown) => record(outputs, targets, undefined), { parts: sums });
}

const sizeOf = (outputs: unknown): number => tensorsIn(outputs as Tensors)[0]?.shape[0] ?? 1;

/** The output or target of a name. */
function partOf(what: "output" | "target", all: unknown, name: string): unknown {
  const found = (all ?? {}) as Readonly<Record<string, unknown>>;
  if (Object.hasOwn(found, name)) return found[name];
  const names = Object.keys(found).join(", ");
  throw new ShapeError({
    operation: "weightedSum",
    problem: `there is no ${what} "${name}"; the ${what}s are ${names === "" || "shape" in found ? "one tensor" : names}`,
  });
}
