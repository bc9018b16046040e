import { checkOptions, numberAbove } from "@convlens/backend";
import { add, clip, divide, maximum, minimum, multiply, sqrt, square, sum, zeros, type Tensor } from "@convlens/tensor";

/** Limits on the gradients of one step. `value` is applied before `norm`. */
export interface ClipOptions {
  /** Clips each element to the range from −value to value. */
  readonly value?: number;
  /** Largest Euclidean norm of all gradients together; longer ones are scaled down to it. */
  readonly norm?: number;
}

/** @throws `ValueError` for a limit that is unknown or not a number above 0. */
export const checkClip = (owner: string, options: ClipOptions): void =>
  checkOptions(owner, options, { value: numberAbove(0), norm: numberAbove(0) });

/** Euclidean norm of all tensors together, as if they were one vector. */
export const lengthOf = (tensors: readonly Tensor[]): Tensor =>
  sqrt(tensors.map((t) => sum(square(t))).reduce((a, b) => add(a, b), zeros([])));

/** Gradients within limits. `norm` is the norm of all of them. */
export function limited(all: readonly Tensor[], norm: Tensor, limits: ClipOptions): readonly Tensor[] {
  const { value, norm: longest } = limits;
  const held = value === undefined ? all : all.map((gradient) => clip(gradient, -value, value));
  if (longest === undefined) return held;
  const length = value === undefined ? norm : lengthOf(held);
  const factor = minimum(1, divide(longest, maximum(length, 1e-12)));
  return held.map((gradient) => multiply(gradient, factor));
}
