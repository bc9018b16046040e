import { compile, type Compiled, type CompileOptions, type Parameter, type Results } from "@convlens/tensor";
import { fingerprintOf, isUnchanged, type Fingerprint } from "./fingerprint.ts";

/**
 * Compiles a function that uses a model, as `compile` does, and records it again at the next call once the model has changed:
 * another layer, variable, option or any other field, element or entry that can be reached from the model. What closures and
 * private fields (`#inner`) hold is not seen.
 *
 * @example
 * ```ts
 * const classes = compileModel(model, (x: Tensor) => argmax(apply(model, x)));
 * model.head = new Dense({ units: 3 });
 * await classes(images); // by the new head
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
