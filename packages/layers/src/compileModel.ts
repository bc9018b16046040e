import { compile, type Compiled, type CompileOptions, type Parameter, type Results } from "@convlens/tensor";
import { fingerprintOf, isUnchanged, type Fingerprint } from "./fingerprint.ts";

/**
 * Compiles a function that uses a model, like `compile`, and records it again at the next call after the model has changed: a
 * layer, a variable, an option or any other field, element or entry that can be reached from the model. Changes in closures
 * and private fields (`#inner`) are not seen.
 *
 * @example
 * ```ts
 * const classes = compileModel(model, (x: Tensor) => argmax(apply(model, x)));
 * model.head = new Dense({ units: 3 });
 * await classes(images); // with the new head
 * ```
 */
export function compileModel<P extends readonly Parameter[], R extends Results>(
  model: object,
  fn: (...args: P) => R,
  options: CompileOptions = {},
): Compiled<P, R> {
  let recorded: Fingerprint | undefined;
  return compile(
    (...args: P): R => {
      const result = fn(...args);
      // Afterwards, as layers make their variables while they are recorded.
      recorded = fingerprintOf(model);
      return result;
    },
    { ...options, isOutdated: () => recorded !== undefined && !isUnchanged(recorded) },
  );
}
