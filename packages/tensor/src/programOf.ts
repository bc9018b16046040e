import { anyOption, checkOptions, type Backend, type Program } from "@convlens/backend";
import { assemble } from "./assemble.ts";
import { recordFunction, type Parameter, type Results } from "./recordFunction.ts";
import { currentBackend } from "./session.ts";

/** Options of {@link programOf}. */
export interface ProgramOptions {
  /** Backend of the program; backends differ in the composites and fusions that they support. Default: that of `useBackend`. */
  readonly backend?: Pick<Backend, "supports"> | undefined;
}

/**
 * Makes the program that `compile` would run for arguments of these shapes, to count, draw or plan it. Nothing is computed, no
 * memory is allocated, and no variable changes. The last feed is the seed of random numbers.
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
  // A program is made with nothing but these.
  return assemble(recordFunction(fn, args), backend as Backend);
}
