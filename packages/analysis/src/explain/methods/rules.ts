import { traitsOf, type Traits } from "@convlens/backend";
import {
  add,
  detach,
  divide,
  gradients,
  greater,
  greaterEqual,
  mean,
  multiply,
  relu,
  sorted,
  sqrt,
  subtract,
  variance,
  where,
  type GradientRule,
  type Tensor,
} from "@convlens/tensor";

/** Rule of guided backpropagation: ReLU passes only positive gradients, and only where it was active. */
export const guided: GradientRule = (dy, y) =>
  y.operation === "relu" ? [where(greater(y, 0), relu(dy), 0)] : undefined;

/** Rule of the deconvnet: ReLU passes all positive gradients, whether or not it was active. */
export const deconvolved: GradientRule = (dy, y) => (y.operation === "relu" ? [relu(dy)] : undefined);

const kindOf = (t: Tensor): Traits["kind"] => traitsOf(t.operation).kind;

/** Moves x by `epsilon` away from 0. */
export const stabilized = (x: Tensor, epsilon: number): Tensor => add(x, where(greaterEqual(x, 0), epsilon, -epsilon));

/**
 * Rule of layer-wise relevance propagation with the epsilon rule (Bach et al. 2015), as a modified gradient (Ancona et al. 2018).
 * It propagates R / a instead of the relevance R of a number a. So linear operations keep their gradient, an activation function f
 * multiplies by f(z) / (z + ε), and the relevance of the input is the result times the input.
 *
 * If two factors both depend on x, each gets half; a divisor, and the deviation that a normalization divides by, gets nothing.
 */
export function relevant(y: Tensor, x: Tensor, epsilon: number): GradientRule {
  const carries = new Set([x]);
  for (const t of sorted([y], (each) => each.inputs))
    if (kindOf(t) !== "step" && t.inputs.some((each) => carries.has(each))) carries.add(t);
  return (dy, t) => {
    const [a, b] = t.inputs as readonly [Tensor, Tensor?];
    const isCurve = kindOf(t) === "curve" && (b === undefined || !carries.has(b));
    if (isCurve && a.size === t.size) return [multiply(dy, divide(t, stabilized(a, epsilon)))];
    if (t.operation === "normalize") return [throughScale(dy, a, t.attributes as Parameters<typeof throughScale>[2])];
    if (b === undefined || !carries.has(a) || !carries.has(b)) return undefined;
    if (kindOf(t) === "quotient") return [gradients(t, [a], { seed: dy })[0], null];
    if (kindOf(t) !== "product") return undefined;
    const half = { seed: multiply(dy, 0.5) };
    return a === b ? [gradients(t, [a], half)[0], null] : gradients(t, [a, b], half);
  };
}

/** The gradient of a normalization whose deviation is treated as a constant. */
function throughScale(
  dy: Tensor,
  x: Tensor,
  { axes, epsilon }: { readonly axes: readonly number[]; readonly epsilon: number },
): Tensor {
  const keep = { keepAxes: true };
  const deviation = detach(sqrt(add(variance(x, axes, keep), epsilon)));
  return gradients(divide(subtract(x, mean(x, axes, keep)), deviation), [x], { seed: dy })[0];
}
