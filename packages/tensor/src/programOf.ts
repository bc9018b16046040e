import { anyOption, checkOptions, type Backend, type Program } from "@convlens/backend";
import { assemble } from "./assemble.ts";
import { recordFunction, type Parameter, type Results } from "./recordFunction.ts";
import { currentBackend } from "./session.ts";

/** Options of {@link programOf}. */
export interface ProgramOptions {
  /** Whose program: backends differ in what they compute whole and what they join. Default: that of `useBackend`. */
  readonly backend?: Pick<Backend, "supports"> | undefined;
}

/**
 * The program that `compile` would run for arguments of these shapes: to be counted, drawn or planned. Nothing is computed, no
 * memory is taken, and what the function assigns stays as it is. The last feed is the seed of random numbers.
 *
 * @example
 * ```ts
 * const { instructions } = programOf((a: Tensor) => relu(add(a, 1)), [x]);
 * instructions.map(({ operation }) => operation); // add, relu
 * ```
 */
export function programOf<P extends readonly Parameter[], R extends Results>(
  fn: (...args: P) => R,
  args: P,
  options: ProgramOptions = {},
): Program {
  checkOptions("programOf", options, { backend: anyOption });
  const { backend = currentBackend() } = options;
  // Nothing else of it is asked while a program is written.
  return assemble(recordFunction(fn, args), backend as Backend);
}
