/**
 * Operations as methods of tensors: `x.mul(2).add(1)`.
 *
 * @module
 */
import * as methods from "./methodTable.ts";
import { Tensor } from "./tensor.ts";

/** A function of a tensor and further arguments, as a method of the tensor. */
export type Method<F> = F extends (x: never, ...rest: infer R) => infer Y ? (...rest: R) => Y : never;

/** Methods of tensors after {@link useMethods}: each operation whose first operand is a tensor. */
export type TensorMethods = { readonly [Name in keyof typeof methods]: Method<(typeof methods)[Name]> };

declare module "./tensor.ts" {
  // Merged with the class, for programs that import this module.
  // oxlint-disable-next-line typescript/no-empty-object-type
  interface Tensor extends TensorMethods {}
}

/**
 * Gives all tensors the operations as methods, under the names that PyTorch and TensorFlow.js share: `sub`, `mul`, `div`, `pow`,
 * `abs`, `neg`, and otherwise the names of the functions. A program that does not import this module loads nothing of it.
 *
 * @example
 * ```ts
 * import { useMethods } from "@convlens/tensor/methods";
 *
 * useMethods();
 * tensor([1, 2, 3]).mul(2).add(1).sum(); // 15
 * ```
 */
export function useMethods(): void {
  for (const [name, operation] of Object.entries(methods)) {
    const method = operation as (x: Tensor, ...rest: readonly unknown[]) => unknown;
    Object.defineProperty(Tensor.prototype, name, {
      configurable: true,
      writable: true,
      value(this: Tensor, ...rest: readonly unknown[]) {
        return method(this, ...rest);
      },
    });
  }
}
