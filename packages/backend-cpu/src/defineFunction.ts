import type { Arguments, FunctionWriter } from "./assembler/function.ts";
import type { Pointer } from "./assembler/expression.ts";

/**
 * A function whose code is generated for a record of parameters: plain data, as JSON has it. The code depends on these and on the
 * machine only, so they are its key in the cache of compiled functions. Functions are therefore defined at the top level of a
 * module, where their bodies have nothing else to refer to.
 */
export interface FunctionDefinition<P> {
  /** Shown by profilers. No two definitions have the same name. */
  readonly name: string;
  /** Names of the arguments, which are addresses and counts. */
  argumentsOf(parameters: P): readonly string[];
  /** Writes the body. */
  write(f: FunctionWriter, parameters: P, ...args: Pointer[]): void;
  /** About how many elements or products a call computes: other threads are woken only for many. */
  work(parameters: P): number;
}

/** Defines a function. `args` are the names of its arguments, which may depend on the parameters. */
export function defineFunction<P, const Names extends readonly string[]>({
  name,
  args,
  write,
  work = () => 0,
}: {
  readonly name: string;
  readonly args: Names | ((parameters: P) => Names);
  readonly write: (f: FunctionWriter, parameters: P, ...args: Arguments<Names>) => void;
  readonly work?: (parameters: P) => number;
}): FunctionDefinition<P> {
  return {
    name,
    argumentsOf: typeof args === "function" ? args : () => args,
    write: write as FunctionDefinition<P>["write"],
    work,
  };
}

/** Words that kernels read from the memory, computed from a record of parameters, which is their key in a cache. */
export interface TableDefinition<P> {
  /** No two definitions have the same name. */
  readonly name: string;
  readonly words: (parameters: P) => Int32Array;
}

/** The key of a definition with some parameters. */
export const keyOf = <P>({ name }: { readonly name: string }, parameters: P): string =>
  `${name} ${JSON.stringify(parameters, exactly)}`;

/** JSON has no −0, infinity or NaN, and would leave functions out. */
function exactly(key: string, value: unknown): unknown {
  if (typeof value === "function" || ArrayBuffer.isView(value))
    throw new Error(`the parameter ${key} is not plain data`);
  const isExact = typeof value !== "number" || (Number.isFinite(value) && !Object.is(value, -0));
  return isExact ? value : `number ${Object.is(value, -0) ? "−0" : value}`;
}
